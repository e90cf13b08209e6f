#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace snug::state {

/// Gives how many bytes of the disk a tree takes, hard links counted once, mounts not entered. Nothing where a folder in it
/// is closed to the caller: then call it again as root of a user namespace that maps its owner. Throws nothing.
[[nodiscard]] std::optional<std::uint64_t> tree_size(const std::string& path);

}  // namespace snug::state
