#include "terminfo.hh"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>

#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::probe {
namespace {

constexpr std::array<const char*, 3> folders{"etc/terminfo", "lib/terminfo", "usr/share/terminfo"};
constexpr std::size_t largest_entry = 32768;  // ncurses reads no more

// $TERM becomes part of a path.
bool is_name(const std::string& type) {
  constexpr std::string_view others = "+-._";
  return !type.empty() && type.size() <= 64 && type[0] != '.' && std::all_of(type.begin(), type.end(), [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || others.find(c) != std::string_view::npos;
  });
}

// Entries lie in folders named after their first letter, or its number.
std::array<std::string, 2> places(std::string_view folder, const std::string& type) {
  return {format("{}/{}/{}", folder, type[0], type), format("{}/{:02x}/{}", folder, static_cast<unsigned char>(type[0]), type)};
}

bool has_entry(const View& root, std::string_view folder, const std::string& type) {
  const auto found = places(folder, type);
  return std::any_of(found.begin(), found.end(), [&](const std::string& path) { return static_cast<bool>(root.open(path, O_PATH)); });
}

// term(5): a magic number, of which there are two.
bool is_entry(std::string_view bytes) { return bytes.starts_with("\x1a\x01") || bytes.starts_with("\x1e\x02"); }

}  // namespace

bool knows_terminal(const View& root, const std::string& type) {
  return is_name(type) && std::any_of(folders.begin(), folders.end(), [&](const char* folder) { return has_entry(root, folder, type); });
}

bool has_carried_terminal(const View& root, const std::string& type) {
  if (!is_name(type)) return false;
  const sys::Fd entry = root.open(places(std::string_view(plan::terminfo_folder).substr(1), type)[0], O_PATH | O_NOFOLLOW);
  const auto status = entry ? sys::find_status(entry.get(), "") : std::nullopt;
  return status && S_ISREG(status->st_mode) && status->st_size > 0;
}

std::string find_terminal_entry(const plan::TerminalFacts& terminal, const std::string& home) {
  const std::string& type = terminal.type;
  if (!is_name(type)) return {};
  std::vector<std::string> all = terminal.folders;
  all.push_back(home + "/.terminfo");
  for (const char* folder : folders) all.push_back(format("/{}", folder));
  for (const std::string& folder : all)
    for (const std::string& path : places(folder, type)) {
      const sys::Fd file = sys::try_open(AT_FDCWD, path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY);
      const auto status = file ? sys::find_status(file.get(), "") : std::nullopt;
      if (!status || !S_ISREG(status->st_mode) || status->st_size > static_cast<off_t>(largest_entry)) continue;
      if (std::string bytes = sys::read_all(file.get(), largest_entry); is_entry(bytes)) return bytes;
    }
  return {};
}

}  // namespace snug::probe
