// find's -printf.

#include <algorithm>
#include <cstdint>

#include "query.hh"
#include "snug/base/text.hh"

namespace snug::builtin {
namespace {

constexpr std::string_view plain_fields = "pfPhsmMuUgGyldinbk", time_fields = "ATC";

/// A part of a format: a text, or a field in so many columns.
struct Part {
  std::string text;
  char field = 0, of_time = 0;  ///< 0: none
  bool left = false;
  std::size_t width = 0;
};

// \n and its kin, and \NNN.
char take_escape(std::string_view pattern, std::size_t& at) {
  static constexpr std::string_view letters = "abfnrtv\\", bytes = "\a\b\f\n\r\t\v\\";
  if (at < pattern.size())
    if (const std::size_t found = letters.find(pattern[at]); found != std::string_view::npos) return ++at, bytes[found];
  const std::size_t first = at;
  unsigned value = 0;
  while (at < pattern.size() && at < first + 3 && pattern[at] >= '0' && pattern[at] <= '7') value = value * 8 + static_cast<unsigned>(pattern[at++] - '0');
  if (at == first) throw Failure(format("\\{} is no escape of -printf here", printable(pattern.substr(at, 1))), 2);
  return static_cast<char>(value);
}

Part take_field(std::string_view pattern, std::size_t& at) {
  Part part;
  if (at < pattern.size() && pattern[at] == '-') part.left = true, ++at;
  while (at < pattern.size() && pattern[at] >= '0' && pattern[at] <= '9' && part.width < 1000) part.width = part.width * 10 + static_cast<std::size_t>(pattern[at++] - '0');
  part.field = at < pattern.size() ? pattern[at++] : ' ';
  const bool time = time_fields.find(part.field) != std::string_view::npos;
  if (time && at < pattern.size()) part.of_time = pattern[at++];
  if (!(time && part.of_time) && plain_fields.find(part.field) == std::string_view::npos)
    throw Failure(format("%{} is not among the fields of -printf here: %p %f %P %h %s %m %M %u %U %g %G %y %l %d %i %n %b %k %T@ %TY", printable(std::string(1, part.field))), 2);
  return part;
}

std::vector<Part> parse_format(std::string_view pattern) {
  std::vector<Part> parts(1);
  const auto add = [&](char each) {
    if (parts.back().field) parts.emplace_back();
    parts.back().text += each;
  };
  for (std::size_t at = 0; at < pattern.size();) {
    const char each = pattern[at++];
    if (each == '\\') add(take_escape(pattern, at));
    else if (each != '%') add(each);
    else if (pattern.substr(at).starts_with('%')) add('%'), ++at;
    else parts.push_back(take_field(pattern, at));
  }
  return parts;
}

std::string moment_of(const timespec& time, char letter) {
  if (letter == '@') return format("{}.{:09}0", time.tv_sec, time.tv_nsec);
  if (letter == '+') return format("{}.{:09}0", time_text(time.tv_sec, "%Y-%m-%d+%H:%M:%S"), time.tv_nsec);
  return time_text(time.tv_sec, std::string{'%', letter}.c_str());
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
}

std::string text_of(const Part& part, const Found& found, const Accounts& accounts) {
  const struct stat& status = found.status;
  switch (part.field) {
    case 'p': return found.path;
    case 'f': return std::string(base_name(found.path));
    case 'P': return found.path.size() > found.start ? found.path.substr(found.start + (found.path[found.start] == '/')) : "";
    case 'h': return folder_of(found.path);
    case 's': return format("{}", status.st_size);
    case 'm': return format("{:o}", status.st_mode & 07777U);
    case 'M': return mode_text(status.st_mode);
    case 'u': return accounts.user(status.st_uid);
    case 'U': return format("{}", status.st_uid);
    case 'g': return accounts.group(status.st_gid);
    case 'G': return format("{}", status.st_gid);
    case 'y': return S_ISREG(status.st_mode) ? "f" : mode_text(status.st_mode).substr(0, 1);
    case 'l': return link_of(found.path);
    case 'd': return format("{}", found.depth);
    case 'i': return format("{}", status.st_ino);
    case 'n': return format("{}", status.st_nlink);
    case 'b': return format("{}", status.st_blocks);
    case 'k': return format("{}", (status.st_blocks + 1) / 2);
    case 'A': return moment_of(status.st_atim, part.of_time);
    case 'C': return moment_of(status.st_ctim, part.of_time);
    default: return moment_of(status.st_mtim, part.of_time);
  }
}

}  // namespace

Test Query::of_format(const std::string& pattern) {
  return [this, parts = parse_format(pattern)](const Found& found) {
    for (const Part& part : parts) {
      if (!part.field) {
        call_.out.put(part.text);
        continue;
      }
      const std::string text = call_.out.name(text_of(part, found, accounts_));
      const std::string gap(part.width > text.size() ? part.width - text.size() : 0, ' ');
      call_.out.put(part.left ? text + gap : gap + text);
    }
    return true;
  };
}

}  // namespace snug::builtin
