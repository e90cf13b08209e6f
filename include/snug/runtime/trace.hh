#pragma once

#include <variant>

#include "snug/plan/plan.hh"
#include "snug/plan/seen.hh"
#include "snug/runtime/launch.hh"

namespace snug::runtime {

/// A container that was started under a tracer.
struct Traced {
  plan::Seen seen;
  std::variant<Exited, StepFailure> end;
};

/// Does what launch() does, in a child of this process, which traces it up to the command's first instruction with ptrace(2); the
/// command itself is not traced. The calling process has one thread and no other children. Throws where nobody may be traced.
/// snug-plan(1), --verify.
[[nodiscard]] Traced trace_launch(const plan::Plan& plan, const Outside& outside);

}  // namespace snug::runtime
