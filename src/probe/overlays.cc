#include "overlays.hh"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "filesystem.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "snug/sys/mount.hh"

namespace snug::probe {
namespace {

using sys::Fd;

constexpr std::uint64_t mounting = CLONE_NEWUSER | CLONE_NEWNS;

// The kernel loads the module for whoever may mount.
int open_overlay() {
  const Fd filesystem = sys::open_filesystem("overlay");
  return filesystem ? 0 : errno;
}

int make_lower(const std::string& folder) {
  const Fd below = sys::try_open(AT_FDCWD, folder.c_str(), O_PATH | O_DIRECTORY), root = sys::try_open(AT_FDCWD, "/", O_PATH | O_DIRECTORY);
  const Fd memory = sys::open_filesystem("tmpfs");
  const Fd scratch = memory ? sys::make_mount(memory.get(), 0) : Fd();
  if (!below || !root || !scratch) return errno;
  if (const int error = sys::attach_mount(scratch.get(), root.get())) return error;
  const Fd filesystem = sys::open_filesystem("overlay");
  if (!filesystem) return errno;
  const std::string lowers = format("/proc/self/fd/{}:/proc/self/fd/{}", below.get(), scratch.get());
  if (const int error = sys::set_option(filesystem.get(), "lowerdir", lowers.c_str())) return error;
  if (const int error = sys::set_option(filesystem.get(), "userxattr", "")) return error;
  return sys::make_mount(filesystem.get(), 0) ? 0 : errno;
}

bool has_overlay(const Caller& caller) {
  return ::access("/sys/module/overlay", F_OK) == 0 || try_in_child(caller, mounting, open_overlay) != ENODEV;
}

void read_lower(plan::HostFacts& facts, const plan::Spec& spec) {
  const bool of_image = spec.rootfs.kind == plan::Rootfs::Kind::image;
  if (!of_image && spec.rootfs.kind != plan::Rootfs::Kind::directory) return;
  // Layers are only there where whiteouts and their attributes could be made.
  const Filesystem filesystem = filesystem_at(of_image ? facts.store : spec.rootfs.path);
  if (filesystem.takes_lower || of_image) return;
  facts.takes_lower = try_as_lower({facts.uid, facts.gid}, spec.rootfs.path) != EINVAL;
  if (!facts.takes_lower) facts.lower_type = filesystem.name;
}

}  // namespace

int try_as_lower(const Caller& caller, const std::string& folder) {
  return try_in_child(caller, mounting, [&] { return make_lower(folder); });
}

std::string find_fuse_overlayfs() {
  if (::access("/dev/fuse", R_OK | W_OK) != 0) return {};
  for (const char* path : {"/usr/bin/fuse-overlayfs", "/usr/local/bin/fuse-overlayfs"})
    if (::access(path, X_OK) == 0) return path;
  return {};
}

void read_overlays(plan::HostFacts& facts, const plan::Spec& spec) {
  facts.has_overlay = has_overlay({facts.uid, facts.gid});
  if (facts.has_overlay) read_lower(facts, spec);
  const bool serves = facts.has_overlay && facts.takes_lower && facts.store_takes_upper;
  if (!serves || spec.storage == plan::StorageDriver::fuse_overlayfs) facts.fuse_overlayfs = find_fuse_overlayfs();
}

}  // namespace snug::probe
