#pragma once

#include <array>
#include <cstdint>
#include <optional>

namespace snug::runtime {

/// What a call about owners, modes and devices wants, whatever it is called.
struct OwnerRequest {
  enum class Kind { none, give, set_mode, look, look_wide, make_device, set_attribute };
  Kind kind = Kind::none;              ///< none: the kernel is to say what it thinks of it
  int folder = -100;                   ///< AT_FDCWD
  std::optional<std::uint64_t> path;   ///< address of the path from there; nothing: the folder itself
  bool follow = true;                  ///< a symbolic link at its end
  bool may_be_empty = false;           ///< and then means the folder itself
  std::uint32_t uid = UINT32_MAX, gid = UINT32_MAX;  ///< of `give`; all ones: as it is
  std::uint32_t mode = 0;              ///< of `set_mode` and `make_device`
  std::uint64_t device = 0;
  std::uint64_t buffer = 0;            ///< address of the answer to `look` and `look_wide`, struct stat and struct statx; of the value of `set_attribute`
  std::uint64_t name = 0;              ///< of `set_attribute`: address of its name
  std::uint64_t size = 0;              ///< and of its value; 0 where it is to be removed
  std::uint32_t mask = 0;              ///< of `look_wide`, and
  int flags = 0;                       ///< how fresh it has to be
};

/// Reads a system call's arguments. Pure.
[[nodiscard]] OwnerRequest read_request(int number, const std::array<std::uint64_t, 6>& arguments) noexcept;

}  // namespace snug::runtime
