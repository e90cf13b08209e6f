#pragma once

#include <memory>
#include <string>

#include "snug/transport/archive.hh"

namespace snug::transport {

/// Makes an archive as docker save writes it, from a docker that is old enough for all who read such archives: layers are plain.
[[nodiscard]] std::unique_ptr<Collection> create_docker_archive(const std::string& path);

}  // namespace snug::transport
