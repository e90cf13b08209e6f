#include "snug/base/utf8.hh"

#include <algorithm>
#include <array>

namespace snug {
namespace {

struct Range {
  std::uint32_t first, last;
};

// What stands on the letter before it, of the scripts that are met most.
constexpr std::array<Range, 9> marks{{{0x300, 0x36f}, {0x483, 0x489}, {0x591, 0x5bd}, {0x64b, 0x65f}, {0x1ab0, 0x1aff}, {0x1dc0, 0x1dff}, {0x20d0, 0x20ff},
                                      {0xfe00, 0xfe0f}, {0xfe20, 0xfe2f}}};
constexpr std::array<Range, 10> wide{{{0x1100, 0x115f}, {0x2e80, 0x303e}, {0x3041, 0xa4cf}, {0xac00, 0xd7a3}, {0xf900, 0xfaff}, {0xfe30, 0xfe6f}, {0xff00, 0xff60},
                                      {0xffe0, 0xffe6}, {0x1f300, 0x1faff}, {0x20000, 0x3fffd}}};

template <std::size_t Count>
bool is_in(const std::array<Range, Count>& ranges, std::uint32_t point) {
  return std::any_of(ranges.begin(), ranges.end(), [point](const Range& each) { return point >= each.first && point <= each.last; });
}

std::size_t columns_of(std::uint32_t point) { return is_in(marks, point) ? 0 : is_in(wide, point) ? 2 : 1; }

}  // namespace

std::uint32_t code_point(std::string_view sequence) {
  static constexpr std::array<std::uint32_t, 5> masks{0, 0x7f, 0x1f, 0x0f, 0x07};
  std::uint32_t value = static_cast<unsigned char>(sequence[0]) & masks[sequence.size()];
  for (const char next : sequence.substr(1)) value = value << 6 | (static_cast<unsigned char>(next) & 0x3fU);
  return value;
}

std::size_t utf8_length(std::string_view text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return 1;
  const std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < length) return 0;
  for (std::size_t at = 1; at < length; ++at)
    if ((byte(at) & 0xc0) != 0x80) return 0;
  if ((first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) > 0x9f)) return 0;
  if ((first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) > 0x8f)) return 0;
  return length;
}

bool is_utf8(std::string_view text) {
  for (std::size_t length = 0; !text.empty(); text.remove_prefix(length))
    if ((length = utf8_length(text)) == 0) return false;
  return true;
}

std::string_view fitting(std::string_view text, std::size_t columns) {
  std::size_t taken = 0, used = 0;
  while (taken < text.size()) {
    const std::string_view rest = text.substr(taken);
    const std::size_t length = utf8_length(rest), width = length == 0 ? 1 : columns_of(code_point(rest.substr(0, length)));
    if (used + width > columns) break;
    used += width;
    taken += std::max<std::size_t>(length, 1);
  }
  return text.substr(0, taken);
}

std::size_t display_width(std::string_view text) {
  std::size_t columns = 0;
  for (std::size_t length = 0; !text.empty(); text.remove_prefix(std::max<std::size_t>(length, 1))) {
    length = utf8_length(text);
    columns += length == 0 ? 1 : columns_of(code_point(text.substr(0, length)));
  }
  return columns;
}

}  // namespace snug
