#include "store_folder.hh"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/image/store.hh"
#include "snug/sys/file.hh"

namespace snug::image {
namespace {

using sys::Fd;

constexpr std::string_view empty_index = R"({"schemaVersion":2,"manifests":[]})";

constexpr const char* reserve = "/locks/reserve";

// flock(2), which a signal may end.
void take(int fd, int how, const std::string& path) {
  while (::flock(fd, how) != 0)
    if (errno != EINTR) throw system_error(format("lock {}", quoted(path)), errno);
}

void take_after(int fd, const std::string& path, const std::function<void()>& waiting) {
  if (::flock(fd, LOCK_EX | LOCK_NB) == 0) return;
  if (waiting) waiting();
  take(fd, LOCK_EX, path);
}

bool is_still_at(int fd, const std::string& path) {
  const auto held = sys::find_status(fd, ""), there = sys::find_status(AT_FDCWD, path.c_str());
  return held && there && held->st_ino == there->st_ino;
}

void check_private(const std::string& path) {
  const auto status = sys::find_status(AT_FDCWD, path.c_str());
  if (!status || status->st_uid != ::geteuid() || (status->st_mode & 077) != 0)
    throw Error(format("{} is open to others, or not yours", quoted(path)), format("chmod 700 {}", shell_quoted(path)));
}

void make_folders(const std::string& path) {
  for (const std::string_view algorithm : algorithms) sys::make_folders(blobs_folder(path, algorithm));
  for (const char* folder : {"/layers", "/staging", "/locks"}) sys::make_folders(path + folder);
  for (const char* folder : {"/images", "/layers", "/staging", "/locks"}) check_private(path + folder);
}

// The folder of `path` on the disk, so that a name in it stays after a power cut.
void sync_parent(const std::string& path) {
  const Fd parent = sys::try_open(AT_FDCWD, path.substr(0, path.rfind('/')).c_str(), O_RDONLY | O_DIRECTORY);
  if (parent) ::fsync(parent.get());
}

}  // namespace

std::string blobs_folder(const std::string& path, std::string_view algorithm) { return format("{}/images/blobs/{}", path, algorithm); }

bool has_any_blob(const std::string& path) {
  return std::any_of(algorithms.begin(), algorithms.end(), [&](std::string_view algorithm) {
    const Fd folder = sys::try_open(AT_FDCWD, blobs_folder(path, algorithm).c_str(), O_RDONLY | O_DIRECTORY);
    return folder && !sys::list_folder(folder.get()).empty();
  });
}

void make_store(const std::string& path) {
  make_folders(path);
  const Fd images = sys::open(AT_FDCWD, path + "/images", O_RDONLY | O_DIRECTORY);
  if (!sys::find_status(images.get(), "oci-layout")) sys::replace_file(images.get(), "oci-layout", layout_text);
  if (sys::find_status(images.get(), "index.json") || has_any_blob(path)) return;
  take(images.get(), LOCK_EX, path + "/images");  // nobody may have given a name meanwhile
  if (!sys::find_status(images.get(), "index.json")) sys::replace_file(images.get(), "index.json", empty_index);
}

Fd lock_index(const std::string& path) {
  Fd images = sys::open(AT_FDCWD, path + "/images", O_RDONLY | O_DIRECTORY);
  take(images.get(), LOCK_EX, path + "/images");
  return images;
}

void keep_reserve(const std::string& path, std::uint64_t size) noexcept {
  constexpr std::uint64_t least = 64U << 10U;
  const Fd file = sys::try_open(AT_FDCWD, (path + reserve).c_str(), O_WRONLY | O_CREAT | O_NOFOLLOW, 0600);
  if (file) static_cast<void>(::fallocate(file.get(), 0, 0, static_cast<off_t>(std::max(size, least))));
}

bool drop_reserve(const std::string& path) noexcept { return ::unlink((path + reserve).c_str()) == 0; }

Staged Staged::make_folder(const Store& store) {
  make_store(store.path());
  const std::string path = format("{}/staging/{}", store.path(), sys::random_name());
  if (::mkdir(path.c_str(), 0700) != 0) throw system_error(format("make the folder {}", quoted(path)), errno);
  Fd folder = sys::open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  take(folder.get(), LOCK_EX, path);
  return {std::move(folder), path};
}

Staged Staged::open_file(const Store& store, const std::string& name, const std::function<void()>& waiting) {
  make_store(store.path());
  const std::string path = format("{}/staging/{}", store.path(), name);
  for (;;) {
    Fd file = sys::open(AT_FDCWD, path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
    take_after(file.get(), path, waiting);
    // Who had it may have given it its last name, or removed it.
    if (is_still_at(file.get(), path)) return {std::move(file), path};
  }
}

bool Staged::move_to(const std::string& path) {
  if (::fsync(fd_.get()) != 0) throw system_error(format("write {}", quoted(path_)), errno);
  sys::make_folders(path.substr(0, path.rfind('/')));
  if (::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, path.c_str(), RENAME_NOREPLACE) != 0) {
    if (errno == EEXIST || errno == ENOTEMPTY) return false;
    throw system_error(format("give {} its name", quoted(path)), errno);
  }
  path_ = path;
  sync_parent(path);
  return true;
}

Lock::Lock(const Store& store, const std::string& name) : path_(format("{}/locks/{}", store.path(), name)) {
  make_store(store.path());
  do {
    file_ = sys::open(AT_FDCWD, path_, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
    take(file_.get(), LOCK_EX, path_);
  } while (!is_still_at(file_.get(), path_));  // who had it takes the name away with it
}

Lock::~Lock() { ::unlink(path_.c_str()); }

Fd lock_shared(const Store& store) {
  make_store(store.path());
  const std::string path = store.path() + "/locks/store";
  Fd file = sys::open(AT_FDCWD, path, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
  take(file.get(), LOCK_SH, path);
  return file;
}

// Who takes away makes no file: which is missing is for gc --check to tell.
Fd try_lock_exclusive(const Store& store) {
  make_folders(store.path());
  Fd file = sys::open(AT_FDCWD, store.path() + "/locks/store", O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
  return ::flock(file.get(), LOCK_EX | LOCK_NB) == 0 ? std::move(file) : Fd();
}

}  // namespace snug::image
