// Overlayfs's rules for names, in a few lines: a folder is the sum of the folders of that name, from the topmost layer down
// to one that is opaque, or to one where the name is something else; a device 0:0 hides the name in all layers below.

#include "view.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <cerrno>
#include <deque>

#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::probe {
namespace {

using sys::Fd;

constexpr unsigned most_links = 40;  // as of the kernel

/// A folder of the root: its path, in which there is no link, and the layers that it is made of, topmost first.
struct Place {
  std::string path;
  std::vector<unsigned> layers;
};

/// What has a name in a place: a folder, which is a place again, or something else, of one layer.
struct Found {
  mode_t type = 0;
  Place place;
};

bool is_whiteout(const struct stat& status) { return S_ISCHR(status.st_mode) && status.st_rdev == 0; }

/// One look-up, in steps from place to place.
class Walk {
 public:
  explicit Walk(const std::vector<Fd>& roots) : roots_(roots) {
    Place root;
    for (unsigned layer = 0; layer < roots.size(); ++layer) root.layers.push_back(layer);
    way_.push_back(std::move(root));
  }

  /// Gives where `path` leads; nothing, with errno set, where it leads nowhere.
  std::optional<Found> follow(const std::string& path) {
    push(path);
    while (!rest_.empty()) {
      const std::string name = std::move(rest_.front());
      rest_.pop_front();
      if (name.empty() || name == ".") continue;
      if (name == "..") {
        if (way_.size() > 1) way_.pop_back();
        continue;
      }
      auto found = look_up(name);
      if (!found) return {};
      if (found->type == S_IFLNK) {
        if (!push_link(found->place)) return {};
      } else if (found->type == S_IFDIR) {
        way_.push_back(std::move(found->place));
      } else if (rest_.empty()) {
        return found;
      } else {
        return errno = ENOTDIR, std::nullopt;
      }
    }
    return Found{S_IFDIR, way_.back()};
  }

 private:
  void push(std::string_view path) {
    const std::vector<std::string> names = split(path, '/');
    rest_.insert(rest_.begin(), names.begin(), names.end());
  }

  bool push_link(const Place& link) {
    if (++links_ > most_links) return errno = ELOOP, false;
    const auto target = sys::find_link(roots_[link.layers[0]].get(), link.path.c_str());
    if (!target) return false;
    if (target->starts_with('/')) way_.resize(1);
    push(*target);
    return true;
  }

  // All names on the way were looked up before, so that none is a link of this layer.
  std::optional<Found> look_up(const std::string& name) const {
    Found found{0, {way_.back().path.empty() ? name : format("{}/{}", way_.back().path, name), {}}};
    for (const unsigned layer : way_.back().layers) {
      const Fd entry = sys::try_open_in_root(roots_[layer].get(), found.place.path.c_str(), O_PATH | O_NOFOLLOW);
      if (!entry && errno == ENOENT) continue;
      const auto status = entry ? sys::find_status(entry.get(), "") : std::nullopt;
      if (!status) return {};
      const bool first = found.place.layers.empty(), folder = S_ISDIR(status->st_mode);
      if (is_whiteout(*status) || (!first && !folder)) break;
      found.type = status->st_mode & S_IFMT;
      found.place.layers.push_back(layer);
      if (!folder || rest_.empty()) break;  // of the last name the topmost is all that is asked for
      const auto opaque = find_opaque(entry.get());
      if (!opaque) return {};
      if (*opaque) break;
    }
    if (found.place.layers.empty()) return errno = ENOENT, std::nullopt;
    return found;
  }

  const std::vector<Fd>& roots_;
  std::vector<Place> way_;        // from the root to where the walk stands
  std::deque<std::string> rest_;  // the names that are still to be looked up
  unsigned links_ = 0;
};

}  // namespace

Fd View::open(const std::string& path, int flags) const {
  if (roots_.size() == 1) return sys::try_open_in_root(top(), path.c_str(), flags);
  const auto found = Walk(roots_).follow(path);
  if (!found) return {};
  const std::string& name = found->place.path;
  return sys::try_open_in_root(roots_[found->place.layers[0]].get(), name.empty() ? "." : name.c_str(), flags | O_NOFOLLOW);
}

std::optional<bool> find_opaque(int folder) {
  char mark = 0;
  const ssize_t size = ::getxattr(format("/proc/self/fd/{}", folder).c_str(), "user.overlay.opaque", &mark, 1);
  if (size < 0 && errno == EACCES) return {};
  return size == 1 && mark == 'y';
}

}  // namespace snug::probe
