#include "planning.hh"

#include <cerrno>
#include <string>
#include <utility>

#include "output.hh"
#include "settings.hh"
#include "snug/base/text.hh"
#include "snug/plan/hints.hh"
#include "snug/probe/refusal.hh"

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

Planned plan_container(const cli::Invocation& invocation) {
  Planned planned{.spec = read_spec(invocation)};
  planned.facts = probe::host_facts(planned.spec, caller_environment(invocation.environment));
  auto made = plan::make_plan(planned.spec, planned.facts);
  if (auto* refusal = std::get_if<plan::Refusal>(&made)) throw Error(refusal->message, refusal->hint);
  planned.plan = std::get<plan::Plan>(std::move(made));
  for (const plan::Notice& notice : planned.plan.notices) {
    say(format("snug: notice: {}\n", notice.text));
    if (!notice.remedy.empty()) say(format("  hint:  {}\n", notice.remedy));
  }
  return planned;
}

Error failure_error(const Planned& planned, const runtime::StepFailure& failure) {
  const plan::Step& step = planned.plan.steps.at(failure.step);
  std::string message = format("cannot {}: {}", plan::describe(planned.plan, step), errno_text(failure.error));
  if (!failure.reason.empty()) message += format(" ({})", printable(failure.reason));
  const auto explanation = plan::explain_failure(step.action, failure.error, planned.facts, probe::refusal_facts());
  Error error(std::move(message), plan::render_hint(explanation));
  if (std::holds_alternative<plan::Exec>(step.action)) error.with_exit_code(failure.error == ENOENT ? 127 : 126);
  return error;
}

}  // namespace snug::commands
