#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "snug/plan/seen.hh"

namespace snug::runtime {

/// The memory and descriptors of a process that stands still because it is traced by this one. What it has closed to others
/// (PR_SET_DUMPABLE) is closed to a tracer without privileges, too: nothing is given then.
class Tracee {
 public:
  /// `opened`: what names opened which of its descriptors; outlives this.
  Tracee(pid_t pid, const std::map<int, std::string>& opened) : pid_(pid), opened_(opened) {}

  [[nodiscard]] std::optional<std::string> bytes(std::uint64_t address, std::size_t count) const;
  [[nodiscard]] std::optional<std::string> text(std::uint64_t address) const;
  [[nodiscard]] std::optional<std::vector<std::string>> words(std::uint64_t address) const;  ///< ends with a null
  template <typename T>
  [[nodiscard]] std::optional<T> value(std::uint64_t address) const {
    const auto raw = bytes(address, sizeof(T));
    if (!raw) return {};
    T value{};
    raw->copy(reinterpret_cast<char*>(&value), sizeof value);
    return value;
  }

  /// Where a descriptor leads; empty where that is not to be seen.
  [[nodiscard]] std::string path_of(int fd) const;
  [[nodiscard]] pid_t pid() const { return pid_; }

 private:
  pid_t pid_;
  const std::map<int, std::string>& opened_;
};

/// A system call at its entry.
struct Entry {
  std::uint64_t number = 0;
  std::array<std::uint64_t, 6> arguments{};
};

/// Puts a call into words; nothing where it neither builds walls nor prepares that.
[[nodiscard]] std::optional<plan::SeenCall> see_call(const Tracee& tracee, const Entry& entry);

/// Reads what /proc says of a process.
[[nodiscard]] plan::SeenProcess see_process(pid_t pid);

}  // namespace snug::runtime
