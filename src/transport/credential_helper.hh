#pragma once

#include <optional>
#include <string>

#include "credentials.hh"

namespace snug::transport {

/// Asks docker-credential-NAME for the credentials of a registry; nothing where it has none. It runs with the environment
/// of `connection` and no more. Throws where it is not there, fails, or says something else.
[[nodiscard]] std::optional<Login> ask_helper(const Connection& connection, const std::string& name, const std::string& registry);

}  // namespace snug::transport
