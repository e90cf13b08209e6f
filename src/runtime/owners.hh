#pragma once

#include "snug/plan/step.hh"
#include "snug/sys/fd.hh"
#include "snug/sys/process.hh"

namespace snug::runtime {

/// What the process that remembers owners works with. They stay the caller's.
struct OwnersPlace {
  int listener = -1;          ///< of plan::RememberOwners
  int user = -1, mounts = -1; ///< namespaces of the container
};

/// The process that remembers owners for those who have the filter of plan::RememberOwners: owners.cc. A child of the monitor, outside the
/// container's process namespace: nobody inside sees it, or can end it.
class Owners {
 public:
  /// Starts it. error() tells whether it works.
  Owners(const plan::RememberOwners& step, const OwnersPlace& place);

  /// Ends it, where it does not outlive the monitor; else it is given a moment to end by itself.
  ~Owners();

  Owners(const Owners&) = delete;
  Owners& operator=(const Owners&) = delete;

  /// 0, or the errno of its start.
  [[nodiscard]] int error() const noexcept { return error_; }
  /// Can be read once it has ended.
  [[nodiscard]] int descriptor() const noexcept { return process_.pidfd.get(); }
  /// Whether it has ended because it had nobody to serve any more.
  [[nodiscard]] bool was_done() const noexcept;

 private:
  bool dies_with_monitor_;
  sys::Cloned process_;
  int error_ = 0;
};

}  // namespace snug::runtime
