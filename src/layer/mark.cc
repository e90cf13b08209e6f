#include "mark.hh"

#include <algorithm>
#include <string_view>

#include "name.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"

namespace snug::layer {
namespace {

constexpr std::string_view prefix = ".wh.", aufs = ".wh..wh.", opaque = ".wh..wh..opq";

std::string_view leaf_of(std::string_view path) { return path.substr(std::min(path.size(), path.rfind('/') + 1)); }

}  // namespace

Mark mark_of(const std::string& path) {
  // Most names have no mark anywhere.
  if (path.find(prefix) == std::string::npos) return Mark::none;
  for (std::string_view parent = parent_of(path); !parent.empty(); parent = parent_of(parent)) {
    if (leaf_of(parent).starts_with(aufs)) return Mark::ignored;
    if (leaf_of(parent).starts_with(prefix)) throw Error(format("{} lies in what is a whiteout", shown(path)));
  }
  const std::string_view leaf = leaf_of(path);
  if (!leaf.starts_with(prefix)) return Mark::none;
  if (leaf == opaque) return Mark::opaque;
  if (leaf.starts_with(aufs)) return Mark::ignored;
  const std::string_view hidden = leaf.substr(prefix.size());
  if (hidden.empty() || hidden == "." || hidden == "..") throw Error(format("the whiteout {} hides no name", shown(path)));
  return Mark::whiteout;
}

bool is_whiteout(const struct stat& status) noexcept { return S_ISCHR(status.st_mode) && status.st_rdev == 0; }

std::string hidden_by(const std::string& path) {
  std::string hidden = path;
  return hidden.erase(hidden.size() - leaf_of(path).size(), prefix.size());
}

}  // namespace snug::layer
