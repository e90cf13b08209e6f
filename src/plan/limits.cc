#include "snug/plan/limits.hh"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>

#include "snug/base/text.hh"

namespace snug::plan {
namespace {

// The first of the words, which are in columns; taken away from `text`.
std::string_view take_word(std::string_view& text) {
  text = trimmed(text);
  const std::string_view word = text.substr(0, text.find(' '));
  text.remove_prefix(word.size());
  return word;
}

std::optional<std::uint64_t> parse_value(std::string_view word) { return word == "unlimited" ? RLIM_INFINITY : parse_number(word); }

}  // namespace

// A line for each limit, in the order of their numbers, below the heading: its name, which has blanks, is as wide as the heading's.
std::vector<ResourceLimit> parse_limits(std::string_view text) {
  constexpr std::size_t name_width = 26;
  std::vector<ResourceLimit> limits;
  int number = -1;
  for (std::string_view line : lines(text)) {
    const auto known = std::find_if(limit_names.begin(), limit_names.end(), [&](const LimitName& each) { return each.number == number; });
    ++number;
    if (known == limit_names.end() || line.size() < name_width) continue;
    line.remove_prefix(name_width);
    const auto soft = parse_value(take_word(line)), hard = parse_value(take_word(line));
    if (soft && hard) limits.push_back({.name = std::string(known->name), .number = known->number, .soft = *soft, .hard = *hard});
  }
  return limits;
}

}  // namespace snug::plan
