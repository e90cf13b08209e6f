#include "pattern.hh"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>

#include "snug/base/utf8.hh"

namespace snug::builtin {
namespace {

constexpr std::string_view special = "*?[\\";
constexpr std::array<std::pair<std::string_view, std::string_view>, 6> classes{{{"alpha", "a-zA-Z"}, {"digit", "0-9"}, {"alnum", "a-zA-Z0-9"},
                                                                                {"upper", "A-Z"}, {"lower", "a-z"}, {"space", " \t\n\r\v\f"}}};

std::size_t character_length(std::string_view text) { return std::max<std::size_t>(1, utf8_length(text)); }

std::uint32_t character(std::string_view text) {
  const std::size_t length = utf8_length(text);
  return length ? code_point(text.substr(0, length)) : static_cast<unsigned char>(text[0]);
}

/// A set such as [!a-z]: how long it is in the pattern, and whether it has the character.
struct Set {
  std::size_t length = 0;
  bool has = false;
};

bool is_in_class(std::string_view ranges, std::uint32_t wanted) {
  for (std::size_t at = 0; at < ranges.size(); ++at) {
    const bool range = at + 2 < ranges.size() && ranges[at + 1] == '-';
    const auto low = static_cast<unsigned char>(ranges[at]), high = static_cast<unsigned char>(ranges[range ? at + 2 : at]);
    if (wanted >= low && wanted <= high) return true;
    if (range) at += 2;
  }
  return false;
}

// [[:alpha:]] and its kin, at the front of `text`: gives how long it is.
std::size_t take_class(std::string_view text, std::uint32_t wanted, bool& has) {
  for (const auto& [name, ranges] : classes) {
    if (text.substr(0, 2) != "[:" || text.substr(2, name.size()) != name || text.substr(2 + name.size(), 2) != ":]") continue;
    has = has || is_in_class(ranges, wanted);
    return name.size() + 4;
  }
  return 0;
}

// Nothing where the bracket is not closed, and means itself.
std::optional<Set> read_set(std::string_view pattern, std::uint32_t wanted) {
  std::size_t at = 1;
  const bool negated = at < pattern.size() && (pattern[at] == '!' || pattern[at] == '^');
  if (negated) ++at;
  bool has = false;
  const auto take = [&] {
    if (pattern[at] == '\\' && at + 1 < pattern.size()) ++at;
    const std::uint32_t one = character(pattern.substr(at));
    at += character_length(pattern.substr(at));
    return one;
  };
  for (const std::size_t first = at; at < pattern.size();) {
    if (pattern[at] == ']' && at > first) return Set{at + 1, has != negated};
    if (const std::size_t length = take_class(pattern.substr(at), wanted, has)) {
      at += length;
      continue;
    }
    const std::uint32_t low = take();
    std::uint32_t high = low;
    if (at + 1 < pattern.size() && pattern[at] == '-' && pattern[at + 1] != ']') ++at, high = take();
    has = has || (wanted >= low && wanted <= high);
  }
  return {};
}

// One character of the pattern against one of the text: how long that of the pattern is, or 0 where they differ.
std::size_t match_one(std::string_view pattern, std::string_view text) {
  if (pattern[0] == '?') return 1;
  if (pattern[0] == '[')
    if (const auto set = read_set(pattern, character(text))) return set->has ? set->length : 0;
  const std::size_t escape = pattern[0] == '\\' && pattern.size() > 1 ? 1 : 0;
  const std::size_t length = character_length(text);
  return pattern.substr(escape, length) == text.substr(0, length) ? escape + length : 0;
}

using Directory = std::unique_ptr<DIR, int (*)(DIR*)>;

/// Walks down the parts of a pattern.
class Finder {
 public:
  explicit Finder(std::string_view pattern) {
    absolute_ = pattern.starts_with('/');
    folders_only_ = pattern.ends_with('/');
    for (std::size_t at = 0; at < pattern.size();) {
      const std::size_t slash = std::min(pattern.find('/', at), pattern.size());
      if (slash > at) parts_.emplace_back(pattern.substr(at, slash - at));
      at = slash + 1;
    }
  }

  std::vector<std::string> find() {
    walk(absolute_ ? "/" : "", 0);
    std::sort(found_.begin(), found_.end());
    return std::move(found_);
  }

 private:
  void walk(const std::string& folder, std::size_t number) {
    if (number == parts_.size()) {
      struct stat status {};
      if (folders_only_ ? ::stat(folder.c_str(), &status) == 0 && S_ISDIR(status.st_mode) : ::lstat(folder.c_str(), &status) == 0)
        found_.push_back(folder + (folders_only_ && !folder.ends_with('/') ? "/" : ""));
      return;
    }
    const bool last = number + 1 == parts_.size();
    const auto go_on = [&](const std::string& name) { walk(folder + name + (last ? "" : "/"), number + 1); };
    if (!is_pattern(parts_[number])) return go_on(unescaped(parts_[number]));
    const Directory directory(::opendir(folder.empty() ? "." : folder.c_str()), ::closedir);
    if (!directory) return;
    const bool hidden = parts_[number].starts_with('.') || parts_[number].starts_with("\\.");
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(directory.get()))
      if ((hidden || entry->d_name[0] != '.') && matches(parts_[number], entry->d_name)) names.emplace_back(entry->d_name);
    for (const std::string& name : names)
      if (!hidden || (name != "." && name != "..")) go_on(name);
  }

  std::vector<std::string> parts_, found_;
  bool absolute_ = false, folders_only_ = false;
};

}  // namespace

// A star first takes nothing, and one more each time that the rest does not fit; only the last one has to be tried again.
bool matches(std::string_view pattern, std::string_view text) {
  std::size_t at = 0, in_text = 0, star = std::string_view::npos, taken = 0;
  while (in_text < text.size()) {
    if (at < pattern.size() && pattern[at] == '*') {
      star = at++;
      taken = in_text;
      continue;
    }
    const std::size_t length = at < pattern.size() ? match_one(pattern.substr(at), text.substr(in_text)) : 0;
    if (length) {
      at += length;
      in_text += character_length(text.substr(in_text));
    } else if (star != std::string_view::npos) {
      at = star + 1;
      in_text = taken += character_length(text.substr(taken));
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', at) == std::string_view::npos;
}

bool is_pattern(std::string_view pattern) {
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    if (pattern[at] == '\\') ++at;
    else if (special.find(pattern[at]) != std::string_view::npos) return true;
  }
  return false;
}

std::string unescaped(std::string_view pattern) {
  std::string text;
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    if (pattern[at] == '\\' && at + 1 < pattern.size()) ++at;
    text += pattern[at];
  }
  return text;
}

std::string escaped_pattern(std::string_view text) {
  std::string pattern;
  for (const char each : text) {
    if (special.find(each) != std::string_view::npos || each == ']') pattern += '\\';
    pattern += each;
  }
  return pattern;
}

std::vector<std::string> find_paths(std::string_view pattern) { return Finder(pattern).find(); }

}  // namespace snug::builtin
