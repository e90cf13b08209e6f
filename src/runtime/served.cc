// An overlay that a program makes instead of the kernel: inner half; the outer half is told in server.cc.
//
//   monitor ── fuse-overlayfs   outside, in a user namespace like the container's
//      └─ init                  makes the mount and hands /dev/fuse to the monitor
//
// Whoever is root inside can look into no process of another user namespace, also where it is to be seen: that one stands on the host, and who
// could look into it would be there as well.

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <utility>

#include "mounts.hh"
#include "snug/sys/file.hh"
#include "snug/sys/mount.hh"
#include "snug/sys/process.hh"

namespace snug::runtime {
namespace {

using sys::Fd;

int set_number(int filesystem, const char* key, unsigned number) noexcept {
  std::array<char, 16> text{};
  std::to_chars(text.data(), text.data() + text.size() - 1, number);
  return sys::set_option(filesystem, key, text.data());
}

int set_options(int filesystem, int device) noexcept {
  if (const int error = sys::set_option(filesystem, "source", "fuse-overlayfs")) return error;
  if (const int error = set_number(filesystem, "fd", static_cast<unsigned>(device))) return error;
  if (const int error = sys::set_option(filesystem, "rootmode", "40000")) return error;
  if (const int error = set_number(filesystem, "user_id", ::geteuid())) return error;
  if (const int error = set_number(filesystem, "group_id", ::getegid())) return error;
  if (const int error = sys::set_option(filesystem, "default_permissions", "")) return error;
  return sys::set_option(filesystem, "allow_other", "");
}

int hand_over(const Context& context, Report& report, Fd device) noexcept {
  report.kind = Report::server;
  const int number = device.get();
  const int error = sys::send_message(context.report, {reinterpret_cast<const char*>(&report), sizeof report}, {&number, 1});
  report.kind = Report::done;
  return error;
}

}  // namespace

int make_served(Context& context, const plan::MakeOverlay& step, Report& report, Fd& mount) noexcept {
  Fd device = sys::try_open(AT_FDCWD, "/dev/fuse", O_RDWR);
  const Fd filesystem = sys::open_filesystem("fuse");
  if (!device || !filesystem) return errno;
  if (const int error = set_options(filesystem.get(), device.get())) return error;
  mount = sys::make_mount(filesystem.get(), attributes_of(step.flags));
  if (!mount) {
    const int error = errno;
    sys::read_reason(filesystem.get(), report.reason.data(), report.reason.size());
    return error;
  }
  if (const int error = hand_over(context, report, std::move(device))) return error;
  // Waits until the program serves; with nobody left who holds the device the kernel gives up.
  struct stat status {};
  return ::fstat(mount.get(), &status) == 0 ? 0 : errno;
}

}  // namespace snug::runtime
