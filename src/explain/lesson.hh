#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "snug/plan/plan.hh"

namespace snug::explain {

/// What there is to know about a step besides what it does.
struct Lesson {
  std::string_view name;            ///< of the action, as JSON calls it
  std::string_view why;             ///< one reason
  std::string_view man;             ///< where to read on
};

/// Gives the lesson of an action. There is one for each; the compiler sees to it.
[[nodiscard]] Lesson lesson_of(const plan::Action& action);

/// Gives the system calls that the runtime makes for an action, in strace's notation.
[[nodiscard]] std::vector<std::string> calls_of(const plan::Action& action);

/// Gives details that the phrase leaves out: options, environment, contents of files.
[[nodiscard]] std::vector<std::string> details_of(const plan::Action& action);

}  // namespace snug::explain
