#pragma once

#include <string>

#include "snug/cli/command.hh"
#include "snug/image/store.hh"

namespace snug::image_commands {

/// Gives the caller's store; nothing of it is made.
[[nodiscard]] image::Store store_of(const cli::Invocation& invocation);

/// Gives the name under which the store has what was typed: that itself, or where it has no such image and no registry was typed
/// the first name that registries.conf has for it and the store too.
[[nodiscard]] std::string name_here(const cli::Invocation& invocation, const image::Store& store, const std::string& typed);

/// Finds an image by what was typed; throws an Error with exit code 125 where there is none.
[[nodiscard]] image::Image find_image(const cli::Invocation& invocation, const image::Store& store, const std::string& typed);

/// Gives the whole name that an image is to have from now on; throws UsageError where that is none that can be given.
[[nodiscard]] std::string new_name(const std::string& typed);

/// Throws where there are fewer operands than `least`; `what` says of which kind.
void need_operands(const cli::Invocation& invocation, std::size_t least, std::string_view what);

/// Gives the name as people type it: "debian:12"; "<none>" for an image without one.
[[nodiscard]] std::string short_name(const std::string& name);

/// Gives what an image weighs: all its blobs, each once.
[[nodiscard]] std::uint64_t size_of(const image::Image& image);

}  // namespace snug::image_commands
