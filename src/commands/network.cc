#include <algorithm>
#include <array>
#include <cstdint>

#include "commands.hh"
#include "network_actions.hh"
#include "snug/base/error.hh"
#include "snug/base/spell.hh"
#include "snug/base/text.hh"

namespace snug::commands {
namespace {

constexpr std::array options{
    cli::Option{.name = "alias", .argument = "NAME", .help = "connect: let the others find the container by this name as well", .repeatable = true, .completer = {cli::Complete::free}},
    cli::Option{.name = "driver", .letter = 'd', .argument = "DRIVER", .help = "create: bridge, which is all there is", .hidden = true},
    cli::Option{.name = "filter", .argument = "KEY=VALUE", .help = "ls, prune: only those: name, label", .repeatable = true, .completer = {cli::Complete::words, "name= label="}},
    cli::Option{.name = "follow", .help = "denied: go on until the container ends"},
    cli::Option{.name = "force", .letter = 'f', .help = "rm: take it from the containers that have it; prune: do not ask; denied: as --follow"},
    cli::Option{.name = "format", .argument = "PATTERN", .help = "ls, inspect: print 'json', or a pattern such as '{{.Name}} {{.Subnet}}'"},
    cli::Option{.name = "gateway", .argument = "ADDRESS", .help = "create: there is none", .hidden = true},
    cli::Option{.name = "internal", .help = "create: one that brings its containers no way out"},
    cli::Option{.name = "ip", .argument = "ADDRESS", .help = "connect: have this IPv4 address there"},
    cli::Option{.name = "ipv6", .help = "create: addresses of IPv6 as well, as by default"},
    cli::Option{.name = "json", .help = "ls, denied: print a JSON array; denied -f an object a line"},
    cli::Option{.name = "label", .letter = 'l', .argument = "NAME[=VALUE]", .help = "create: give the network a label", .repeatable = true, .completer = {cli::Complete::free}},
    cli::Option{.name = "quiet", .letter = 'q', .help = "ls: print names alone"},
    cli::Option{.name = "subnet", .argument = "ADDRESS/PREFIX", .help = "create: have these addresses, of IPv4; and of IPv6 where it is given twice", .repeatable = true},
};

struct Action {
  std::string_view name;
  std::size_t least, most;     ///< how many operands it takes
  std::string_view operands;
  std::string_view options;    ///< that are for it, with blanks around each
  int (*function)(const cli::Invocation&);
};

constexpr std::array actions{
    Action{"allow", 2, SIZE_MAX, "CONTAINER RULE...", " ", network_allow},
    Action{"connect", 2, 2, "NETWORK CONTAINER", " alias ip ", network_connect},
    Action{"create", 1, 1, "NETWORK", " driver gateway internal ipv6 label subnet ", network_create},
    Action{"denied", 1, 1, "CONTAINER", " follow force json ", network_denied},
    Action{"deny", 2, SIZE_MAX, "CONTAINER RULE...", " ", network_deny},
    Action{"disconnect", 2, 2, "NETWORK CONTAINER", " force ", network_disconnect},
    Action{"inspect", 1, SIZE_MAX, "NETWORK...", " format ", network_inspect},
    Action{"ls", 0, 0, "", " filter format json quiet ", network_list},
    Action{"prune", 0, 0, "", " filter force ", network_prune},
    Action{"rm", 1, SIZE_MAX, "NETWORK...", " force ", network_remove},
};

const Action& find_action(const std::vector<std::string>& operands) {
  constexpr const char* hint = "snug network allow|connect|create|denied|deny|disconnect|inspect|ls|prune|rm";
  if (operands.empty()) throw UsageError("'snug network' needs to know what to do", hint);
  std::string_view word = operands.front();
  if (word == "list") word = "ls";
  if (word == "remove") word = "rm";
  std::vector<std::string> names;
  for (const Action& action : actions) {
    if (action.name == word) return action;
    names.emplace_back(action.name);
  }
  const auto nearest = find_nearest(word, names);
  throw UsageError(format("{} is nothing that 'snug network' does", quoted(word)), nearest ? format("did you mean 'snug network {}'?", *nearest) : hint);
}

int network(const cli::Invocation& invocation) {
  const auto& [given, operands] = invocation.arguments;
  const Action& action = find_action(operands);
  const std::size_t count = operands.size() - 1;
  if (count < action.least || count > action.most)
    throw UsageError(format("'snug network {}' takes {}", action.name, action.operands.empty() ? "nothing more" : action.operands), "snug network --help");
  for (const cli::Given& each : given)
    if (action.options.find(format(" {} ", each.option->name)) == std::string_view::npos)
      throw UsageError(format("--{} is not for 'snug network {}'", each.option->name, action.name), each.option->letter == 'f' && action.options.find(" format ") != std::string_view::npos ? "--format PATTERN has no letter here" : "snug network --help");
  return action.function(invocation);
}

}  // namespace

constinit const cli::Command network_command{
    .name = "network",
    .summary = "make and change networks that containers share, and what one may send to",
    .operands = "ACTION [NETWORK...] [CONTAINER] [RULE...]",
    .description = "create NETWORK                 make one; 'snug run --network NETWORK' joins it\n"
                   "ls                             list them\n"
                   "inspect NETWORK...             print all that is known of them, as JSON\n"
                   "rm NETWORK...                  remove networks that no container has\n"
                   "prune                          remove all such networks\n"
                   "connect NETWORK CONTAINER      join a container to one, also while it runs\n"
                   "disconnect NETWORK CONTAINER   take it out of one\n"
                   "allow CONTAINER RULE...        let it send there, and not to the rest\n"
                   "deny CONTAINER RULE...         take rules back\n"
                   "denied CONTAINER               show what was refused",
    .options = options,
    .max_operands = SIZE_MAX,
    .completer = {cli::Complete::words, "allow connect create denied deny disconnect inspect ls prune rm"},
    .further = cli::Completer{cli::Complete::networks},
    .function = network};

}  // namespace snug::commands
