#include "planning.hh"

#include <cerrno>
#include <string>
#include <utility>

#include "snug/commands/output.hh"
#include "image_root.hh"
#include "settings.hh"
#include "snug/base/text.hh"
#include "snug/explain/plan.hh"
#include "snug/plan/hints.hh"
#include "snug/probe/refusal.hh"
#include "unpacking.hh"

namespace snug::commands {
namespace {

std::string value_of(const Environment& environment, std::string_view name) {
  return std::string(environment.find(name).value_or(""));
}

}  // namespace

probe::CallerEnvironment caller_environment(const Environment& environment) {
  return {.home = value_of(environment, "HOME"), .pwd = value_of(environment, "PWD"),
          .term = value_of(environment, "TERM"), .xdg_data_home = value_of(environment, "XDG_DATA_HOME")};
}

void tell(const plan::Notice& notice) {
  say(format("snug: notice: {}\n", notice.text));
  if (!notice.remedy.empty()) say(format("  hint:  {}\n", notice.remedy));
}

runtime::StepDone step_printer(const plan::Plan& plan, bool verbose) {
  if (!verbose) return {};
  return [&plan](std::size_t step, std::uint64_t nanoseconds) {
    say(explain::render_verbose_line(plan, step, nanoseconds));
  };
}

Planned plan_container(const cli::Invocation& invocation, bool verbose) {
  Planned planned{.spec = read_spec(invocation)};
  planned.facts = probe::host_facts(planned.spec, caller_environment(invocation.environment));
  if (planned.spec.rootfs.kind == plan::Rootfs::Kind::archive) unpack_archive(planned, verbose);
  if (planned.spec.rootfs.kind == plan::Rootfs::Kind::image) use_image(planned, invocation);
  planned.plan = accepted(plan::make_plan(planned.spec, planned.facts));
  for (const plan::Notice& notice : planned.plan.notices) tell(notice);
  return planned;
}

Error failure_error(const plan::Plan& plan, const plan::HostFacts& facts, const runtime::StepFailure& failure) {
  const plan::Step& step = plan.steps.at(failure.step);
  std::string message = format("cannot {}: {}", plan::describe(plan, step), errno_text(failure.error));
  if (!failure.reason.empty()) message += format(" ({})", printable(failure.reason));
  const auto explanation = plan::explain_failure(step.action, failure.error, facts, probe::refusal_facts());
  Error error(std::move(message), plan::render_hint(explanation));
  const auto* exec = std::get_if<plan::Exec>(&step.action);
  if (exec && !exec->from_host) error.with_exit_code(failure.error == ENOENT ? 127 : 126);
  return error;
}

}  // namespace snug::commands
