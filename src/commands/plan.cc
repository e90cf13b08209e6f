#include <array>
#include <cstdint>

#include "commands.hh"
#include "snug/commands/output.hh"
#include "planning.hh"
#include "run_options.hh"
#include "settings.hh"
#include "snug/explain/plan.hh"

namespace snug::commands {
namespace {

constexpr std::array options{
    cli::Option{.name = "json", .help = "print JSON"},
};

int show(const cli::Invocation& invocation) {
  const Planned planned = plan_container(read_spec(invocation), invocation, Purpose::show, false);
  const plan::Plan* unpack = planned.unpack ? &*planned.unpack : nullptr;
  print(invocation.arguments.flag("json") ? explain::render_plan_json(planned.plan, unpack) : explain::render_plan(planned.plan, unpack));
  return 0;
}

}  // namespace

constinit const cli::Command plan_command{
    .name = "plan",
    .summary = "print what run would do, step by step, without doing it",
    .operands = "[ROOTFS [COMMAND [ARG...]]]",
    .description = "Takes the words of 'snug run' and prints each step in order: the system calls with their\n"
                   "arguments, why the step is there, and where to read on. It is the same plan that run executes.",
    .options = options,
    .shared = &run_option_set,
    .stop_at_operand = true,
    .max_operands = SIZE_MAX,
    .completer = {cli::Complete::rootfs},
    .function = show};

}  // namespace snug::commands
