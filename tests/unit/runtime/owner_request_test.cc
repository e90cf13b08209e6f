#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <cstdlib>
#include <cstring>
#include <string>

#include "caller_path.hh"
#include "owner_request.hh"
#include "snug/sys/file.hh"

using namespace snug;
using namespace snug::runtime;
using Kind = OwnerRequest::Kind;

namespace {

constexpr std::uint64_t here = static_cast<std::uint32_t>(AT_FDCWD);

// Where a path leads that a thread of that number has named.
std::string place_of(const char* path, bool follow = true, int folder = AT_FDCWD) {
  CallerPath place;
  if (!path) return place.set(7, folder), place.whole();
  std::strcpy(place.buffer().data(), path);
  place.set_with_path(7, folder, follow);
  return place.whole();
}

}  // namespace

TEST_CASE("owner request: calls of one meaning are one request") {
  const OwnerRequest at = read_request(SYS_fchownat, {here, 99, 5, 0xffffffffffffffff, 0});
  CHECK(at.kind == Kind::give);
  CHECK(at.folder == AT_FDCWD);
  CHECK(at.path == 99U);
  CHECK(at.follow);
  CHECK(!at.may_be_empty);
  CHECK(at.uid == 5);
  CHECK(at.gid == UINT32_MAX);
  const OwnerRequest file = read_request(SYS_fchown, {3, 1, 2});
  CHECK((file.folder == 3 && !file.path && file.uid == 1 && file.gid == 2));
  const OwnerRequest empty = read_request(SYS_newfstatat, {4, 99, 100, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW});
  CHECK((empty.kind == Kind::look && empty.folder == 4 && empty.path == 99U && empty.may_be_empty && !empty.follow && empty.buffer == 100));
  const OwnerRequest wide = read_request(SYS_statx, {here, 99, AT_STATX_DONT_SYNC, STATX_UID, 100});
  CHECK((wide.kind == Kind::look_wide && wide.mask == STATX_UID && wide.flags == AT_STATX_DONT_SYNC && wide.buffer == 100));
  const OwnerRequest device = read_request(SYS_mknodat, {here, 99, S_IFCHR | 0600, 0x103});
  CHECK((device.kind == Kind::make_device && device.mode == (S_IFCHR | 0600) && device.device == 0x103));
  const OwnerRequest attribute = read_request(SYS_fsetxattr, {3, 99, 100, 1, 0});
  CHECK((attribute.kind == Kind::set_attribute && attribute.name == 99 && attribute.buffer == 100 && attribute.size == 1));
  CHECK(read_request(SYS_fremovexattr, {3, 99, 100, 1}).size == 0);
  CHECK(read_request(SYS_fchmodat, {here, 99, 04755}).mode == 04755);
#ifdef SYS_lchown
  CHECK(!read_request(SYS_lchown, {99, 5, 6}).follow);
  CHECK(read_request(SYS_stat, {99, 100}).buffer == 100);
#endif
}

TEST_CASE("owner request: what the kernel refuses, and calls that are none of these, are left to it") {
  CHECK(read_request(SYS_fchownat, {here, 99, 5, 5, 0x4}).kind == Kind::none);
  CHECK(read_request(SYS_newfstatat, {here, 99, 100, AT_SYMLINK_FOLLOW}).kind == Kind::none);
  CHECK(read_request(SYS_statx, {here, 99, 0x8000, STATX_UID, 100}).kind == Kind::none);
  CHECK(read_request(SYS_openat, {here, 99}).kind == Kind::none);
}

TEST_CASE("caller's path: it begins where its thread stands") {
  CHECK(place_of("a/b") == "7/cwd/a/b");
  CHECK(place_of("../b", true, 12) == "7/fd/12/../b");
  CHECK(place_of("/a/b", true, 12) == "/a/b");
  CHECK(place_of(nullptr) == "7/cwd");
  CHECK(place_of(nullptr, true, 3) == "7/fd/3");
  CHECK(place_of("/proc/self/fd/3") == "7/fd/3");
  CHECK(place_of("/proc/self/fd/3", false) == "/proc/self/fd/3");
  CHECK(place_of("/proc/self/fd/3//a", false) == "7/fd/3/a");
  CHECK(place_of("/proc/thread-self/cwd/a") == "7/cwd/a");
  CHECK(place_of("/proc/self/root/etc") == "7/root/etc");
  CHECK(place_of("/dev/fd/12") == "7/fd/12");
  CHECK(place_of("/dev/stdin") == "7/fd/0");
  for (const char* other : {"/dev/stdin2", "/dev/fd/", "/dev/fd/x", "/dev/fd/3x", "/proc/self/status", "/proc/self/fd", "/proc/self/fdinfo/3", "/proc/self/cwdx", "/proc/8/fd/3", "/proc/self/fd/123456789012345678901"})
    CHECK(place_of(other) == other);
  CallerPath place;
  std::memset(place.buffer().data(), 'x', PATH_MAX - 1);
  place.set_with_path(7, 3, true);
  CHECK(place.whole() == nullptr);
}

TEST_CASE("caller's path: its last name is cut off") {
  const auto cut = [](const char* path) {
    CallerPath place;
    std::strcpy(place.buffer().data(), path);
    place.set_with_path(7, AT_FDCWD, false);
    const std::string name = place.cut_name();
    return name + " in " + place.whole();
  };
  CHECK(cut("a") == "a in 7/cwd");
  CHECK(cut("a/b/c") == "c in 7/cwd/a/b");
  CHECK(cut("/a") == "a in /");
  CHECK(cut("/a/b") == "b in /a");
  CHECK(cut("a/") == " in 7/cwd/a");
  CHECK(cut("/proc/self/fd/3/x") == "x in 7/fd/3");
  CHECK(cut(("a/" + std::string(300, 'x')).c_str()) == " in 7/cwd/a");
}

TEST_CASE("caller's path: no link that only /proc can make leads on") {
  CallerPath place;
  std::strcpy(place.buffer().data(), "/proc/1/root/etc");
  place.set_with_path(7, AT_FDCWD, true);
  CHECK(!place.open(true));
  CHECK(errno != ENOENT);
  std::strcpy(place.buffer().data(), "/etc/passwd");
  place.set_with_path(7, AT_FDCWD, true);
  CHECK(place.open(true));
}
