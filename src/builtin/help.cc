#include <algorithm>

#include "snug/base/spell.hh"
#include "snug/base/text.hh"
#include "table.hh"
#include "words.hh"

namespace snug::builtin {
namespace {

constexpr std::string_view language =
    "Programs of the image are done by their names, as in any shell, and so are:\n"
    "  'text' \"$text\" \\x  $NAME ${NAME:-WORD} $(COMMAND) $((1 + 2)) $? $$ $! $# $1 \"$@\"  ~  * ? [a-z]\n"
    "  a | b   a && b   a || b   a; b   a &   ! a   ( a )   { a; }   <FILE >FILE >>FILE 2>&1 <<END\n"
    "  if for while until case, and functions: NAME() { ...; }\n"
    "Tab completes; Ctrl-C drops a line, Ctrl-D leaves. 'help NAME' tells how one is called.\n";

void tell_all(Call& call) {
  for (const BuiltinGroup& group : builtin_groups()) {
    std::string line = format("{:<9}", group.title);
    for (const Builtin& each : group.builtins) {
      if (line.size() + 1 + each.name.size() > 79) {
        call.out.line(line);
        line = std::string(9, ' ');
      }
      line += format(" {}", each.name);
    }
    call.out.line(line);
  }
  call.out.put("\n");
  call.out.put(language);
}

}  // namespace

int help(Call& call) {
  if (call.words.size() == 1) return tell_all(call), 0;
  for (std::size_t at = 1; at < call.words.size(); ++at) {
    if (const Builtin* builtin = find_builtin(call.words[at])) {
      call.out.line(format("{}{}{}", builtin->name, builtin->usage.empty() ? "" : " ", builtin->usage));
      call.out.line(format("    {}", builtin->help));
      continue;
    }
    std::vector<std::string> names;
    for (const BuiltinGroup& group : builtin_groups())
      for (const Builtin& each : group.builtins) names.emplace_back(each.name);
    const auto nearest = find_nearest(call.words[at], names);
    call.complain(format("{} is no command of this shell{}", quoted(call.words[at]), nearest ? format("; did you mean {}?", *nearest) : ""));
  }
  return call.status;
}

}  // namespace snug::builtin
