#pragma once

#include <memory>
#include <string>
#include <vector>

#include "registry.hh"

namespace snug::transport {

/// Where the images of one name are: the registry, with its mirrors in front of it where they serve. All use one client.
class Place {
 public:
  /// Throws where registries.conf or a file of credentials is damaged, and where the registry is blocked.
  Place(const image::Reference& reference, const Connection& connection, Repository::Use use);
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  [[nodiscard]] const Connection& connection() const noexcept { return connection_; }
  /// At least one: the registry itself comes last.
  [[nodiscard]] const std::vector<std::unique_ptr<Repository>>& repositories() const noexcept { return repositories_; }

 private:
  Connection connection_;
  std::unique_ptr<Http> http_;
  std::vector<std::unique_ptr<Repository>> repositories_;
};

}  // namespace snug::transport
