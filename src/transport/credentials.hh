#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "snug/transport/transport.hh"

namespace snug::transport {

/// A name and a password, or an identity token in place of the latter.
struct Login {
  std::string name, password, identity_token;
  bool operator==(const Login&) const = default;
};

/// An auth.json.
struct AuthFile {
  /// By registry or namespace: "docker.io", "registry.example.com/team"; nothing where what stands there is none.
  std::map<std::string, std::optional<Login>> logins;
  std::map<std::string, std::string> helpers;  ///< by registry: NAME of docker-credential-NAME
  std::string store;                           ///< NAME of the helper for everything
};

/// Reads the text of an auth.json or of docker's config.json; throws an Error.
[[nodiscard]] AuthFile parse_auth_file(std::string_view text);

/// Gives the key that both tools mean: "https://index.docker.io/v1/" is "docker.io".
[[nodiscard]] std::string normal_key(std::string_view key);

/// Lists the keys under which credentials for a repository may be, the most specific first: "HOST/a/b", "HOST/a", "HOST".
[[nodiscard]] std::vector<std::string> keys_for(const std::string& registry, const std::string& repository);

/// Reads NAME:PASSWORD; throws UsageError.
[[nodiscard]] Login parse_login(std::string_view text);

/// Finds the caller's credentials for a repository (empty: the registry as a whole): of --creds, or of the files, or of the
/// helper that they name. Throws where a file or what it has for the repository is damaged, where a file that was typed is not there, and where a helper fails.
[[nodiscard]] std::optional<Login> find_login(const Connection& connection, const std::string& registry, const std::string& repository);

/// Gives the file that `snug login` writes.
[[nodiscard]] std::string own_auth_file(const Connection& connection);

/// Puts credentials into it, mode 0600, whole or not at all; what else stands in it stays. Where it names a helper for the registry
/// they are given to that.
void keep_login(const Connection& connection, const std::string& key, const Login& login);

/// Takes them out again, and has the helpers that it names forget them; all where `key` is empty. Gives how many there were.
std::size_t forget_login(const Connection& connection, const std::string& key);

}  // namespace snug::transport
