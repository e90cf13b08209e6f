#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <utility>

#include "attributes.hh"
#include "copy_path.hh"
#include "name.hh"
#include "receiver.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::layer {
namespace {

using sys::Fd;

constexpr unsigned sticky_and_permissions = 01777;

std::string_view leaf_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? path : path.substr(slash + 1);
}

/// A name that goes away with this unless it was put in its place.
class Meanwhile {
 public:
  explicit Meanwhile(int parent) : parent_(parent), name_(".snug-" + sys::random_name()) {}
  ~Meanwhile() {
    if (!name_.empty()) ::unlinkat(parent_, name_.c_str(), 0);
  }
  Meanwhile(const Meanwhile&) = delete;
  Meanwhile& operator=(const Meanwhile&) = delete;

  [[nodiscard]] const char* name() const noexcept { return name_.c_str(); }

  // The kernel replaces a file by a file, and never a folder.
  void become(const std::string& name, const std::string& path) {
    if (::renameat(parent_, name_.c_str(), parent_, name.c_str()) != 0) {
      if (errno == EISDIR) throw Error(format("cannot replace {}, which is a folder, by something that is none", shown(path)));
      if (errno == EBUSY)
        throw Error(format("cannot replace {}: a mount is on it", shown(path)), "it can be written into from inside: snug exec -i CONTAINER sh -c 'cat >FILE' <FILE");
      fail("put in place", path, errno);
    }
    // Two names of one file change nothing by becoming one another.
    ::unlinkat(parent_, name_.c_str(), 0);
    name_.clear();
  }

 private:
  int parent_;
  std::string name_;
};

}  // namespace

Receiver::Receiver(int stream, const Receiving& what) : what_(what), stream_(stream), reader_(stream) {}

CopyLosses Receiver::run() {
  await_first();
  open_target();
  what_.confine(base_.get());
  std::uint64_t count = 0;
  try {
    for (Entry entry; reader_.next(entry); ++count) {
      if (count == 0) choose_base(entry);
      place(entry);
    }
    finish_folders();
  } catch (Error& error) {
    if (count > 0) error.during(format("copying: {} {} in place, nothing after that", count, count == 1 ? "entry is" : "entries are"));
    throw;
  }
  losses_.owners = counts_.owners - counts_.kept;
  losses_.xattrs = counts_.xattrs;
  return losses_;
}

// Where nothing ever comes whoever sends knows why, and a target that is not there is not worth a word.
void Receiver::await_first() const {
  pollfd ready{stream_, POLLIN, 0};
  while (::poll(&ready, 1, -1) < 0 && errno == EINTR) continue;
  if ((ready.revents & POLLIN) == 0) throw Error("nothing comes that could be copied");
}

// Opens the folder that all is made in: the target, or the one that its last name is in. What comes has no say in that.
void Receiver::open_target() {
  const std::string& path = what_.to.path;
  base_ = open_path(what_.to, O_PATH);
  struct stat status {};
  there_ = base_ && ::fstat(base_.get(), &status) == 0;
  if (!there_ && errno != ENOENT) fail("copy to", path, errno);
  if (there_ && S_ISDIR(status.st_mode)) return;
  if (what_.entries) throw Error(format("cannot copy an archive to {}: it is {}", shown(path), there_ ? "no folder" : "not there"));
  target_name_ = enter_parent();
}

void Receiver::choose_base(const Entry& first) {
  const std::string& path = what_.to.path;
  const bool folder = first.kind == Kind::folder, into_folder = target_name_.empty();
  if (what_.entries) return;
  if (there_ && !into_folder && folder) throw Error(format("cannot copy a folder to {}, which is a file", shown(path)));
  if (into_folder && !folder) only_name_ = what_.name, only_path_ = format("{}{}{}", path, path.ends_with('/') ? "" : "/", what_.name);
  if (into_folder && folder && !what_.name.empty()) base_ = make_or_enter(base_.get(), what_.name, "", &first);
  if (into_folder) return;
  if (!folder && path.ends_with('/')) throw Error(format("cannot copy to {}: there is no such folder", shown(path)));
  if (folder)
    base_ = make_or_enter(base_.get(), target_name_, "", &first);
  else
    only_name_ = target_name_, only_path_ = path;
}

// Goes to the folder that the path's last name is in, and gives that name. A link at the end is followed by hand, to make or to
// replace what it leads to.
std::string Receiver::enter_parent() {
  CopyPath path = what_.to;
  for (int hop = 0; hop < 16; ++hop) {
    while (path.path.size() > 1 && path.path.ends_with('/')) path.path.pop_back();
    std::string name(leaf_of(path.path));
    path.path.resize(path.path.size() - name.size());
    if (path.path.empty()) path.path = ".";
    base_ = open_path(path, O_PATH | O_DIRECTORY);
    if (!base_) fail("find the folder", path.path, errno);
    if (name == "." || name == "..") fail("copy to", what_.to.path, ENOENT);
    const auto link = sys::find_link(base_.get(), name.c_str());
    if (!link) return name;
    path.path = link->starts_with('/') ? *link : format("{}/{}", path.path, *link);
  }
  fail("copy to", what_.to.path, ELOOP);
}

void Receiver::place(Entry& entry) {
  if (entry.kind == Kind::fifo || entry.kind == Kind::device || entry.kind == Kind::socket) {
    ++losses_.special;
    return;
  }
  if (!only_name_.empty()) {
    if (entry.kind == Kind::folder || entry.kind == Kind::hard_link) throw Error("what is copied is no single file");
    const Place place{base_.get(), only_name_, only_path_};
    return entry.kind == Kind::file ? make_file(place, entry) : make_link(place, entry);
  }
  const std::string path = clean_name(entry.name);
  if (path.empty()) return;  // the folder itself, which is there by now
  const Place place = find_place(path);
  switch (entry.kind) {
    case Kind::file: return make_file(place, entry);
    case Kind::symlink: return make_link(place, entry);
    case Kind::hard_link: return make_hard_link(place, entry);
    default: static_cast<void>(make_or_enter(place.parent, place.name, path, &entry));
  }
}

Receiver::Place Receiver::find_place(const std::string& path) {
  const std::string_view above = parent_of(path);
  if (!parent_ || parent_path_ != above) {
    parent_ = open_folder(above, true);
    parent_path_ = above;
  }
  return {parent_.get(), std::string(leaf_of(path)), path};
}

// From name to name, so that none of them leads elsewhere.
Fd Receiver::open_folder(std::string_view path, bool make) {
  Fd folder = sys::try_open(base_.get(), ".", O_PATH | O_DIRECTORY);
  if (!folder) fail("open", what_.to.path, errno);
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string name(path.substr(begin, end - begin));
    Fd next = make ? make_or_enter(folder.get(), name, path.substr(0, end), nullptr)
                   : sys::try_open(folder.get(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW);
    if (!next) return next;
    folder = std::move(next);
    begin = end + 1;
  }
  return folder;
}

// Folders that are new here are open to us until all is in place, whatever the archive says of them.
Fd Receiver::make_or_enter(int parent, const std::string& name, std::string_view path, const Entry* entry) {
  const bool made = ::mkdirat(parent, name.c_str(), 0700) == 0;
  if (!made && errno != EEXIST) fail("make the folder", path.empty() ? name : path, errno);
  Fd folder = sys::try_open(parent, name.c_str(), (made ? O_RDONLY : O_PATH) | O_DIRECTORY | O_NOFOLLOW);
  if (!folder && (errno == ENOTDIR || errno == ELOOP))
    throw Error(format("cannot replace {}, which is no folder, by a folder", shown(path.empty() ? name : path)));
  if (!folder) fail("open the folder", path.empty() ? name : path, errno);
  if (made) settle(folder.get(), path, entry ? *entry : Entry{.kind = Kind::folder, .mode = 0755, .time = {0, UTIME_NOW}});
  return folder;
}

void Receiver::settle(int folder, std::string_view path, const Entry& entry) {
  struct stat status {};
  if (::fstat(folder, &status) != 0) fail("look at", path, errno);
  const unsigned mode = own(folder, entry);
  if (what_.archive) set_xattrs(folder, entry, counts_);
  made_.push_back({std::string(path), status.st_dev, status.st_ino, mode, entry.time});
}

// Outside all are the caller's, unless that is root.
bool Receiver::keeps_owners() const { return what_.archive && (what_.to.inside || ::geteuid() == 0); }

unsigned Receiver::own(int fd, const Entry& entry) {
  if (!keeps_owners()) return entry.mode & sticky_and_permissions;
  return what_.remembered ? set_or_keep_owner(fd, entry, counts_) : set_owner(fd, "", entry, counts_);
}

void Receiver::make_file(const Place& place, const Entry& entry) {
  Meanwhile meanwhile(place.parent);
  const Fd file = sys::try_open(place.parent, meanwhile.name(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  if (!file) fail("make", place.path, errno);
  write_contents(file.get(), place.path, entry);
  const unsigned mode = own(file.get(), entry);
  if (what_.archive) set_xattrs(file.get(), entry, counts_);
  set_mode_and_time(file.get(), place.path, mode, entry.time);
  meanwhile.become(place.name, place.path);
}

void Receiver::write_contents(int file, const std::string& path, const Entry& entry) {
  for (Block block; reader_.read(block);)
    if (const int error = sys::write_all_at(file, block.data, block.offset)) fail("write", path, error);
  struct stat status {};
  if (::fstat(file, &status) != 0) fail("look at", path, errno);
  if (status.st_size < entry.size && ::ftruncate(file, entry.size) != 0) fail("write", path, errno);
}

void Receiver::make_link(const Place& place, const Entry& entry) {
  Meanwhile meanwhile(place.parent);
  if (::symlinkat(entry.link.c_str(), place.parent, meanwhile.name()) != 0) fail("make the link", place.path, errno);
  Unpacked links;  // of which nothing is remembered, and nobody told
  if (keeps_owners()) static_cast<void>(set_owner(place.parent, meanwhile.name(), entry, what_.remembered ? links : counts_));
  const timespec times[2]{{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, entry.time};
  if (::utimensat(place.parent, meanwhile.name(), times, AT_SYMLINK_NOFOLLOW) != 0) fail("set the time of", place.path, errno);
  meanwhile.become(place.name, place.path);
}

void Receiver::make_hard_link(const Place& place, const Entry& entry) {
  const std::string first = clean_name(entry.link);
  const Fd folder = open_folder(parent_of(first), false);
  Meanwhile meanwhile(place.parent);
  if (!folder || ::linkat(folder.get(), std::string(leaf_of(first)).c_str(), place.parent, meanwhile.name(), 0) != 0)
    fail(format("link {} to", shown(place.path)), first, errno);
  meanwhile.become(place.name, place.path);
}

void Receiver::finish_folders() {
  // What is below a folder comes before it, for the folder's mode may close the way.
  std::stable_sort(made_.begin(), made_.end(), [](const Made& a, const Made& b) { return a.path > b.path; });
  for (const Made& made : made_) {
    const Fd way = open_folder(made.path, false);
    const Fd folder = way ? sys::try_open(way.get(), ".", O_RDONLY | O_DIRECTORY) : Fd();
    const auto status = folder ? sys::find_status(folder.get(), "") : std::nullopt;
    if (!status || status->st_dev != made.device || status->st_ino != made.inode) continue;  // another's by now
    set_mode_and_time(folder.get(), made.path, made.mode, made.time);
  }
}

CopyLosses receive_copy(int stream, const Receiving& what) { return Receiver(stream, what).run(); }

}  // namespace snug::layer
