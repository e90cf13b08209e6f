#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "snug/plan/plan.hh"

namespace snug::explain {

/// What there is to know about a step besides what it does.
struct Lesson {
  std::string_view name;  ///< of the action, as JSON calls it
  std::string_view why;   ///< one reason
  std::string_view man;   ///< where to read on
  bool operator==(const Lesson&) const = default;
};

/// Gives the lesson of a step. There is one for each action; the compiler sees to it.
[[nodiscard]] Lesson lesson_of(const plan::Step& step);

/// Gives the system calls that the runtime makes for a step of `plan`, in strace's notation; "m3" is the mount in
/// slot 3. What a process does that the monitor starts for it, in no step of its own, begins with `outside`.
inline constexpr std::string_view outside = "outside: ";
[[nodiscard]] std::vector<std::string> calls_of(const plan::Plan& plan, const plan::Step& step);

/// Gives in lines what phrase and calls leave out: id maps as sentences, environment, contents of files.
[[nodiscard]] std::vector<std::string> details_of(const plan::Action& action);

/// Names where standard input, output and error of the payload lead.
[[nodiscard]] std::string_view describe_streams(const plan::Plan& plan);

}  // namespace snug::explain
