#include "own_shell.hh"

#include <memory>

#include "snug/builtin/shell.hh"

namespace snug::commands {

runtime::OwnShell own_shell(const plan::Plan& plan) {
  const auto* wanted = plan.find<plan::RunShell>();
  if (!wanted) return {};
  const auto shell = std::make_shared<builtin::Shell>(plan.terminal && wanted->words.empty());
  return [shell](const plan::RunShell& step, int tools) { return shell->run({.words = step.words, .env = step.env, .tools = tools}); };
}

}  // namespace snug::commands
