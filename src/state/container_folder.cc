#include "snug/state/container_folder.hh"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::state {
namespace {

using sys::Fd;

std::string random_id() {
  std::uint64_t bits = 0;
  if (::getrandom(&bits, sizeof bits, 0) != sizeof bits) throw system_error("get random bytes", errno);
  return format("{:012x}", bits >> 16U);
}

void make_folders(const std::string& path) {
  for (std::size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    const std::string prefix = path.substr(0, slash);
    if (::mkdir(prefix.c_str(), 0700) != 0 && errno != EEXIST)
      throw system_error(format("make the folder {}", quoted(prefix)), errno,
                         "snug keeps its data there; XDG_DATA_HOME names another place");
    if (slash == std::string::npos) return;
  }
}

// Opens STORE/containers; makes it on the way where it is missing.
Fd open_containers(const std::string& store) {
  const std::string path = store + "/containers";
  Fd folder = sys::try_open(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY);
  if (!folder && errno == ENOENT) {
    make_folders(path);
    folder = sys::try_open(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY);
  }
  if (!folder) throw system_error(format("open {}", quoted(path)), errno);
  const auto status = sys::find_status(folder.get(), "");
  if (!status || status->st_uid != ::geteuid() || (status->st_mode & 077) != 0)
    throw Error(format("{} is open to others, or not yours", quoted(path)), format("chmod 700 {}", shell_quoted(path)));
  return folder;
}

}  // namespace

ContainerFolder::ContainerFolder(const std::string& store) {
  const Fd containers = open_containers(store);
  // Shared by all who make folders, so that nobody takes one for a leftover before its lock is held.
  if (::flock(containers.get(), LOCK_SH) != 0) throw system_error(format("lock {}", quoted(store)), errno);
  int error = 0;
  do {
    id_ = random_id();
    error = ::mkdirat(containers.get(), id_.c_str(), 0700) == 0 ? 0 : errno;
  } while (error == EEXIST);
  path_ = format("{}/containers/{}", store, id_);
  if (error) throw system_error(format("make the folder {}", quoted(path_)), error);
  lock_ = sys::try_open(AT_FDCWD, path_.c_str(), O_RDONLY | O_DIRECTORY);
  if (!lock_) throw system_error(format("open {}", quoted(path_)), errno);
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) throw system_error(format("lock {}", quoted(path_)), errno);
}

std::vector<std::string> find_leftovers(const std::string& store) {
  std::vector<std::string> found;
  const Fd containers = sys::try_open(AT_FDCWD, (store + "/containers").c_str(), O_RDONLY | O_DIRECTORY);
  if (!containers || ::flock(containers.get(), LOCK_EX | LOCK_NB) != 0) return found;
  for (const sys::Entry& entry : sys::list_folder(containers.get())) {
    const Fd folder = sys::try_open(containers.get(), entry.name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (folder && ::flock(folder.get(), LOCK_EX | LOCK_NB) == 0)
      found.push_back(format("{}/containers/{}", store, entry.name));
  }
  return found;
}

}  // namespace snug::state
