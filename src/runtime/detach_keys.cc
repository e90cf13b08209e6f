#include "detach_keys.hh"

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/runtime/attach.hh"

namespace snug::runtime {
namespace {

bool is_control(char key) {
  constexpr std::string_view others = "@[\\]^_";
  return (key >= 'a' && key <= 'z') || (key >= 'A' && key <= 'Z') || (key != '\0' && others.find(key) != std::string_view::npos);
}

char parse_key(std::string_view word, std::string_view all) {
  constexpr std::string_view control = "ctrl-";
  if (word.size() == 1) return word[0];
  if (word.size() == control.size() + 1 && word.starts_with(control) && is_control(word.back())) return static_cast<char>(word.back() & 0x1f);
  throw UsageError(format("{} are no keys to detach with", quoted(all)),
                   "letters, or ctrl- and one of a-z @ [ \\ ] ^ _, with commas between: ctrl-p,ctrl-q");
}

}  // namespace

std::string parse_detach_keys(std::string_view text) {
  std::string keys;
  if (text.empty()) return keys;
  for (const std::string& word : split(text, ',')) keys += parse_key(word, text);
  return keys;
}

bool DetachKeys::pass(std::string_view typed, std::string& out) {
  if (keys_.empty()) return out += typed, false;
  for (const char key : typed) {
    // What was held back may itself begin the keys further on: "aab" in "aaab".
    while (matched_ && keys_[matched_] != key) {
      std::size_t less = matched_ - 1;
      while (less && keys_.compare(0, less, keys_, matched_ - less, less) != 0) --less;
      out.append(keys_, 0, matched_ - less);
      matched_ = less;
    }
    if (keys_[matched_] != key)
      out += key;
    else if (++matched_ == keys_.size())
      return true;
  }
  return false;
}

}  // namespace snug::runtime
