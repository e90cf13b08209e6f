#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>

#include "cgroup.hh"
#include "child.hh"
#include "snug/runtime/launch.hh"
#include "snug/sys/fd.hh"
#include "steps.hh"

namespace snug::runtime {

/// The first process of a container, a child of the monitor, and the monitor's ends of the channels to it, which launch.cc tells of.
struct Spawned {
  pid_t pid = -1;
  sys::Fd init;     ///< the same as a pidfd
  sys::Fd report;   ///< a socket
  sys::Fd control;  ///< a socket; only with a terminal
  sys::Fd open;     ///< a pipe's; only where the command waits for the way out
};

/// Starts the first process of a container: does what the plan has done before it, in the monitor, and makes it. Each part gives the
/// step that failed, if one did; nothing runs then. Throws Error where descriptors run out.
class Spawner {
 public:
  /// `cgroup` is the container's, which is made here where the plan has it made. All stay the caller's.
  Spawner(const plan::Plan& plan, const Outside& outside, StepClock& clock, Cgroup& cgroup)
      : plan_(plan), outside_(outside), clock_(clock), cgroup_(cgroup), context_(plan) {}

  /// What has to be there before it. After this the streams are chosen in context().
  [[nodiscard]] std::optional<StepFailure> prepare();
  [[nodiscard]] Context& context() { return context_; }

  /// Makes the process, and has its ids mapped.
  [[nodiscard]] std::optional<StepFailure> start();
  /// Gives what was made, once.
  [[nodiscard]] Spawned take();

 private:
  using Result = std::optional<StepFailure>;
  [[nodiscard]] Result make_folders();
  [[nodiscard]] Result make_cgroup();
  [[nodiscard]] Result open_cgroup();
  [[nodiscard]] Result open_program();
  [[nodiscard]] Result lend_tools(const plan::RunShell& shell);
  void open_channels();
  [[nodiscard]] Result clone();
  [[nodiscard]] Result clone_inside(const plan::EnterNamespaces& enter, std::uint64_t flags);
  [[nodiscard]] Result write_maps();
  [[nodiscard]] const plan::WriteIdMaps* maps_by_helpers() const;

  template <typename Action>
  [[nodiscard]] Result failed(int error, std::string reason = {}) const {
    return failed_at<Action>(plan_, error, std::move(reason));
  }

  const plan::Plan& plan_;
  const Outside& outside_;
  StepClock& clock_;
  Cgroup& cgroup_;
  Context context_;
  sys::Fd door_, program_, null_;  ///< the child's; open until it has them
  sys::FdPair go_, open_, report_, control_;
  pid_t pid_ = -1;
  sys::Fd init_;
};

}  // namespace snug::runtime
