#pragma once

#include <array>
#include <cstdint>

#include "snug/plan/plan.hh"

namespace snug::runtime {

/// What the child tells the monitor, a packet each. With `namespaces`, `interface`, `wall` and `line` descriptors come, with `server` that of the device, with `listener`
/// that of plan::RememberOwners.
struct Report {
  enum Kind : std::uint32_t { done, failed, namespaces, server, interface, wall, line, listener };
  Kind kind = done;
  std::uint32_t step = 0;
  std::int32_t error = 0;
  std::uint64_t nanoseconds = 0;
  std::array<char, 200> reason{};  ///< the kernel's own words, NUL-terminated
};

/// Whether that is told of a step of this plan which tells it. Who is killed on his way into a container may leave his end of the socket to somebody
/// in there: the monitor believes no more than what the plan has.
[[nodiscard]] bool fits(const Report& report, const plan::Plan& plan) noexcept;

}  // namespace snug::runtime
