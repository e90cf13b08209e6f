#pragma once

#include <optional>
#include <string>

#include "snug/base/subnet.hh"
#include "snug/cli/command.hh"

namespace snug::commands {

/// The addresses of a network that containers share.
struct Subnets {
  Subnet subnet4;
  std::optional<Subnet> subnet6;  ///< nothing with --ipv6=false
};

/// Gives what --subnet and --ipv6 ask for, and else addresses that neither this machine nor another network of `store` has. The caller
/// has his turn: state::take_turn. Throws where what is asked for is no network, is not for this use, or is taken.
[[nodiscard]] Subnets choose_subnets(const std::string& store, const cli::Arguments& arguments);

}  // namespace snug::commands
