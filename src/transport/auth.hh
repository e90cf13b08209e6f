#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "credentials.hh"
#include "http.hh"

namespace snug::transport {

/// What a server asks for in WWW-Authenticate.
struct Challenge {
  std::string scheme;                             ///< in small letters: "bearer", "basic"
  std::map<std::string, std::string> parameters;  ///< names in small letters: "realm", "service", "scope"
  bool operator==(const Challenge&) const = default;
};

/// Reads the value of a WWW-Authenticate header, in which several may stand; what is no challenge is left out. Pure, and
/// bounded: what is longer than 8 KiB is read as nothing.
[[nodiscard]] std::vector<Challenge> parse_challenges(std::string_view text);

/// Whether credentials for a registry's host may be given to another host for a token, both without a port: to itself, to
/// docker.io's auth.docker.io, to a host above it ("registry.gitlab.com", "gitlab.com") or beside it ("registry.example.com",
/// "auth.example.com"). What both share has two parts at least, and is no "co.uk".
[[nodiscard]] bool may_be_told(std::string_view registry, std::string_view realm);

/// Gives "Basic …" for a name and a password.
[[nodiscard]] std::string basic_authorization(const Login& login);

/// Keeps what opens one registry: tokens, each for what it is good for. By several threads at once.
class Access {
 public:
  /// `login`: nobody's where it is empty. Everything outlives this.
  Access(Http& http, const Connection& connection, std::optional<Login> login) : http_(http), connection_(connection), login_(std::move(login)) {}

  /// Gives the value of Authorization for a scope, as far as it is known by now; else empty.
  [[nodiscard]] std::string authorization(const std::string& scope);

  /// Gets another one after the registry said 401 to what was sent with `used`. False where there is none: `used` was
  /// the best. Throws where no token can be had.
  [[nodiscard]] bool renew(const std::string& scope, const std::string& used, const Answer& refusal);

  [[nodiscard]] bool has_login() const noexcept { return login_.has_value(); }

 private:
  [[nodiscard]] std::string fetch_token(const Challenge& challenge, const std::string& scope, const Url& registry);
  [[nodiscard]] Url find_realm(const Challenge& challenge, const Url& registry) const;
  [[nodiscard]] bool trusts(const Url& realm, const Url& registry) const;

  Http& http_;
  const Connection& connection_;
  std::optional<Login> login_;
  std::mutex mutex_;
  std::map<std::string, std::string> known_;  // by scope
};

}  // namespace snug::transport
