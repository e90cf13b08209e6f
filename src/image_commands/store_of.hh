#pragma once

#include <string>

#include "snug/cli/command.hh"
#include "snug/image/store.hh"

namespace snug::image_commands {

/// Gives the caller's store; nothing of it is made.
[[nodiscard]] image::Store store_of(const cli::Invocation& invocation);

/// Finds an image by what was typed; throws an Error with exit code 125 where there is none.
[[nodiscard]] image::Image find_image(const image::Store& store, const std::string& name);

/// Throws where there are fewer operands than `least`; `what` says of which kind.
void need_operands(const cli::Invocation& invocation, std::size_t least, std::string_view what);

/// Gives the name as people type it: "debian:12"; "<none>" for an image without one.
[[nodiscard]] std::string short_name(const std::string& name);

/// Gives what an image weighs: all its blobs, each once.
[[nodiscard]] std::uint64_t size_of(const image::Image& image);

}  // namespace snug::image_commands
