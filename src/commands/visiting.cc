#include "visiting.hh"

#include <algorithm>
#include <array>

#include "snug/base/text.hh"
#include "snug/commands/output.hh"

namespace snug::commands {

std::string terminal_title(std::string_view type, std::string_view container) {
  // What is no emulator of xterm may show the words in place of taking them.
  constexpr std::array<std::string_view, 9> known{"xterm", "rxvt", "screen", "tmux", "foot", "alacritty", "kitty", "konsole", "gnome"};
  const bool has_title = std::any_of(known.begin(), known.end(), [&](std::string_view name) { return type.starts_with(name); });
  return has_title ? std::string(container) : std::string();
}

std::string terminal_title(const Environment& environment, std::string_view container) {
  return terminal_title(environment.find("TERM").value_or(""), container);
}

int end_visit(const std::variant<runtime::Exited, runtime::Detached>& end, std::string_view name) {
  if (const auto* detached = std::get_if<runtime::Detached>(&end)) {
    if (detached->signal) return 128 + detached->signal;
    say(format("\nsnug: left {}, which goes on\n", quoted(name)));
    return 0;
  }
  return tell_end(std::get<runtime::Exited>(end));
}

int tell_end(const runtime::Exited& exited) {
  if (exited.out_of_memory)
    say(format("snug: the kernel ended {} of the container's processes: out of memory\n  hint:  --memory is what it may take, and 'snug update' changes it\n", exited.out_of_memory));
  else if (exited.init_killed)
    say("snug: the container was killed from outside\n");
  return exited.code;
}

}  // namespace snug::commands
