#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "snug/base/environment.hh"
#include "snug/layer/copy.hh"
#include "visited_files.hh"

namespace snug::commands {

/// Told how many bytes have gone by, and ten times a second that none did; what it throws ends the copy.
using CopyWatch = std::function<void(std::uint64_t bytes)>;

/// What `snug cp` was asked for, apart from where.
struct Copying {
  std::string source, target;  ///< as typed; one inside begins with a slash; "-" is a stream, outside alone
  std::string name;            ///< of the source; empty: its contents
  bool follow = false, archive = false, remembered = false, verbose = false;
  CopyWatch watch;             ///< of what goes by; here
};

/// One end of a copy.
struct CopyEnd {
  std::optional<std::string> container;
  std::string path;  ///< inside it begins with a slash
};

/// Tells the ends apart as docker does: what begins with a slash or a dot is a path here, whatever is in it.
[[nodiscard]] CopyEnd parse_copy_end(const std::string& typed);

/// Copies into the container, or out of it. Throws why that cannot be done to the end.
[[nodiscard]] layer::CopyLosses copy_in(const Visited& visited, const Copying& what, const Environment& environment);
[[nodiscard]] layer::CopyLosses copy_out(const Visited& visited, const Copying& what);

}  // namespace snug::commands
