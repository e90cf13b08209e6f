#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "snug/explain/picture.hh"

namespace snug::explain {

/// A line that tells of a helper, or of many that do the same.
struct HelperLine {
  std::string name;        ///< "conmon"
  std::size_t count = 1;
  pid_t pid = 0;           ///< of one alone
  std::string role;        ///< "watches db", "watches db, mail and 3 more"
  std::string walls;       ///< of its own: " user mount"
  std::uint64_t time = 0;  ///< of all of them
};

/// Tells of all helpers in `most` lines. Where these are too many, those that do the same are put together, the most frequent first; and
/// no program is left out of the lines while another one has two. Pure.
[[nodiscard]] std::vector<HelperLine> helper_lines(const Picture& picture, std::size_t most);

/// How many helpers the lines do not tell of.
[[nodiscard]] std::size_t count_untold(const Picture& picture, const std::vector<HelperLine>& lines);

}  // namespace snug::explain
