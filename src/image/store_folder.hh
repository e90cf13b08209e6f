#pragma once

#include <string>

#include "snug/sys/fd.hh"

namespace snug::image {

/// Makes what a store is made of below `path`, where it is missing.
void make_store(const std::string& path);

/// Locks index.json for as long as the descriptor lives; waits for others.
[[nodiscard]] sys::Fd lock_index(const std::string& path);

}  // namespace snug::image
