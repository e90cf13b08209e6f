#pragma once

#include <functional>
#include <string>
#include <utility>

#include "entering.hh"
#include "snug/base/error.hh"

namespace snug::commands {

/// A container that runs, and goes on for as long as this lives. Where it ends with this, that is waited for: it can be started again
/// at once.
class Held {
 public:
  /// `hold` is empty where it runs in the foreground, and for somebody else.
  Held(Entrance entrance, sys::Fd hold) : entrance_(std::move(entrance)), hold_(std::move(hold)) {}
  ~Held();
  Held(Held&&) = default;
  Held& operator=(Held&&) = delete;

  [[nodiscard]] const Entrance& entrance() const { return entrance_; }

 private:
  Entrance entrance_;
  sys::Fd hold_;
};

/// Starts a container that sleeps, for those who enter it alone: its own command stays asleep. The caller holds it while the
/// descriptor lives. Throws why it could not be started.
[[nodiscard]] sys::Fd wake(state::Record record, const Environment& environment);

/// Starts one that nobody else can start at the same moment: why that failed holds for the next attempt as well. Throws StartFailure.
[[nodiscard]] sys::Fd start_for_visit(Planned& planned);

class StartFailure : public Error {
 public:
  explicit StartFailure(const Error& error) : Error(error) {}
};

/// Holds the container of that name. `start` starts it where it does not run, and gives what `wake` does; empty where it runs.
/// Others may make, start and leave it at the same moment: then it is tried again. Throws.
[[nodiscard]] Held hold_container(const std::string& store, const std::string& name, const std::function<sys::Fd()>& start);

}  // namespace snug::commands
