#pragma once

#include <optional>
#include <string>

#include "snug/commands/held_signals.hh"
#include "snug/plan/plan.hh"
#include "snug/state/container_folder.hh"
#include "snug/state/record.hh"

namespace snug::commands {

/// A container's place in the store: its folder and its name, held for as long as this lives. Host side. Unless it is kept, all of
/// it goes away with this, and so does what crashes of others left; what belongs to sub-ids is removed in a user namespace with
/// `maps`. While it lives, signals that would end the process wait: runtime::launch reads them, and what comes later finds all
/// removed.
class Storage {
 public:
  /// Makes the folder of a new container below `store`.
  Storage(std::string store, std::optional<plan::WriteIdMaps> maps);

  /// Takes hold of a kept container. Throws where it runs.
  Storage(std::string store, std::optional<plan::WriteIdMaps> maps, const state::Record& record);

  ~Storage();
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  /// Takes the name that was typed, or throws where another container has it; or else the first of `usual`, `usual`-2, … that
  /// is free. Gives it.
  std::string take_name(const std::optional<std::string>& typed, const std::string& usual);

  /// Leaves everything where it is when this goes; or does not any more.
  void keep(bool kept) noexcept { kept_ = kept; }

  /// Removes it now, and what crashes of others left. Whoever still reads it is waited for; throws where a signal ends that, and all of it is there.
  /// False where files of it stay, as a notice tells.
  [[nodiscard]] bool remove();

  [[nodiscard]] bool has_name() const noexcept { return !name_.empty(); }
  [[nodiscard]] const std::string& path() const { return folder_.path(); }
  [[nodiscard]] const std::string& id() const { return folder_.id(); }

 private:
  [[nodiscard]] bool is_going_away(const std::string& name) const;
  [[nodiscard]] bool remove_files(const std::string& path, sys::Fd alone) const;

  HeldSignals held_;
  std::optional<plan::WriteIdMaps> maps_;
  std::string store_, name_;
  state::ContainerFolder folder_;
  bool kept_ = false;
};

}  // namespace snug::commands
