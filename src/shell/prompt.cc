#include "snug/shell/prompt.hh"

#include <csignal>
#include <cstdio>
#include <exception>

#include "history.hh"
#include "line.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/shell/editor.hh"
#include "snug/shell/keyboard.hh"

namespace snug::shell {
namespace {

void print(const std::string& text, std::FILE* to) {
  std::fputs(text.c_str(), to);
  std::fflush(to);
}

std::string prompt_of(std::size_t running) { return running == 0 ? "snug> " : format("snug {} up> ", running); }

// True where the prompt is to be left.
bool try_line(std::string_view line, const Commands& commands, const std::string& shell) {
  try {
    const Outcome outcome = do_line(line, commands, shell);
    if (was_interrupted() || outcome.code == 128 + SIGINT) print("\n", stdout);  // behind the terminal's own ^C
    return outcome.leave;
  } catch (const std::exception& error) {
    print(render_error(error), stderr);
    return false;
  }
}

}  // namespace

int run_prompt(const Commands& commands, const Environment& environment) {
  const SparedFromKeyboard spared;
  const std::string shell = host_shell(environment);
  History history(environment);
  Editor editor([&](std::string_view line) { return complete_line(line, commands.find_candidates); });
  if (history.is_new()) print(std::string(commands.welcome), stdout);
  for (;;) {
    forget_interrupt();
    const auto typed = editor.read(prompt_of(commands.count_running()).c_str());
    if (!typed) break;
    history.keep(*typed);
    if (was_interrupted()) print("\n", stdout);  // it came when readline had done
    for (const std::string_view line : lines(*typed))  // more than one where they were pasted
      if (!was_interrupted() && try_line(line, commands, shell)) return 0;
  }
  print("\n", stdout);  // behind the prompt, where the cursor need not be any more
  return 0;
}

std::optional<std::string> read_line(const char* prompt) {
  const SparedFromKeyboard spared;
  Editor editor([](std::string_view) { return Completion(); });
  auto line = editor.read(prompt);
  while (line && editor.was_interrupted()) line = editor.read(prompt);
  if (line) line = trimmed(*line);
  return line;
}

}  // namespace snug::shell
