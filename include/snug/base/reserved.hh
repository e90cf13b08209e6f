#pragma once

#include <string_view>

#include "snug/base/subnet.hh"

namespace snug {

/// Addresses that no machine on a network has, whatever routes say: RFC 6890.
struct Reserved {
  std::string_view subnet, use;  ///< "127.0.0.0/8", "the loopback"
};

/// Gives the first of them that shares an address with `subnet`; null where none does.
[[nodiscard]] const Reserved* find_reserved(const Subnet& subnet);

}  // namespace snug
