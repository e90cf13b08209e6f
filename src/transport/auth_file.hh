#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

}  // namespace snug::transport
