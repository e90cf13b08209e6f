#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace snug::commands {

/// What an exercise can count on.
struct TourFacts {
  unsigned uid = 0;           ///< the caller's, outside
  bool has_ranges = false;    ///< more than one id is mapped
};

/// One exercise of `snug tour`.
struct Exercise {
  std::string_view title, story;
  bool inside = false;        ///< the command is typed in the container; else in a shell of this machine's
  std::string_view command;   ///< for sh; $TOUR is the container's name, $INIT the number of its first process outside
  std::string_view look;      ///< what is to be seen
  std::string_view lesson;    ///< what that means
  /// Whether the lines that the command printed show it.
  bool (*shows)(std::span<const std::string_view> lines, const TourFacts& facts);
  std::string_view without_ranges = {};  ///< said besides where one id is mapped
};

/// The exercises in their order.
[[nodiscard]] std::span<const Exercise> tour_exercises();

}  // namespace snug::commands
