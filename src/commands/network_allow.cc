#include <algorithm>

#include "containers.hh"
#include "joining.hh"
#include "network_actions.hh"
#include "networking.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/config/spec.hh"
#include "snug/plan/network.hh"
#include "snug/state/names.hh"
#include "values.hh"

namespace snug::commands {
namespace {

using Rules = std::vector<std::string>;

Rules with(Rules rules, const Rules& more) {
  for (const std::string& rule : more)
    if (std::find(rules.begin(), rules.end(), rule) == rules.end()) rules.push_back(rule);
  return rules;
}

Rules without(const std::optional<Rules>& rules, const Rules& less, const state::Record& record) {
  if (!rules) throw Error(format("the container {} may send to everything: there is no rule to take back", quoted(record.name)), format("snug network allow {} RULE closes the rest", shell_quoted(record.name)));
  Rules left = *rules;
  for (const std::string& rule : less)
    if (std::erase(left, rule) == 0) throw Error(format("the container {} has no rule {}", quoted(record.name), quoted(rule)), left.empty() ? "it has none" : format("it has {}", join(left, " ")));
  return left;
}

Rules typed_rules(const cli::Invocation& invocation) {
  Rules rules;
  for (std::size_t at = 2; at < invocation.arguments.operands.size(); ++at) rules.push_back(parse_allow(invocation.arguments.operands[at]));
  return rules;
}

// Whoever shares the network, or has rights over it, and could take the wall away.
void check_guests(const std::string& store, const state::Record& owner, const plan::Spec& spec) {
  const auto held = state::read_state(store, owner.id).namespaces;
  const auto user = std::find_if(held.begin(), held.end(), [](const auto& each) { return each.kind == "user"; });
  for (const state::Record& guest : user == held.end() ? std::vector<state::Record>() : living_in(store, user->inode)) {
    if (guest.id == owner.id) continue;
    plan::Spec other = config::parse_spec(*guest.spec);
    other.network.allow = spec.network.allow;
    if (const auto refusal = plan::check_egress(other)) throw Error(format("the container {} shares this network: {}", quoted(guest.name), refusal->message), refusal->hint);
  }
}

}  // namespace

void change_egress(const std::string& store, const std::string& name, const Rules& rules, bool allow) {
  const sys::Fd turn = state::take_turn(store);
  state::Record record = state::find_record(store, name);
  plan::Spec spec = config::parse_spec(*record.spec);
  check_own_network(record, spec, allow ? "network allow" : "network deny");
  auto& now = spec.network.allow;
  now = allow ? with(now.value_or(Rules()), rules) : without(now, rules, record);
  check_way_out(store, record, spec);
  if (auto refusal = plan::check_egress(spec)) throw Error(refusal->message, refusal->hint);
  check_guests(store, record, spec);
  const plan::OpenGate gate = plan::living_gate_of(spec);
  const std::vector<std::string> words{"allow", join(plan::restriction_of(spec).rules, " "), join(gate.addresses, " "), join(gate.upstream, " ")};
  if (is_up(store, record)) change_living(store, record, words, "rules");
  record.spec = config::render_spec(spec);
  state::write_record(store, record);
}

int network_allow(const cli::Invocation& invocation) {
  change_egress(store_of(invocation.environment), invocation.arguments.operands[1], typed_rules(invocation), true);
  return 0;
}

int network_deny(const cli::Invocation& invocation) {
  change_egress(store_of(invocation.environment), invocation.arguments.operands[1], typed_rules(invocation), false);
  return 0;
}

}  // namespace snug::commands
