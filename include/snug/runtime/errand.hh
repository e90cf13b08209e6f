#pragma once

#include <functional>
#include <string>

#include "snug/sys/fd.hh"
#include "snug/sys/process.hh"

namespace snug::runtime {

/// The namespaces that an errand goes into: descriptors of the caller's. -1: it stays in the host's.
struct ErrandPlace {
  int user = -1, mounts = -1;
};

/// Work that is done by a fork of this process: no program is executed, and what it gives or throws comes back. The calling
/// process has one thread. At the end it is waited for, and killed where it takes long although its stream is closed.
class Errand {
 public:
  /// Begins work that is done here, in this process's namespaces. Throws.
  explicit Errand(const std::function<std::string()>& work);

  /// Begins work on the files of a container that runs, in its user and mount namespaces. Nobody inside sees the process, because
  /// it is in no other namespace of theirs, nor can look into it. Its root is the container's, in which it stands, and it is root over
  /// the ids that are mapped there, with the capabilities that files take and no others. Of the caller's descriptors it has
  /// `stream` alone, and no signal but SIGKILL ends it: it ends with its stream. `work` has to open nothing but what it works on. Throws.
  Errand(const ErrandPlace& place, int stream, const std::function<std::string()>& work);

  ~Errand();
  Errand(const Errand&) = delete;
  Errand& operator=(const Errand&) = delete;

  /// Waits for its end and gives what `work` gave, or throws the Error that it threw. Only once.
  [[nodiscard]] std::string finish();

 private:
  using Prepare = std::function<int(int answer)>;
  void start(const Prepare& prepare, const std::function<std::string()>& work);

  sys::Fd answer_;
  sys::Cloned process_;
};

}  // namespace snug::runtime
