// What is agreed for a container that no call of its start shows: how it ends, what is kept of it, and what it is known by.

#include "draft.hh"
#include "snug/base/signals.hh"
#include "snug/base/text.hh"

namespace snug::plan {
namespace {

std::string restart_term(const Restart& restart) {
  const std::string when = restart.when == Restart::When::always ? "when it has ended" : "when it has failed";
  return format("its monitor starts it anew {}{}", when, restart.attempts ? format(", {} times at most", *restart.attempts) : "");
}

std::string log_term(const LogChoice& log) {
  if (!log.kept) return "nothing of what it prints is kept";
  return format("what it prints is kept, in {} of {} bytes", log.files == 1 ? "a file" : format("{} files", log.files), log.size);
}

}  // namespace

void tell_terms(Draft& draft) {
  const Spec& spec = draft.spec;
  auto& terms = draft.plan.terms;
  draft.plan.detached = spec.detach;
  terms.push_back(is_kept(spec) ? "it stays when it has ended, until 'snug rm'" : "it goes away when it has ended");
  if (spec.restart.when != Restart::When::never) terms.push_back(restart_term(spec.restart));
  if (spec.detach) terms.push_back(log_term(spec.log));
  if (spec.stop_signal || spec.stop_timeout || spec.detach)
    terms.push_back(format("'snug stop' sends it {}, and SIGKILL {} seconds later", signal_name(stop_signal(spec)), spec.stop_timeout.value_or(usual_stop_timeout)));
  for (const auto& [name, value] : spec.labels) terms.push_back(format("label {}={}", printable(name), printable(value)));
  for (const std::string& wall : spec.require) terms.push_back(format("it does not start without {}", wall));
}

}  // namespace snug::plan
