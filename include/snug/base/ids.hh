#pragma once

#include <compare>
#include <cstdint>

namespace snug {

/// A user or group id as the host counts it. A type of its own, so that it is never taken for an id inside.
struct HostId {
  std::uint32_t value = 0;
  auto operator<=>(const HostId&) const = default;
};

/// A user or group id as the container counts it.
struct ContainerId {
  std::uint32_t value = 0;
  auto operator<=>(const ContainerId&) const = default;
};

/// What the kernel shows for an id that has no place in the map.
inline constexpr std::uint32_t overflow_id = 65534;

}  // namespace snug
