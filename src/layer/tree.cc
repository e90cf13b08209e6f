#include "tree.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "attributes.hh"
#include "mark.hh"
#include "name.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::layer {
namespace {

using sys::Fd;

// Until all is in place folders are open to us, whatever the archive says of them.
constexpr unsigned meanwhile = 0700;

constexpr std::int64_t large_file = 1 << 20;

// Whatever it is, with all that is in it.
void remove_all(int parent, const char* leaf, std::string_view path) {
  if (::unlinkat(parent, leaf, 0) == 0 || errno == ENOENT) return;
  if (errno != EISDIR) fail("remove", path, errno);
  const Fd folder = sys::try_open(parent, leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!folder) fail("open the folder", path, errno);
  for (const sys::Entry& entry : sys::list_folder(folder.get())) remove_all(folder.get(), entry.name.c_str(), path);
  if (::unlinkat(parent, leaf, AT_REMOVEDIR) != 0) fail("remove", path, errno);
}

const char* leaf_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return path.c_str() + (slash == std::string::npos ? 0 : slash + 1);
}

}  // namespace

Tree::Tree(int target, Form form, const Limits& limits, Unpacked& counts) noexcept
    : target_(target), form_(form), uid_(::geteuid()), gid_(::getegid()), masked_(::umask(0)), limits_(limits), counts_(counts) {
  ::umask(masked_);
  if (form == Form::layer) counts.implied.emplace();
}

void Tree::place(const Entry& entry, Archive& archive) {
  count();
  if (entry.kind == Kind::socket) return;
  const std::string path = clean_name(entry.name);
  if (path.empty()) return make_root(entry);
  const Mark mark = form_ != Form::tree ? mark_of(path) : Mark::none;
  if (mark != Mark::none && entry.kind == Kind::device) return;  // no device is a mark
  switch (mark) {
    case Mark::whiteout: return hide(hidden_by(path));
    case Mark::opaque: return make_opaque(path);
    case Mark::ignored: return;
    case Mark::none: break;
  }
  const Place place = open_place(path);
  switch (entry.kind) {
    case Kind::file: return make_file(place, entry, archive);
    case Kind::folder: return make_folder(place, entry);
    case Kind::symlink: return make_symlink(place, entry);
    case Kind::hard_link: return make_hard_link(place, entry);
    case Kind::fifo: return make_fifo(place, entry);
    case Kind::device: return make_device(place, entry);
    case Kind::socket: return;
  }
}

void Tree::count() {
  if (++made_ > limits_.entries) throw Error(format("it has more than {} entries", limits_.entries));
}

Tree::Place Tree::open_place(const std::string& path) {
  const std::string_view parent = parent_of(path);
  if (!parent_ || parent != parent_path_) {
    Fd folder = open_folder(parent);
    const bool hidden = form_ == Form::layer && errno == ENOTDIR;  // a whiteout may be on the way
    if (!folder && (errno == ENOENT || hidden)) folder = open_parents(std::string(parent));
    if (!folder) fail("open the folder", parent, errno);
    parent_ = std::move(folder);
    parent_path_ = parent;
  }
  return {parent_.get(), path, leaf_of(path)};
}

Fd Tree::open_folder(std::string_view path) const {
  return sys::try_open_in_root(target_, path.empty() ? "." : std::string(path).c_str(), O_PATH | O_DIRECTORY);
}

// Goes down to a folder and makes what is missing on the way.
Fd Tree::open_parents(const std::string& path) {
  Fd folder = open_folder("");
  for (std::size_t slash = 0; folder && slash != std::string::npos;) {
    slash = path.find('/', slash + 1);
    folder = step(folder.get(), path.substr(0, slash));
  }
  return folder;
}

Fd Tree::step(int folder, const std::string& path) {
  const char* leaf = leaf_of(path);
  Fd next = sys::try_open(folder, leaf, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  if (!next && errno == ENOENT) return make_parent(folder, path);
  if (!next && errno == ENOTDIR && reveal(folder, path)) return step(folder, path);
  if (!next && errno == ENOTDIR) next = open_folder(path);  // a link leads to another place, seen from the root
  if (!next) fail("open the folder", path, errno);
  return next;
}

Fd Tree::make_parent(int folder, const std::string& path) {
  count();
  if (::mkdirat(folder, leaf_of(path), meanwhile) != 0) fail("make the folder", path, errno);
  Fd made = sys::try_open(folder, leaf_of(path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!made || ::fchmod(made.get(), 0755) != 0) fail("open the folder", path, errno);
  ++counts_.names;
  if (form_ != Form::layer) return made;
  remember(sizeof(std::string) + path.size());
  counts_.implied.insert(path);
  return made;
}

// Turns a whiteout into the opaque folder that the layer has in that place; false where there is none.
bool Tree::reveal(int folder, const std::string& path) {
  const int error = errno;
  const auto status = form_ == Form::layer ? sys::find_status(folder, leaf_of(path)) : std::nullopt;
  errno = error;
  if (!status || !is_whiteout(*status)) return false;
  if (::unlinkat(folder, leaf_of(path), 0) != 0) fail("replace the whiteout of", path, errno);
  --counts_.names;
  static_cast<void>(make_parent(folder, path));
  const Fd made = sys::try_open(folder, leaf_of(path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!made) fail("open the folder", path, errno);
  remember_opaque(made.get(), path);
  return true;
}

template <typename Make>
void Tree::replace(const Place& place, Make make) {
  bool made = make();
  if (!made && errno == EEXIST) {
    clear(place);
    made = make();
  }
  if (!made) fail("make", place.path, errno);
  ++counts_.names;
}

// Takes away what is in the way, but no folder with something in it: unless a layer below has brought it.
void Tree::clear(const Place& place) {
  if (form_ == Form::onto) return remove_all(place.parent, place.leaf, place.path);
  if (::unlinkat(place.parent, place.leaf, 0) != 0 && (errno != EISDIR || ::unlinkat(place.parent, place.leaf, AT_REMOVEDIR) != 0))
    fail("replace", place.path, errno);
  --counts_.names;
}

void Tree::make_file(const Place& place, const Entry& entry, Archive& archive) {
  const bool plain = is_plain(entry);
  Fd file;
  replace(place, [&] {
    file = sys::try_open(place.parent, place.leaf, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, plain ? entry.mode : 0600);
    return static_cast<bool>(file);
  });
  write_data(file.get(), entry, archive);
  if (plain) return set_time(file.get(), place.path, entry.time);
  // The order matters: writing and a new owner clear setuid and capabilities, and a mode may forbid attributes.
  const unsigned mode = set_or_keep_owner(file.get(), entry, counts_);
  set_xattrs(file.get(), entry, counts_);
  set_mode_and_time(file.get(), place.path, mode, entry.time);
}

// Most files of images can be made as they are to be: root's, and without anything that writing would clear.
bool Tree::is_plain(const Entry& entry) const noexcept {
  return form_ == Form::layer && entry.uid == uid_ && entry.gid == gid_ && entry.xattrs.empty() &&
         (entry.mode & (07000U | masked_)) == 0;
}

void Tree::write_data(int file, const Entry& entry, Archive& archive) {
  std::int64_t end = 0;
  for (Block block; archive.read(block);) {
    bytes_ += block.data.size();
    if (limits_.bytes && bytes_ > limits_.bytes)
      throw Error(format("its files are larger than the {} bytes that it may fill, at {}", limits_.bytes, shown(entry.name)));
    if (const int error = sys::write_all_at(file, block.data, block.offset)) fail("write", entry.name, error);
    end = block.offset + static_cast<std::int64_t>(block.data.size());
  }
  if (end != entry.size && ::ftruncate(file, entry.size) != 0) fail("write", entry.name, errno);
  // Who names the layer syncs it, and would find all of it still to be written. Where this cannot be, it takes longer.
  if (form_ == Form::layer && entry.size >= large_file) static_cast<void>(::sync_file_range(file, 0, 0, SYNC_FILE_RANGE_WRITE));
}

void Tree::make_folder(const Place& place, const Entry& entry) {
  if (::mkdirat(place.parent, place.leaf, meanwhile) == 0) {
    ++counts_.names;
  } else {
    if (errno != EEXIST) fail("make the folder", place.path, errno);
    const auto there = sys::find_status(place.parent, place.leaf);
    // A distribution's bin -> usr/bin stays, though some package thinks of it as a folder. A layer's author knows.
    if (form_ == Form::tree && there && S_ISLNK(there->st_mode) && open_folder(place.path)) return;
    if (!reveal(place.parent, place.path) && (!there || !S_ISDIR(there->st_mode)))
      replace(place, [&] { return ::mkdirat(place.parent, place.leaf, meanwhile) == 0; });
  }
  const Fd folder = sys::try_open(place.parent, place.leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!folder) fail("open the folder", place.path, errno);
  if (form_ == Form::onto) clear_xattrs(folder.get());  // a layer below may have brought it
  set_folder(folder.get(), place.path, entry);
}

void Tree::make_root(const Entry& entry) {
  if (entry.kind != Kind::folder) throw Error(format("its root, {}, is no folder", shown(entry.name)));
  const Fd folder = sys::try_open(target_, ".", O_RDONLY | O_DIRECTORY);
  if (!folder) fail("open the folder", ".", errno);
  set_folder(folder.get(), "", entry);
}

void Tree::set_folder(int folder, const std::string& path, const Entry& entry) {
  const unsigned mode = set_or_keep_owner(folder, entry, counts_);
  set_xattrs(folder, entry, counts_);
  counts_.implied.erase(path);
  remember(sizeof(Folder) + path.size());
  folders_.push_back({path, entry.time, mode});
}

void Tree::remember(std::size_t bytes) {
  constexpr std::size_t allocation = 16;
  memory_ += bytes + allocation;
  if (memory_ > limits_.memory) throw Error(format("it has more folders than {} bytes of memory hold", limits_.memory));
}

void Tree::finish() {
  clear_opaque();
  // What is below a folder comes before it, for the folder's mode may close the way.
  std::stable_sort(folders_.begin(), folders_.end(), [](const Folder& a, const Folder& b) { return a.path > b.path; });
  for (std::size_t at = 0; at < folders_.size(); ++at) {
    const Folder& folder = folders_[at];
    if (at + 1 < folders_.size() && folders_[at + 1].path == folder.path) continue;  // a later entry says it anew
    const std::string path = folder.path.empty() ? "." : folder.path;
    const Fd fd = sys::try_open_in_root(target_, path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!fd && (errno == ENOTDIR || errno == ENOENT)) continue;  // a later entry replaced it, or a link on the way
    if (!fd) fail("open the folder", path, errno);
    set_mode_and_time(fd.get(), path, folder.mode, folder.time);
  }
}

void Tree::make_symlink(const Place& place, const Entry& entry) {
  replace(place, [&] { return ::symlinkat(entry.link.c_str(), place.parent, place.leaf) == 0; });
  static_cast<void>(set_owner(place.parent, place.leaf, entry, counts_));
  counts_.xattrs += entry.xattrs.size();
  const timespec times[2]{{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, entry.time};
  if (::utimensat(place.parent, place.leaf, times, AT_SYMLINK_NOFOLLOW) != 0)
    fail("set the time of", place.path, errno);
}

// The attributes are those of the file, which was there before.
void Tree::make_hard_link(const Place& place, const Entry& entry) {
  const std::string path = clean_name(entry.link);
  const Fd folder = open_folder(parent_of(path));
  const auto file = folder ? sys::find_status(folder.get(), leaf_of(path)) : std::nullopt;
  const int error = !file || is_whiteout(*file) ? ENOENT : S_ISDIR(file->st_mode) ? EISDIR : 0;
  if (error) fail(format("link {} to", shown(place.path)), path, error);
  const auto there = sys::find_status(place.parent, place.leaf);
  if (there && there->st_dev == file->st_dev && there->st_ino == file->st_ino) return;
  replace(place, [&] { return ::linkat(folder.get(), leaf_of(path), place.parent, place.leaf, 0) == 0; });
}

void Tree::make_fifo(const Place& place, const Entry& entry) {
  replace(place, [&] { return ::mkfifoat(place.parent, place.leaf, 0600) == 0; });
  const Fd fifo = sys::try_open(place.parent, place.leaf, O_RDONLY | O_NONBLOCK | O_NOFOLLOW);
  if (!fifo) fail("open", place.path, errno);
  const unsigned mode = set_owner(fifo.get(), "", entry, counts_);
  counts_.xattrs += entry.xattrs.size();
  set_mode_and_time(fifo.get(), place.path, mode, entry.time);
}

// The devices of a container are its runtime's. An empty file stands for each, so that links find it, and says which one it is.
void Tree::make_device(const Place& place, const Entry& entry) {
  ++counts_.devices;
  Fd file;
  replace(place, [&] {
    file = sys::try_open(place.parent, place.leaf, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    return static_cast<bool>(file);
  });
  keep_device(file.get(), entry);
  set_mode_and_time(file.get(), place.path, entry.mode & 0777U, entry.time);
}

// An entry of the same layer stays; only what is below a folder of it is hidden.
void Tree::hide(const std::string& path) {
  ++counts_.marks;
  const Place place = open_place(path);
  if (form_ == Form::onto) return remove_all(place.parent, place.leaf, path);
  if (::mknodat(place.parent, place.leaf, S_IFCHR, 0) == 0) return static_cast<void>(++counts_.names);
  if (errno != EEXIST) fail("make, where the store lies, the whiteout of", path, errno);
  if (const Fd folder = sys::try_open(place.parent, place.leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)) remember_opaque(folder.get(), path);
}

void Tree::make_opaque(const std::string& path) {
  ++counts_.marks;
  const Place place = open_place(path);
  const Fd folder = sys::try_open(place.parent, ".", O_RDONLY | O_DIRECTORY);
  if (!folder) fail("open the folder", parent_of(path), errno);
  if (form_ == Form::layer) return remember_opaque(folder.get(), parent_of(path));
  for (const sys::Entry& entry : sys::list_folder(folder.get())) remove_all(folder.get(), entry.name.c_str(), path);
}

void Tree::remember_opaque(int folder, std::string_view path) {
  set_opaque(folder, path);
  remember(sizeof(std::string) + path.size());
  opaque_.emplace_back(path);
}

// The kernel shows the whiteouts of a folder that it does not merge with others as names that are not there.
void Tree::clear_opaque() {
  for (const std::string& path : opaque_) {
    const Fd folder = sys::try_open_in_root(target_, path.empty() ? "." : path.c_str(), O_RDONLY | O_DIRECTORY);
    if (!folder) continue;  // a later entry replaced it
    for (const sys::Entry& entry : sys::list_folder(folder.get()))
      if (const auto status = sys::find_status(folder.get(), entry.name.c_str()); status && is_whiteout(*status) && ::unlinkat(folder.get(), entry.name.c_str(), 0) == 0)
        --counts_.names;
  }
}

}  // namespace snug::layer
