#include "commands.hh"
#include "snug/commands/table.hh"
#include "snug/commands/output.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/cli/help.hh"

namespace snug::commands {
namespace {

int completion(const cli::Invocation& invocation) {
  const auto& operands = invocation.arguments.operands;
  if (operands.empty() || operands[0] != "bash")
    throw UsageError(operands.empty()
                         ? "completion needs the name of a shell: bash"
                         : format("there is no completion for {}, only for bash", quoted(operands[0])),
                     "source <(snug completion bash)");
  print(cli::render_bash_completion(all_commands()));
  return 0;
}

}  // namespace

constinit const cli::Command completion_command{
    .name = "completion",
    .summary = "print a script that completes words in a shell",
    .operands = "bash",
    .description =
        "Prints a script for bash that completes the commands and options of snug. Try it with "
        "'source <(snug completion bash)'.",
    .max_operands = 1,
    .completer = {cli::Complete::words, "bash"},
    .function = completion,
};

}  // namespace snug::commands
