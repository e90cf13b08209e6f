#include "snug/base/spell.hh"

#include <algorithm>
#include <vector>

namespace snug {

unsigned edit_distance(std::string_view a, std::string_view b) {
  std::vector<unsigned> before_last(b.size() + 1), last(b.size() + 1), now(b.size() + 1);
  for (unsigned j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    now[0] = static_cast<unsigned>(i);
    for (std::size_t j = 1; j <= b.size(); ++j) {
      now[j] = std::min({last[j] + 1, now[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0U : 1U)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) now[j] = std::min(now[j], before_last[j - 2] + 1);
    }
    std::swap(before_last, last);
    std::swap(last, now);
  }
  return last[b.size()];
}

std::optional<std::string> find_nearest(std::string_view typed, std::span<const std::string> words) {
  const std::string* best = nullptr;
  unsigned best_distance = 0;
  for (const std::string& word : words) {
    const unsigned distance = edit_distance(typed, word);
    // A letter that was forgotten is likelier than one that is wrong or too many.
    if (!best || distance < best_distance || (distance == best_distance && word.size() > best->size())) best = &word, best_distance = distance;
  }
  const std::size_t allowed = std::max<std::size_t>(1, typed.size() / 3);
  if (best && best_distance <= allowed && best_distance < std::max(typed.size(), best->size())) return *best;  // they have a letter in common
  const std::string* begun = nullptr;
  for (const std::string& word : words)
    if (typed.size() > 1 && word.starts_with(typed) && (!begun || word.size() < begun->size())) begun = &word;
  return begun ? std::optional(*begun) : std::nullopt;
}

}  // namespace snug
