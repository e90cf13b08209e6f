#include <algorithm>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "values.hh"

namespace snug::commands {
namespace {

bool is_none(std::string_view text) { return text == "-1" || text == "0"; }

}  // namespace

std::uint64_t parse_memory(std::string_view text) {
  constexpr std::uint64_t least = 1U << 20U;
  if (is_none(text)) return plan::no_limit;
  const std::uint64_t size = parse_bytes(text);
  if (size < least) throw UsageError(format("{} is too little for any program", quoted(text)), "sizes are bytes, or a number and b, k, m, g or t: 512m");
  return size;
}

std::uint64_t parse_count(std::string_view text) {
  if (is_none(text)) return plan::no_limit;
  const auto number = parse_number(text);
  if (!number || *number > INT32_MAX) throw UsageError(format("{} is no number of processes", quoted(text)));
  return *number;
}

std::uint64_t parse_processors(std::string_view text) {
  if (is_none(text)) return plan::no_limit;
  const std::size_t dot = std::min(text.find('.'), text.size());
  const auto whole = parse_number(dot == 0 ? "0" : text.substr(0, dot));
  std::string fraction(dot < text.size() ? text.substr(dot + 1) : "");
  const bool is_number = whole && *whole <= 100'000 && fraction.find_first_not_of("0123456789") == std::string::npos && (dot == text.size() || !fraction.empty());
  if (!is_number) throw UsageError(format("{} is no number of processors, such as 2 or 0.5", quoted(text)));
  fraction.resize(3, '0');
  const auto thousandths = *whole * 1000 + static_cast<std::uint64_t>(std::stoul(fraction));
  constexpr std::uint64_t least = 10;  // the kernel gives no less than a hundredth
  if (thousandths < least) throw UsageError(format("{} is less than 0.01 of a processor", quoted(text)));
  return thousandths;
}

std::string parse_cpuset(std::string_view text) {
  for (const std::string& part : split(text, ',')) {
    const std::size_t dash = part.find('-');
    const auto first = parse_number(std::string_view(part).substr(0, dash));
    const auto last = dash == std::string::npos ? first : parse_number(std::string_view(part).substr(dash + 1));
    if (!first || !last || *first > *last || *last > UINT16_MAX) throw UsageError(format("{} is no list of processors, such as 0-3,5", quoted(text)));
  }
  return std::string(text);
}

std::uint64_t parse_weight(std::string_view text) {
  const auto number = parse_number(text);
  if (!number || *number < 1 || *number > 10'000) throw UsageError(format("{} is no weight, 1 to 10000", quoted(text)));
  return *number;
}

}  // namespace snug::commands
