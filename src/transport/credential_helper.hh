#pragma once

#include <optional>
#include <string>
#include <vector>

#include "credentials.hh"

namespace snug::transport {

/// Asks docker-credential-NAME for the credentials of a registry; nothing where it has none. It runs with the environment
/// of `connection` and no more. Throws where it is not there, fails, or says something else.
[[nodiscard]] std::optional<Login> ask_helper(const Connection& connection, const std::string& name, const std::string& registry);

/// Has it keep the credentials of a registry, or forget them; the same of its environment, and of what throws.
void store_in_helper(const Connection& connection, const std::string& name, const std::string& registry, const Login& login);
void erase_from_helper(const Connection& connection, const std::string& name, const std::string& registry);

/// Lists the registries that it has credentials for.
[[nodiscard]] std::vector<std::string> list_helper(const Connection& connection, const std::string& name);

}  // namespace snug::transport
