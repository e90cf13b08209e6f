// Where the sources of volumes lie. What a container may write in one volume is a way to any other source that lies below the same
// folder: a link there would lead to what it likes. From the first folder on that it can write, no link is followed, neither here nor when
// the source is taken.

#include "sources.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <deque>
#include <optional>
#include <utility>

#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::probe {
namespace {

struct Inode {
  dev_t device;
  ino_t number;
  bool operator==(const Inode&) const = default;
};

std::optional<Inode> inode_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return {};
  return Inode{status.st_dev, status.st_ino};
}

// What the container writes into on the host.
std::vector<Inode> find_written(const plan::Spec& spec) {
  std::vector<Inode> written;
  const auto add = [&](const std::string& path) {
    if (const auto inode = inode_of(path)) written.push_back(*inode);
  };
  for (const plan::Volume& volume : spec.volumes)
    if (const auto* bind = std::get_if<plan::BindVolume>(&volume); bind && !bind->read_only) add(bind->source);
  if (spec.root_writes == plan::RootWrites::kept) add(spec.rootfs.path);
  return written;
}

// The machine's own, which nobody can write who has not its root's id: /etc, shown inside to be looked at.
bool is_machines(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && status.st_uid == 0 && ::getuid() != 0 && ::access(path.c_str(), W_OK) != 0;
}

std::deque<std::string> names_of(std::string_view path) {
  std::deque<std::string> names;
  for (std::string& name : split(path, '/'))
    if (!name.empty() && name != ".") names.push_back(std::move(name));
  return names;
}

// Goes the way of the kernel to `source`, name by name and through links, up to the first folder that can be written from inside.
std::optional<plan::WrittenSource> follow(const std::string& source, const std::vector<Inode>& written) {
  constexpr int most_links = 40;
  std::deque<std::string> names = names_of(source);
  std::string path;  // without links; empty: "/"
  bool is_shown = false;  // it lies in what is shown to be written
  for (int links = 0; !names.empty();) {
    const std::string folder = path.empty() ? "/" : path;
    const auto inode = inode_of(folder);
    if (!inode) return {};
    is_shown = is_shown || std::find(written.begin(), written.end(), *inode) != written.end();
    if (is_shown && !is_machines(folder)) return plan::WrittenSource{source, folder, join(std::vector<std::string>(names.begin(), names.end()), "/")};
    const std::string name = std::move(names.front());
    names.pop_front();
    if (name == "..") {
      path.resize(path.empty() ? 0 : path.rfind('/'));
      continue;
    }
    const std::string next = format("{}/{}", path, name);
    if (const auto link = sys::find_link(AT_FDCWD, next.c_str())) {
      if (++links > most_links) return {};
      if (link->starts_with('/')) path.clear();
      const std::deque<std::string> more = names_of(*link);
      names.insert(names.begin(), more.begin(), more.end());
      continue;
    }
    path = next;
  }
  return {};
}

}  // namespace

std::vector<plan::WrittenSource> find_written_sources(const plan::Spec& spec) {
  std::vector<plan::WrittenSource> found;
  const bool writes_root = spec.root_writes == plan::RootWrites::kept;
  if (spec.volumes.size() < (writes_root ? 1 : 2)) return found;  // nothing lies below itself
  const std::vector<Inode> written = find_written(spec);
  for (const plan::Volume& volume : spec.volumes)
    if (const auto* bind = std::get_if<plan::BindVolume>(&volume); bind && !written.empty())
      if (auto source = follow(bind->source, written)) found.push_back(*std::move(source));
  return found;
}

}  // namespace snug::probe
