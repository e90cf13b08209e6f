#pragma once

#include <optional>
#include <string>

#include "snug/commands/held_signals.hh"
#include "snug/plan/plan.hh"
#include "snug/state/container_folder.hh"

namespace snug::commands {

/// The folder of a container, for as long as there is something in it; and what crashes of others left, which goes
/// with it. Host side; what belongs to sub-ids is removed in a user namespace with the plan's own map. While it lives,
/// signals that would end the process wait: runtime::launch reads them, and what comes later finds all removed.
class Storage {
 public:
  /// Takes the maps from `plan`, and makes a folder below `store` where `plan` has something to put there.
  Storage(const plan::Plan& plan, std::string store);
  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  /// Path of the folder; empty where there is none.
  [[nodiscard]] std::string path() const { return folder_ ? folder_->path() : std::string(); }

 private:
  void remove(const std::string& path) const;

  HeldSignals held_;
  std::optional<plan::WriteIdMaps> maps_;
  std::string store_;
  std::optional<state::ContainerFolder> folder_;
};

}  // namespace snug::commands
