// What a name is, where a command begins.

#include <utility>

#include "runner.hh"
#include "snug/base/text.hh"
#include "words.hh"

namespace snug::builtin {
namespace {

std::string describe_command(const Call& call, const std::string& name) {
  if (const auto found = call.session.aliases.find(name); found != call.session.aliases.end()) return format("an alias for {}", found->second);
  if (call.session.functions.contains(name)) return "a function";
  if (find_builtin(name)) return "a shell builtin";
  if (std::string path = call.runner.find_program(name); !path.empty()) return path;
  return call.session.tools >= 0 ? "left to the tools of --tools" : "";
}

void describe(Call& call, const std::string& name) {
  const std::string kind = describe_command(call, name);
  if (kind.empty()) call.complain(format("{}: not found", printable(name)));
  else call.out.line(call.out.name(format("{} is {}", name, kind)));
}

// As it could be typed.
void tell_command(Call& call, const std::string& name) {
  const std::string kind = describe_command(call, name);
  if (kind.empty()) call.status = 1;
  else if (call.session.aliases.contains(name)) call.out.line(call.out.name(alias_text(name, call.session.aliases.at(name))));
  else call.out.line(call.out.name(kind.starts_with('/') ? kind : name));
}

}  // namespace

std::string alias_text(const std::string& name, const std::string& value) { return format("alias {}={}", name, shell_quoted(value)); }

int tell_type(Call& call) {
  for (std::size_t at = 1; at < call.words.size(); ++at) describe(call, call.words[at]);
  return call.status;
}

// Past functions of the same name.
int do_command(Call& call) {
  const Options options(call, "+vV");
  if (options.operands().empty()) return 0;
  if (!options.has('v') && !options.has('V')) {
    const auto functions = std::exchange(call.session.functions, {});
    const int code = call.runner.run_words(options.operands());
    call.session.functions = functions;
    return code;
  }
  for (const std::string& name : options.operands()) options.has('V') ? describe(call, name) : tell_command(call, name);
  return call.status;
}

// PATH is searched each time anew: there is nothing to list, and nothing to forget.
int look_up(Call& call) {
  const Options options(call, "r");
  for (const std::string& name : options.operands())
    if (!find_builtin(name) && call.runner.find_program(name).empty()) call.complain(format("{}: not found", printable(name)));
  return call.status;
}

}  // namespace snug::builtin
