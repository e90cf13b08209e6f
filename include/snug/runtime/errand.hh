#pragma once

#include <functional>
#include <string>

#include "snug/base/error.hh"
#include "snug/plan/plan.hh"
#include "snug/runtime/launch.hh"
#include "snug/sys/fd.hh"
#include "snug/sys/process.hh"

namespace snug::runtime {

/// What is brought along to an errand and no plan can say.
struct ErrandEnds {
  int stream = -1;          ///< a descriptor of the caller's that its work is done by; -1: none
  StepDone step_done = {};  ///< told of all steps at its end, in the calling process; may be empty

  /// Puts a step that could not be done into words, in the calling process. Empty: they have no hint.
  std::function<Error(const plan::Plan&, const StepFailure&)> failed = {};
};

/// Work that is done by a fork of this process: no program is executed, and what it gives or throws comes back. The calling
/// process has one thread. At the end it is waited for, and killed where it takes long although its stream is closed.
///
/// What one is shut in by is its plan, plan::make_errand_plan. One on the files of a container that runs is seen by nobody inside, because it
/// is in no other namespace of theirs, nor can anybody look into it. Its root is the container's, in which it stands, and no signal but SIGKILL
/// ends it: it ends with its stream, or its work. One that works outside ends with the caller.
class Errand {
 public:
  /// Begins work that is done here, in this process's namespaces, and is not confined. Throws.
  explicit Errand(const std::function<std::string()>& work);

  /// Called with the folder that plan::OpenTarget opens, by work that writes, before it reads a byte of what somebody else has written: does the
  /// steps of the plan behind that. Throws.
  using Confine = std::function<void(int folder)>;

  /// Begins work behind the steps of `plan`, which outlives it, up to plan::OpenTarget. Throws.
  Errand(const plan::Plan& plan, ErrandEnds ends, const std::function<std::string(const Confine&)>& work);

  ~Errand();
  Errand(const Errand&) = delete;
  Errand& operator=(const Errand&) = delete;

  /// Waits for its end and gives what `work` gave, or throws the Error that it threw. Only once.
  [[nodiscard]] std::string finish();

 private:
  void start(const std::function<std::string(int answer)>& work, const std::function<std::string()>& told);
  void tell_steps(std::string_view told) const;
  [[nodiscard]] Error failure(const StepFailure& failed) const;

  const plan::Plan* plan_ = nullptr;
  ErrandEnds ends_;
  sys::Fd answer_;
  sys::Cloned process_;
};

}  // namespace snug::runtime
