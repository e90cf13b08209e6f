#include "commands.hh"
#include "completing.hh"
#include "completion_scripts.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/output.hh"
#include "snug/shell/candidates.hh"

namespace snug::commands {
namespace {

int completion(const cli::Invocation& invocation) {
  std::span<const std::string> words = invocation.arguments.operands;
  constexpr std::string_view hint = "source <(snug completion bash)";
  if (words.empty()) throw UsageError("completion needs the name of a shell: bash, zsh or fish", std::string(hint));
  const std::string& what = words[0];
  words = words.subspan(1);
  if (what == "words" && !words.empty()) {
    print(cli::render_candidates(complete(words, invocation.environment)));
  } else if (what == "line" && words.size() == 1) {
    const auto find = [&](std::span<const std::string> typed) { return complete(typed, invocation.environment); };
    print(cli::render_candidates(shell::complete_line(words[0], find).found));
  } else if (const auto script = find_completion_script(what); script && words.empty()) {
    print(std::string(*script));
  } else if (script || what == "words" || what == "line") {
    throw UsageError(format("completion {} takes {}", what, script ? "no more words" : what == "line" ? "one line" : "words"));
  } else {
    throw UsageError(format("there is no completion for {}, only for bash, zsh and fish", quoted(what)), std::string(hint));
  }
  return 0;
}

}  // namespace

constinit const cli::Command completion_command{
    .name = "completion",
    .summary = "print a script that completes words in a shell",
    .operands = "bash|zsh|fish | words WORD... | line LINE",
    .description = "Prints the script that lets bash, zsh or fish complete the commands, options and names of snug. Try it\n"
                   "with 'source <(snug completion bash)'. The scripts ask for 'words' or a 'line': what the last word can become.",
    .stop_at_operand = true,
    .max_operands = SIZE_MAX,
    .completer = {cli::Complete::words, completed_shells},
    .further = cli::Completer{cli::Complete::free},
    .function = completion,
};

}  // namespace snug::commands
