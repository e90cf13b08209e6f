#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "snug/base/environment.hh"
#include "snug/plan/step.hh"
#include "snug/state/tree_size.hh"
#include "snug/sys/fd.hh"

namespace snug::commands {

/// Reads the name of an id map (image::Store::map_name): the ranges of users and of groups. Empty where it is none.
[[nodiscard]] std::pair<std::vector<plan::IdRange>, std::vector<plan::IdRange>> parse_map(const std::string& map);

/// Works on trees whose files may belong to sub-ids: first as the caller, and where that is not enough as root of the user
/// namespace that they were made in. The calling process has one thread.
class Trees {
 public:
  explicit Trees(const Environment& environment);

  /// Removes a tree; `map` is the name of its id map (image::Store::map_name), or empty: the caller's widest. False where
  /// something of it stays.
  [[nodiscard]] bool remove(const std::string& path, const std::string& map = {}) const;

  /// Measures a tree; nothing where that cannot be.
  [[nodiscard]] std::optional<state::TreeSize> measure(const std::string& path, const std::string& map = {}) const;

  /// Gives how many bytes of the disk a tree takes; 0 where that cannot be told.
  [[nodiscard]] std::uint64_t size(const std::string& path, const std::string& map = {}) const;

  /// Gives the maps of a name, and who writes them.
  [[nodiscard]] plan::WriteIdMaps maps(const std::string& map) const;

  /// Does `work` here, and where that gives false once more in a child process as root of such a user namespace. Gives what it gave.
  [[nodiscard]] bool run(const std::string& map, const std::function<bool()>& work) const;

 private:
  plan::WriteIdMaps widest_;
};

/// Removes the folder `path` of a container that nobody reads any more (state::keep_readers_out): its record first, its cgroup, and by `remove` its
/// files. False where some of them stay.
[[nodiscard]] bool remove_container(const std::string& path, sys::Fd alone, const std::function<bool()>& remove);

}  // namespace snug::commands
