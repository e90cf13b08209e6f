#pragma once

#include <vector>

#include "files.hh"
#include "snug/transport/archive.hh"

namespace snug::transport {

/// Whether these are the files of a docker-archive.
[[nodiscard]] bool is_docker_archive(const Files& files);

/// Opens all images of a docker-archive. It has no manifests of its own: here each gets one, with its configuration and its layers as they are.
[[nodiscard]] std::vector<Contained> open_docker_archive(const std::shared_ptr<const Files>& files);

}  // namespace snug::transport
