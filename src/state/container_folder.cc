#include "snug/state/container_folder.hh"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/state/names.hh"
#include "snug/state/record.hh"
#include "snug/sys/file.hh"

namespace snug::state {
namespace {

using sys::Fd;

// Opens STORE/containers; makes it on the way where it is missing.
Fd open_containers(const std::string& store) {
  const std::string path = store + "/containers";
  Fd folder = sys::try_open(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY);
  if (!folder && errno == ENOENT) {
    sys::make_folders(path);
    folder = sys::try_open(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY);
  }
  if (!folder) throw system_error(format("open {}", quoted(path)), errno);
  const auto status = sys::find_status(folder.get(), "");
  if (!status || status->st_uid != ::geteuid() || (status->st_mode & 077) != 0)
    throw Error(format("{} is open to others, or not yours", quoted(path)), format("chmod 700 {}", shell_quoted(path)));
  return folder;
}

// Who only looks whether a folder is held, holds it himself for a moment.
bool lock_soon(const Fd& folder) {
  const timespec moment{0, 10'000'000};
  for (int attempt = 0; ::flock(folder.get(), LOCK_EX | LOCK_NB) != 0; ++attempt) {
    if (attempt == 20) return false;
    ::nanosleep(&moment, nullptr);
  }
  return true;
}

}  // namespace

ContainerFolder::ContainerFolder(const std::string& store) {
  const Fd containers = open_containers(store);
  // Shared by all who make folders, so that nobody takes one for a leftover before its lock is held.
  if (::flock(containers.get(), LOCK_SH) != 0) throw system_error(format("lock {}", quoted(store)), errno);
  int error = 0;
  do {
    id_ = sys::random_name();
    error = ::mkdirat(containers.get(), id_.c_str(), 0700) == 0 ? 0 : errno;
  } while (error == EEXIST);
  path_ = folder_of(store, id_);
  if (error) throw system_error(format("make the folder {}", quoted(path_)), error);
  lock_ = sys::open(AT_FDCWD, path_, O_RDONLY | O_DIRECTORY);
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) throw system_error(format("lock {}", quoted(path_)), errno);
}

ContainerFolder::ContainerFolder(const std::string& store, const std::string& id) : id_(id), path_(folder_of(store, id)) {
  lock_ = sys::open(AT_FDCWD, path_, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!lock_soon(lock_)) {
    const std::string name = find_name_of(store, id).value_or(id);
    throw Error(format("the container {} runs, or is being started or changed", quoted(name)), format("'snug ps' tells; 'snug rm --force {}' ends and removes it", shell_quoted(name)));
  }
  const auto held = sys::find_status(lock_.get(), ""), there = sys::find_status(AT_FDCWD, path_.c_str());
  if (!there || held->st_ino != there->st_ino) throw Error(format("the container {} has just been removed", quoted(id)));
}

// A power cut in the middle of making one may leave the mark with an empty record, or none: it has never run then, and nothing else is there. Anything
// else is somebody's, whatever became of the record.
bool is_kept(const Fd& folder) {
  if (!sys::find_status(folder.get(), kept_mark)) return false;
  const auto record = sys::find_status(folder.get(), "config.json");
  if (record && record->st_size > 0) return true;
  const Fd readable = sys::try_open(folder.get(), ".", O_RDONLY | O_DIRECTORY);
  const std::vector<sys::Entry> entries = readable ? sys::list_folder(readable.get()) : std::vector<sys::Entry>();
  return !readable || std::any_of(entries.begin(), entries.end(), [](const sys::Entry& each) {
    return each.name != kept_mark && each.name != readers_file && each.name != "config.json" && each.name != "config.new";
  });
}

bool is_leftover(const std::string& path) {
  const Fd folder = sys::try_open(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  return folder && !is_kept(folder) && ::flock(folder.get(), LOCK_SH | LOCK_NB) == 0;
}

std::vector<std::string> find_leftovers(const std::string& store) {
  std::vector<std::string> found;
  const Fd containers = sys::try_open(AT_FDCWD, (store + "/containers").c_str(), O_RDONLY | O_DIRECTORY);
  if (!containers || ::flock(containers.get(), LOCK_EX | LOCK_NB) != 0) return found;
  for (const sys::Entry& entry : sys::list_folder(containers.get())) {
    const Fd folder = sys::try_open(containers.get(), entry.name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (folder && ::flock(folder.get(), LOCK_EX | LOCK_NB) == 0 && !is_kept(folder))
      found.push_back(format("{}/containers/{}", store, entry.name));
  }
  return found;
}

}  // namespace snug::state
