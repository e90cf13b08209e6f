#pragma once

#include <cstdint>
#include <string>

#include "snug/image/store.hh"

namespace snug::transport {

/// A file that can be read at any place.
struct Input {
  sys::Fd file;
  std::uint64_t size = 0;
};

/// Whether the bytes are wanted as they come, or without the compression around them.
enum class Keep { as_it_is, plain };

/// Opens a file, a pipe or a folder to read; -: standard input. Throws, also for a terminal.
[[nodiscard]] sys::Fd open_input(const std::string& path);

[[nodiscard]] bool is_folder(int file);

/// Makes a file in the staging folder that has no name, and goes away with its descriptor. Throws.
[[nodiscard]] sys::Fd make_nameless(const image::Store& store);

/// Gives `file` itself, or a copy of what it has to give: one in the staging folder of `store`, which has no name and goes away with
/// its descriptor.
[[nodiscard]] Input make_seekable(sys::Fd file, Keep keep, const image::Store& store);

}  // namespace snug::transport
