#pragma once

#include <sys/types.h>

#include "child.hh"

namespace snug::runtime {

/// What came of a start in namespaces of others: the init process, or why there is none.
struct PorchAnswer {
  bool cloning = false;  ///< all was entered by then
  bool joining = false;  ///< nothing was: it is about the cgroup
  int error = 0;
  pid_t init = -1;       ///< a child of the caller
  std::string entry = {};  ///< the namespace that could not be opened
};

/// Starts run_child in the namespaces of `enter` and in new ones, `flags`; the caller stays outside.
[[nodiscard]] PorchAnswer start_through_porch(Context& context, const plan::EnterNamespaces& enter, std::uint64_t flags);

}  // namespace snug::runtime
