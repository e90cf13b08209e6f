#pragma once

#include <cstddef>
#include <functional>
#include <stop_token>

namespace snug::transport {

/// Calls `work` with each number below `count`, in up to `jobs` threads at once. Throws what was the first to go wrong, after all
/// others have ended; they are asked to by the token.
void do_side_by_side(std::size_t count, unsigned jobs, const std::function<void(std::size_t, std::stop_token)>& work);

}  // namespace snug::transport
