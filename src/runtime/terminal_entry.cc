// An entry of terminfo for a container that runs, whose root belongs to whoever lives in it: no link is followed, and what stands in the
// way is left as it is. A terminal that nobody knows works all the same, only worse.

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <cerrno>

#include "child.hh"
#include "snug/sys/file.hh"
#include "snug/sys/mount.hh"

namespace snug::runtime {
namespace {

using sys::Fd;

Fd open_folder(int parent, const char* name) noexcept { return sys::try_open(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW); }

bool is_memory(int fd) noexcept {
  struct statfs filesystem {};
  return ::fstatfs(fd, &filesystem) == 0 && filesystem.f_type == TMPFS_MAGIC;
}

// Of the root itself, or in memory: the plan knows that nothing of the host's is bound there.
Fd open_run(int root) noexcept {
  Fd run = open_folder(root, "run");
  const auto status = run ? sys::find_status(run.get(), "") : std::nullopt, top = sys::find_status(root, "");
  return status && top && (status->st_dev == top->st_dev || is_memory(run.get())) ? std::move(run) : Fd();
}

Fd open_or_make_folder(int parent, const char* name) noexcept {
  if (::mkdirat(parent, name, 0755) != 0 && errno != EEXIST) return {};
  return open_folder(parent, name);
}

// What it is mounted on: an empty file, which an earlier start may have left.
Fd open_or_make_file(int parent, const char* name) noexcept {
  const Fd made = sys::try_open(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644);
  Fd file = sys::try_open(parent, name, O_PATH | O_NOFOLLOW);
  const auto status = file ? sys::find_status(file.get(), "") : std::nullopt;
  return status && S_ISREG(status->st_mode) ? std::move(file) : Fd();
}

// Only what is attached can be copied out of (open_tree(2), before Linux 6.15): then it is attached to `place`, for as long as that takes.
Fd take_file(const Fd& mount, const char* name, int place) noexcept {
  Fd file = sys::clone_tree(mount.get(), name, false);
  if (file || errno != EINVAL || sys::attach_mount(mount.get(), place) != 0) return file;
  file = sys::clone_tree(mount.get(), name, false);
  if (::fchdir(mount.get()) == 0) static_cast<void>(::umount2(".", MNT_DETACH));
  return file;
}

}  // namespace

int apply(Context&, const plan::CarryTerminal& step, Report&) noexcept {
  const char first[] = {step.type[0], '\0'}, *name = step.type.c_str();
  const Fd root = sys::try_open(AT_FDCWD, "/", O_PATH | O_DIRECTORY);
  const Fd run = open_run(root.get()), all = open_or_make_folder(run.get(), "terminfo"), folder = open_or_make_folder(all.get(), first);
  const Fd place = open_or_make_file(folder.get(), name);
  const Fd filesystem = place ? sys::open_filesystem("tmpfs") : Fd();
  const Fd mount = filesystem ? sys::make_mount(filesystem.get(), MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC) : Fd();
  const Fd out = mount ? sys::try_open(mount.get(), name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644) : Fd();
  if (!out || sys::write_all(out.get(), step.entry) != 0) return 0;
  if (const Fd file = take_file(mount, name, folder.get())) static_cast<void>(sys::attach_mount(file.get(), place.get()));
  return ::chdir("/") == 0 ? 0 : errno;
}

}  // namespace snug::runtime
