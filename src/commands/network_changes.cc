#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>

#include "containers.hh"
#include "listing.hh"
#include "network_actions.hh"
#include "network_uses.hh"
#include "shared_networks.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/output.hh"
#include "snug/probe/host.hh"
#include "snug/state/names.hh"
#include "snug/sys/file.hh"
#include "values.hh"

namespace snug::commands {
namespace {

using state::NetworkRecord;

Subnet parse_wanted(const std::string& text) {
  const auto subnet = parse_subnet(text);
  if (!subnet) {
    const std::size_t slash = std::min(text.find('/'), text.size());
    constexpr std::uint64_t most = 128;
    const std::uint64_t prefix = slash < text.size() ? parse_number(text.substr(slash + 1)).value_or(most + 1) : most + 1;
    const auto near = prefix <= most ? find_subnet(text.substr(0, slash), static_cast<unsigned>(prefix)) : std::nullopt;
    throw UsageError(format("--subnet {}: it is no network", printable(text)), near ? format("did you mean {}?", render_subnet(*near)) : "such as 10.89.0.0/24");
  }
  const bool fits = subnet->ipv6 ? subnet->prefix <= 96 : subnet->prefix >= 8 && subnet->prefix <= 29;
  if (!fits) throw UsageError(format("--subnet {}: it is too {}", printable(text), subnet->prefix < 8 ? "wide" : "narrow"), subnet->ipv6 ? "up to a prefix of 96, such as /64" : "from a prefix of 8 to one of 29, such as /24");
  return *subnet;
}

// Networks of this machine, and those of snug's own.
std::vector<Subnet> taken_subnets(const std::string& store) {
  std::vector<Subnet> taken = probe::routed_subnets();
  for (const NetworkRecord& each : state::list_networks(store)) {
    taken.push_back(each.subnet4);
    if (each.subnet6) taken.push_back(*each.subnet6);
  }
  return taken;
}

void check_free(const std::string& store, const Subnet& wanted) {
  for (const NetworkRecord& each : state::list_networks(store))
    if (overlap(each.subnet4, wanted) || (each.subnet6 && overlap(*each.subnet6, wanted)))
      throw Error(format("the network {} has addresses of {} already", quoted(each.name), render_subnet(wanted)), "choose others, or leave --subnet out");
  for (const Subnet& each : probe::routed_subnets())
    if (overlap(each, wanted))
      throw Error(each == wanted ? format("this machine reaches others at {} already", render_subnet(wanted)) : format("this machine reaches others at {}, which lies in {} or around it", render_subnet(each), render_subnet(wanted)),
                  "choose others, or leave --subnet out");
}

Subnet choose_subnet6() {
  std::array<std::uint8_t, 5> random{};
  if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) throw system_error("get random bytes", errno);
  return make_unique_subnet(random);
}

void choose_subnets(NetworkRecord& record, const std::string& store, const cli::Arguments& arguments) {
  std::optional<Subnet> subnet4;
  for (const cli::Given& given : arguments.options) {
    if (given.option->name != "subnet") continue;
    const Subnet wanted = parse_wanted(given.value);
    check_free(store, wanted);
    std::optional<Subnet>& place = wanted.ipv6 ? record.subnet6 : subnet4;
    if (place) throw UsageError("--subnet is given twice for one kind of address");
    place = wanted;
  }
  const bool ipv6 = !arguments.find("ipv6") || arguments.flag("ipv6");
  if (!ipv6 && record.subnet6) throw UsageError("--ipv6=false and a --subnet of IPv6 contradict each other");
  if (ipv6 && !record.subnet6) record.subnet6 = choose_subnet6();
  if (!subnet4) subnet4 = find_free_subnet(taken_subnets(store));
  if (!subnet4) throw Error("all of 10.89.0.0 to 10.255.255.0 is taken, by this machine's routes or other networks", "choose a --subnet");
  record.subnet4 = *subnet4;
}

void remove(const std::string& store, const std::string& name, bool force) {
  static_cast<void>(find_network(store, name));
  const sys::Fd turn = state::take_turn(store);
  const std::vector<Listed> users = users_of(store, name);
  if (!users.empty() && !force)
    throw Error(format("the network {} is in use, by {}", quoted(name), join(names_of(users), ", ")), format("'snug network disconnect' takes them out, and 'snug network rm --force {}' all at once", shell_quoted(name)));
  for (const Listed& each : users) disconnect(store, each.record, name);
  state::drop_network(store, name);
}

void ask(std::size_t count) {
  say(format("This removes {} network{} that no container has. Go on? [y/N] ", count, count == 1 ? "" : "s"));
  char answer = 0;
  if (::read(STDIN_FILENO, &answer, 1) != 1 || (answer != 'y' && answer != 'Y')) throw Error("nothing was removed").with_exit_code(1);
}

}  // namespace

int network_create(const cli::Invocation& invocation) {
  const cli::Arguments& arguments = invocation.arguments;
  if (arguments.find("gateway")) throw UsageError("--gateway: a network of snug's has none", "each of its containers has a way out of its own, but for --internal");
  if (const std::string* driver = arguments.find("driver"); driver && *driver != "bridge") refuse_word("driver", *driver, {"bridge"});
  const std::string store = store_of(invocation.environment);
  NetworkRecord record{.name = parse_network_name(arguments.operands[1]), .created = std::time(nullptr), .subnet4 = {}, .subnet6 = {}, .internal = arguments.flag("internal")};
  for (const cli::Given& given : arguments.options)
    if (given.option->name == "label") record.labels.insert_or_assign(parse_label(given.value).first, parse_label(given.value).second);
  sys::make_folders(state::networks_folder(store));
  const sys::Fd turn = state::take_turn(store);
  if (state::try_find_network(store, record.name)) throw Error(format("there is a network of the name {} already", quoted(record.name)), format("snug network inspect {}", shell_quoted(record.name)));
  choose_subnets(record, store, arguments);
  if (!state::make_network(store, record)) throw Error(format("there is a network of the name {} already", quoted(record.name)));
  print(record.name + "\n");
  return 0;
}

int network_remove(const cli::Invocation& invocation) {
  const std::string store = store_of(invocation.environment);
  int code = 0;
  for (std::size_t at = 1; at < invocation.arguments.operands.size(); ++at) {
    const std::string& name = invocation.arguments.operands[at];
    try {
      remove(store, name, invocation.arguments.flag("force"));
      print(name + "\n");
    } catch (const Error& error) {
      say(render_error(error));
      code = 1;
    }
  }
  return code;
}

int network_prune(const cli::Invocation& invocation) {
  const std::string store = store_of(invocation.environment);
  std::vector<NetworkRecord> unused = state::list_networks(store);
  const auto filters = filters_of(invocation.arguments);
  std::erase_if(unused, [&](const NetworkRecord& each) { return !passes(each, filters) || !users_of(store, each.name).empty(); });
  if (!unused.empty() && !invocation.arguments.flag("force")) ask(unused.size());
  int code = 0;
  for (const NetworkRecord& each : unused) {
    try {
      remove(store, each.name, false);
      print(each.name + "\n");
    } catch (const Error& error) {  // somebody has just taken it
      say(render_error(error));
      code = 1;
    }
  }
  return code;
}

}  // namespace snug::commands
