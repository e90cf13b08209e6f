#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "auth_file.hh"
#include "snug/transport/transport.hh"

namespace snug::transport {

/// Finds the caller's credentials for a repository (empty: the registry as a whole): of --creds, or of whom registries.conf lists as
/// credential-helpers: the files, with the helpers that they name, and helpers for everything. Throws where a file or what it has for the
/// repository is damaged, where a file that was typed is not there, and where a helper fails.
[[nodiscard]] std::optional<Login> find_login(const Connection& connection, const std::string& registry, const std::string& repository);

/// Gives the file that `snug login` writes.
[[nodiscard]] std::string own_auth_file(const Connection& connection);

/// Puts credentials into it, mode 0600, whole or not at all; what else stands in it stays. Where it names a helper for the registry, or
/// registries.conf lists one before the files, they are given to that.
void keep_login(const Connection& connection, const std::string& key, const Login& login);

/// Takes them out again, and has all these helpers forget them; all where `key` is empty. Gives how many there were.
std::size_t forget_login(const Connection& connection, const std::string& key);

}  // namespace snug::transport
