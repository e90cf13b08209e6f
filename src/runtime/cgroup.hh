#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "snug/plan/step.hh"
#include "snug/runtime/cgroup.hh"
#include "snug/sys/fd.hh"

namespace snug::runtime {

/// The cgroup of a container, while it lives: the outer one with its limits, locked (flock(2)), by which others know that it is in use,
/// and the inner one, which its processes are in. Removed at the end, with all that is left in it.
class Cgroup {
 public:
  Cgroup() = default;
  ~Cgroup() { remove(); }
  Cgroup(const Cgroup&) = delete;
  Cgroup& operator=(const Cgroup&) = delete;

  /// Does the step for the container `id`: 0 or errno; `reason` gets what it was about.
  [[nodiscard]] int make(const plan::MakeCgroup& step, const std::string& id, std::string& reason);

  /// The inner one, for CLONE_INTO_CGROUP; -1: none was made.
  [[nodiscard]] int inner() const { return inner_.get(); }
  [[nodiscard]] const std::string& path() const { return path_; }

  /// How many processes the kernel has ended in it for want of memory.
  [[nodiscard]] std::uint64_t out_of_memory_kills() const;

  void remove() noexcept;

 private:
  [[nodiscard]] int make_in(const plan::MakeCgroup& step, const std::string& name, std::string& reason);

  std::string path_;
  std::string parent_path_;
  bool tidies_ = false;  ///< the parent is nobody's but ours to put in order
  sys::Fd outer_, inner_;
};

/// Opens the file by which the caller, or a child of his, joins the container's cgroup. Empty with errno set.
[[nodiscard]] sys::Fd open_cgroup_door(const plan::JoinCgroup& step, std::string& reason);

}  // namespace snug::runtime
