#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace snug::runtime {

/// Has the systemd whose private socket `manager` is make the scope `name` with this process in it, delegated, and waits until that is
/// done: 0 or errno; `reason` gets systemd's own words.
[[nodiscard]] int enter_scope(const std::string& manager, const std::string& name, std::string& reason);

/// The call of enter_scope as a message of D-Bus. For tests.
[[nodiscard]] std::string scope_request(std::string_view name, std::uint32_t pid);

}  // namespace snug::runtime
