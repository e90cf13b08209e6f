#pragma once

#include <cstddef>
#include <string>

#include "snug/sys/fd.hh"

namespace snug::net {

/// How many bytes a question to the keeper has at most.
inline constexpr std::size_t question_size = 8192;

/// The name of its socket.
inline constexpr const char* keeper_socket = "keeper";

/// The keeper of all shared networks of one user, from the first connection to the last. `folder` is where it listens, through `door`.
/// Never returns; throws nothing.
[[noreturn]] void keep_networks(const std::string& folder, sys::Fd door) noexcept;

}  // namespace snug::net
