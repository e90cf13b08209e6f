// Detached mounts, made while the host's root is still there to be looked at. Everything is a descriptor in a slot;
// nothing is attached to a path that a root file system has a say in.

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>

#include "child.hh"
#include "mounts.hh"
#include "snug/sys/file.hh"
#include "snug/sys/mount.hh"

namespace snug::runtime {
namespace {

using sys::Fd;

bool is_device(int fd, const plan::DeviceNode& wanted) noexcept {
  const auto status = sys::find_status(fd, "");
  if (!status) return false;
  if (!wanted.number) return S_ISCHR(status->st_mode) || S_ISBLK(status->st_mode);
  return S_ISCHR(status->st_mode) && status->st_rdev == makedev(*wanted.number >> 8U, *wanted.number & 0xffU);
}

}  // namespace

int fill(Context& context, plan::Slot slot, Fd mount, bool own) noexcept {
  if (!mount) return errno;
  context.slots[slot] = mount.release();
  context.own[slot] = own;
  return 0;
}

// Mounts over the host's root, in this namespace alone: "/" as a path still leads to what is below it.
int stage(int mount) noexcept {
  const Fd root = sys::try_open(AT_FDCWD, "/", O_PATH | O_DIRECTORY);
  return root ? sys::attach_mount(mount, root.get()) : errno;
}

std::uint64_t attributes_of(const plan::MountFlags& flags) noexcept {
  return (flags.read_only ? MOUNT_ATTR_RDONLY : 0U) | (flags.no_setuid ? MOUNT_ATTR_NOSUID : 0U) |
         (flags.no_devices ? MOUNT_ATTR_NODEV : 0U) | (flags.no_exec ? MOUNT_ATTR_NOEXEC : 0U);
}

int apply(Context& context, const plan::TakeTree& step, Report&) noexcept {
  const bool own = !step.source.starts_with('/');
  // What is looked at before it is taken, or on the way, is taken by the same descriptor.
  Fd node;
  if (step.device) {
    node = sys::try_open(AT_FDCWD, step.source.c_str(), O_PATH);
    if (!node) return errno;
    if (!is_device(node.get(), *step.device)) return ENODEV;
  } else if (!step.beneath.empty()) {
    const Fd folder = sys::try_open(AT_FDCWD, step.beneath.c_str(), O_PATH | O_DIRECTORY);
    if (folder) node = sys::try_open_below(folder.get(), step.rest(), O_PATH);
    if (!node) return errno;
  }
  Fd tree = node ? sys::clone_tree(node.get(), "", step.flags.recursive && !step.device)
                 : sys::clone_tree(own ? context.folder : AT_FDCWD, step.source.c_str(), step.flags.recursive);
  if (!tree) return errno;
  if (const int error = sys::set_mount_attributes(tree.get(), attributes_of(step.flags), step.flags.recursive)) return error;
  return fill(context, step.slot, std::move(tree), own);
}

int apply(Context& context, const plan::MakeFilesystem& step, Report& report) noexcept {
  const Fd filesystem = sys::open_filesystem(step.type.c_str());
  if (!filesystem) return errno;
  for (const auto& [key, value] : step.options)
    if (const int error = sys::set_option(filesystem.get(), key.c_str(), value.c_str())) return error;
  Fd mount = sys::make_mount(filesystem.get(), attributes_of(step.flags));
  if (!mount) sys::read_reason(filesystem.get(), report.reason.data(), report.reason.size());
  return fill(context, step.slot, std::move(mount), true);
}

int apply(Context& context, const plan::StageMount& step, Report&) noexcept {
  const int mount = context.slots[step.slot];
  for (const std::string& folder : step.folders)
    if (::mkdirat(mount, folder.c_str(), 0755) != 0) return errno;
  return stage(mount);
}

int apply(Context& context, const plan::MakeFiles& step, Report&) noexcept {
  const Fd filesystem = sys::open_filesystem("tmpfs");
  if (!filesystem) return errno;
  const Fd mount = sys::make_mount(filesystem.get(), MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
  if (!mount) return errno;
  // Only what is attached can be copied out of (open_tree(2), before Linux 6.15).
  if (const int error = stage(mount.get())) return error;
  for (const plan::MakeFiles::File& file : step.files) {
    const Fd out = sys::try_open(mount.get(), file.name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644);
    if (!out) return errno;
    if (const int error = sys::write_all(out.get(), file.content)) return error;
    if (const int error = fill(context, file.slot, sys::clone_tree(mount.get(), file.name.c_str(), false), false)) return error;
  }
  return 0;
}

int apply(Context& context, const plan::PivotRoot& step, Report&) noexcept {
  const int mount = context.slots[step.root];
  if (const int error = stage(mount)) return error;
  if (const int error = sys::pivot_to(mount)) return error;
  context.root = sys::try_open(AT_FDCWD, "/", O_PATH | O_DIRECTORY).release();
  if (context.root < 0) return errno;
  context.root_mount = sys::mount_id(mount);
  if (context.own[step.root]) context.own_mounts.push_back(context.root_mount);
  return 0;
}

}  // namespace snug::runtime
