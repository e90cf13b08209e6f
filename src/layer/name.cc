#include "name.hh"

#include <limits.h>

#include <algorithm>

#include "snug/base/error.hh"
#include "snug/base/text.hh"

namespace snug::layer {

std::string clean_name(std::string_view name) {
  constexpr std::size_t longest = PATH_MAX - 1;  // the kernel counts the NUL at its end
  if (name.empty()) throw Error("an entry has no name");
  std::string path;
  for (std::string_view rest = name; !rest.empty();) {
    const std::string_view part = rest.substr(0, rest.find('/'));
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    if (part.empty() || part == ".") continue;
    if (part == "..") throw Error(format("{} has '..' in its name", shown(name)));
    if (part.size() > NAME_MAX) throw Error(format("{} has a name of more than {} bytes in it", shown(name), NAME_MAX));
    if (!path.empty()) path += '/';
    path += part;
  }
  if (path.size() > longest) throw Error(format("the name {} is longer than {} bytes", shown(name), longest));
  return path;
}

std::string_view parent_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
}

std::string shown(std::string_view name) {
  constexpr std::size_t line = 100;
  return name.size() <= line ? quoted(name) : quoted(name.substr(0, line)) + "...";
}

void fail(std::string_view what, std::string_view name, int error) {
  throw system_error(format("{} {}", what, shown(name)), error);
}

}  // namespace snug::layer
