#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "snug/sys/fd.hh"

namespace snug::state {

/// How a container in the background ended, as its monitor noted it beside its state, which may find no room on a full disk.
struct Exit {
  bool known = true;          ///< false: it ended, and not even that could be written
  int code = 0;
  std::int64_t finished = 0;  ///< seconds since 1970
};

/// What State says as its error where that was not so: the end is known, and nothing of it.
inline constexpr const char* unwritten_end = "its end could not be written: the disk was full";

/// Makes room for it in the container's folder `path`, beside what is known of the last end. Throws where there is none.
void prepare_exit(const std::string& path);

/// Forgets the last end, and has the room that was made in its place, before anybody can wait for the new one. Throws.
void place_exit(const std::string& path);

/// Gives up that room where the start came to nothing.
void drop_prepared_exit(const std::string& path) noexcept;

/// Forgets the end of an earlier run of the same monitor's.
void clear_exit(const std::string& path) noexcept;

/// Writes it where those who wait read it, also when the folder is gone.
void write_exit(const std::string& path, int code) noexcept;

/// Opens the file that it is in; empty where there is none.
[[nodiscard]] sys::Fd open_exit(const std::string& path) noexcept;

/// Reads it from there; nothing where the container has not ended.
[[nodiscard]] std::optional<Exit> read_exit(const sys::Fd& file);

}  // namespace snug::state
