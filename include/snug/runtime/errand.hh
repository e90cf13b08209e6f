#pragma once

#include <functional>
#include <string>

#include "snug/base/error.hh"
#include "snug/plan/step.hh"
#include "snug/sys/fd.hh"
#include "snug/sys/process.hh"

namespace snug::runtime {

/// Where an errand is done.
struct ErrandPlace {
  int user = -1, mounts = -1;  ///< the namespaces that it goes into: descriptors of the caller's. -1: it stays in the host's

  /// Tells, in the calling process, of a wall that could not be raised around the errand. None: it is told without a hint.
  Error (*refused)(const plan::Action& wall, int error) = nullptr;

  [[nodiscard]] bool is_inside() const noexcept { return user >= 0 || mounts >= 0; }
};

/// Work that is done by a fork of this process: no program is executed, and what it gives or throws comes back. The calling
/// process has one thread. At the end it is waited for, and killed where it takes long although its stream is closed.
///
/// One on the files of a container that runs is seen by nobody inside, because it is in no other namespace of theirs, nor can anybody look
/// into it. Its root is the container's, in which it stands, and it is root over the ids that are mapped there, with the capabilities that
/// files take and no others. Of the caller's descriptors it has `stream` alone, and no signal but SIGKILL ends it: it ends with its stream.
/// One that works outside has no other either, but 0 to 2, and ends with the caller.
class Errand {
 public:
  /// Begins work that is done here, in this process's namespaces, and is not confined. Throws.
  explicit Errand(const std::function<std::string()>& work);

  /// Begins work that reads: by a filter of system calls, no_new_privs and Landlock it can do nothing else with files, and those of the
  /// place alone. Throws.
  Errand(const ErrandPlace& place, int stream, const std::function<std::string()>& work);

  /// What shuts work in that writes: called with the open folder below which it makes what it makes, before it reads a byte of what
  /// somebody else has written. From then on it has `stream` and this folder alone, and can write nowhere else, nor read. Throws.
  using Confine = std::function<void(int folder)>;

  /// Begins work that writes, below the folder that it calls Confine with. Throws.
  Errand(const ErrandPlace& place, int stream, const std::function<std::string(const Confine&)>& work);

  ~Errand();
  Errand(const Errand&) = delete;
  Errand& operator=(const Errand&) = delete;

  /// Waits for its end and gives what `work` gave, or throws the Error that it threw. Only once.
  [[nodiscard]] std::string finish();

 private:
  void start(const std::function<std::string(int answer)>& work);

  ErrandPlace place_;
  sys::Fd answer_;
  sys::Cloned process_;
};

}  // namespace snug::runtime
