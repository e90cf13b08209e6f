#pragma once

#include "snug/cli/command.hh"

namespace snug::commands {

/// Does what `snug run` does for the same words, under a tracer, and prints what of the plan was done and what besides. Gives 1 where
/// the two are not the same. snug-plan(1), --verify.
[[nodiscard]] int verify_plan(const cli::Invocation& invocation);

}  // namespace snug::commands
