#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "snug/transport/transport.hh"

namespace snug::transport {

/// A place where the repositories below a prefix are.
struct RegistryLocation {
  std::string name;  ///< HOST[:PORT][/PATH]; empty: the prefix itself
  bool insecure = false;
  enum class For { all, tags, digests } serves = For::all;
  bool operator==(const RegistryLocation&) const = default;
};

/// A [[registry]] of registries.conf.
struct RegistryRule {
  std::string prefix;  ///< HOST[:PORT][/PATH], or *.DOMAIN
  RegistryLocation location;
  std::vector<RegistryLocation> mirrors;  ///< asked before it, in this order
  bool blocked = false;
  std::string file;
  bool operator==(const RegistryRule&) const = default;
};

/// What containers-registries.conf(5) says, of all files together.
struct RegistriesConf {
  std::vector<std::string> search;             ///< registries of names without one
  std::map<std::string, std::string> aliases;  ///< names without a registry, and whole ones
  std::vector<RegistryRule> rules;
  std::vector<std::string> credential_helpers;  ///< in the order in which they are asked; "containers-auth.json" is none, but the files
};

/// Adds what a file says to what files before it said. Throws a UsageError that names file and line.
void add_registries(RegistriesConf& conf, std::string_view text, const std::string& file);

/// Reads the files that are there: the one that is named, the caller's or else the system's, and what lies in both registries.conf.d.
[[nodiscard]] RegistriesConf read_registries(const Connection& connection);

/// Finds the rule for a repository, the longest prefix that fits; null where there is none.
[[nodiscard]] const RegistryRule* find_rule(const RegistriesConf& conf, const std::string& registry, const std::string& repository);

/// A repository as it is asked for.
struct Endpoint {
  std::string host, repository;  ///< "registry-1.docker.io", "library/debian"
  bool insecure = false;
  bool operator==(const Endpoint&) const = default;
};

/// Lists where an image is looked for: mirrors, and at last the place that it is named after; that one alone where `mirrors`
/// is false. Throws where it is blocked.
[[nodiscard]] std::vector<Endpoint> endpoints_of(const RegistriesConf& conf, const image::Reference& reference, const Connection& connection,
                                                 bool mirrors);

}  // namespace snug::transport
