#pragma once

#include <cstddef>
#include <cstdint>

namespace snug::layer {

/// What an archive may ask for. Past a limit unpacking ends with an Error that names it.
struct Limits {
  std::uint64_t entries = std::uint64_t{1} << 24U;  ///< entries, and folders that they need and the archive lacks
  std::uint64_t bytes = 0;                          ///< contents of all files together; 0: as many as the disk takes
  std::size_t memory = std::size_t{256} << 20U;     ///< bytes, for the folders that wait for their mode and time
};

/// What unpacking did, and what it left out.
struct Unpacked {
  std::uint64_t entries = 0;  ///< in the archive
  std::uint64_t devices = 0;  ///< left out: the devices of a container are its runtime's
  std::uint64_t owners = 0;   ///< entries with an owner that cannot be had: the caller's, not set-user-ID for it
  std::uint64_t xattrs = 0;   ///< extended attributes left out: not for a container, or not for this file system
};

/// Unpacks a tar archive, plain or compressed, into a folder: names are bytes, owners are numbers, and no name, link
/// or order of entries reaches out of the folder.
///
/// Reads `archive` (a file or a pipe) from where it stands to the archive's end mark. `target` is an open folder
/// that nobody else changes meanwhile. Both stay the caller's. Runs in any process; owners need CAP_CHOWN over
/// the ids in question, and CAP_DAC_OVERRIDE and CAP_FOWNER over what was given away. Throws an Error that tells
/// what is wrong with which entry; it does not know the archive's name. What was unpacked until then stays.
Unpacked unpack(int archive, int target, const Limits& limits = {});

}  // namespace snug::layer
