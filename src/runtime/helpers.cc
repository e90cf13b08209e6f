#include "helpers.hh"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>

#include "snug/sys/file.hh"
#include "snug/sys/process.hh"

namespace snug::runtime {

sys::MapHelpers map_helpers(const plan::WriteIdMaps& step) {
  return {plan::map_words(step.newuidmap, step.uids), plan::map_words(step.newgidmap, step.gids)};
}

int write_own_maps(const plan::WriteIdMaps& step) noexcept {
  // Of one line each: more lines need the helpers, and those the monitor starts.
  const auto write_line = [](const char* path, const plan::IdRange& range) {
    std::array<char, 64> line{};
    char* at = line.data();
    for (const std::uint32_t number : {range.inside.value, range.outside.value, range.count}) {
      at = std::to_chars(at, at + 20, number).ptr;
      *at++ = ' ';
    }
    return sys::write_file(AT_FDCWD, path, {line.data(), static_cast<std::size_t>(at - line.data() - 1)});
  };
  if (step.deny_setgroups)
    if (const int error = sys::write_file(AT_FDCWD, "/proc/self/setgroups", "deny")) return error;
  if (const int error = write_line("/proc/self/uid_map", step.uids[0])) return error;
  return write_line("/proc/self/gid_map", step.gids[0]);
}

int wait_for_go(int go) noexcept {
  char byte = 0;
  ssize_t count = 0;
  do count = ::read(go, &byte, 1);
  while (count < 0 && errno == EINTR);
  return count == 1 ? 0 : ESRCH;
}

int become_root() noexcept {
  constexpr gid_t none = 0;
  int error = sys::become(0, 0, &none, 0);
  if (error == EPERM) error = sys::become(0, 0, nullptr, 0);
  return error == EINVAL ? 0 : error;
}

}  // namespace snug::runtime
