#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace snug::plan {

/// A program for seccomp(2): instructions of linux/filter.h, each in eight bytes as the kernel reads them.
using FilterProgram = std::vector<std::uint64_t>;

/// Whose numbers of system calls are known.
enum class Architecture { x86_64, i386, arm64, arm };

#if defined(__x86_64__)
inline constexpr Architecture native_architecture = Architecture::x86_64;
#elif defined(__aarch64__)
inline constexpr Architecture native_architecture = Architecture::arm64;
#else
#error "src/plan/calls.inc does not know the system calls of this machine"
#endif

/// What opens parts of the list of system calls.
struct FilterKeys {
  std::uint64_t capabilities = 0;  ///< 1 << CAP_* for each
  bool nested = false;             ///< what containers inside need
  bool foreign = false;            ///< programs of the machine's 32-bit kind
  bool lone_root = false;          ///< root has no ids but its own: what it cannot do with others is answered, as by make_root_filter
  bool operator==(const FilterKeys&) const = default;
};

/// Gives this machine's number of a system call; nothing where it has none of that name, or src/plan/calls.inc does not know it.
[[nodiscard]] std::optional<std::uint32_t> find_call(std::string_view name);

/// Makes the filter that containers have: calls of src/plan/calls.inc are allowed or refused (EPERM), and others do not exist
/// (ENOSYS). A search tree; that of the usual keys was made when snug was compiled. Pure.
[[nodiscard]] FilterProgram make_filter(const FilterKeys& keys, Architecture machine = native_architecture);

/// Makes the filter that goes on top of one which the user brings: nothing is typed into terminals by ioctl(2). Pure.
[[nodiscard]] FilterProgram make_terminal_filter(Architecture machine = native_architecture);

/// Makes the filter that goes beside one which the user brings, where root has no ids but its own: what it cannot do with others is
/// answered as if it were done, and nothing is. For programs of both kinds, root being 0. Pure.
[[nodiscard]] FilterProgram make_root_filter();

/// Gives a filter for those who copy files, to be loaded beside that of make_filter: no sockets, no programs, no other processes. Pure.
[[nodiscard]] FilterProgram make_copying_filter();

/// Makes the filter that hands what is asked and told of owners, modes and devices to who listens (SECCOMP_RET_USER_NOTIF), and answers
/// the rest of what root cannot do as make_root_filter does. For programs of the native kind, root being 0. Pure.
[[nodiscard]] FilterProgram make_owner_filter();

}  // namespace snug::plan
