#include <algorithm>
#include <string_view>

#include "files.hh"

namespace snug::builtin {
namespace {

bool is_digit(char each) { return each >= '0' && each <= '9'; }
bool is_letter(char each) { return (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z'); }

// Of what is no digit '~' goes first, before the end even, and letters go before all others.
int rank_of(std::string_view text, std::size_t at) {
  if (at >= text.size() || is_digit(text[at])) return 0;
  if (text[at] == '~') return -1;
  return is_letter(text[at]) ? static_cast<unsigned char>(text[at]) : static_cast<unsigned char>(text[at]) + 256;
}

std::string_view take_number(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of('0'), text.size()));
  const std::string_view number = text.substr(0, text.find_first_not_of("0123456789"));
  text.remove_prefix(number.size());
  return number;
}

int compare_parts(std::string_view one, std::string_view other) {
  while (!one.empty() || !other.empty()) {
    std::size_t at = 0;
    for (; (at < one.size() && !is_digit(one[at])) || (at < other.size() && !is_digit(other[at])); ++at)
      if (const int difference = rank_of(one, at) - rank_of(other, at)) return difference;
    one.remove_prefix(std::min(at, one.size()));
    other.remove_prefix(std::min(at, other.size()));
    const std::string_view first = take_number(one), second = take_number(other);
    if (first.size() != second.size()) return first.size() < second.size() ? -1 : 1;
    if (const int difference = first.compare(second)) return difference;
  }
  return 0;
}

// Without what ends it as ".tar.gz" does: "a-1.tar" goes before "a-1.2.tar".
std::string_view stem_of(std::string_view name) {
  std::size_t end = name.size();
  for (std::size_t dot; (dot = name.substr(0, end).rfind('.')) != std::string_view::npos && dot > 0; end = dot) {
    const std::string_view suffix = name.substr(dot + 1, end - dot - 1);
    const bool fits = !suffix.empty() && (is_letter(suffix[0]) || suffix[0] == '~') &&
                      std::all_of(suffix.begin(), suffix.end(), [](char each) { return is_letter(each) || is_digit(each) || each == '~'; });
    if (!fits) break;
  }
  return name.substr(0, end);
}

}  // namespace

int compare_versions(std::string_view one, std::string_view other) {
  if (one == other) return 0;
  if (one.empty() != other.empty()) return one.empty() ? -1 : 1;
  if (one.starts_with('.') != other.starts_with('.')) return one.starts_with('.') ? -1 : 1;
  if (const int difference = compare_parts(stem_of(one), stem_of(other))) return difference;
  return compare_parts(one, other);
}

}  // namespace snug::builtin
