#pragma once

#include <cstdint>
#include <functional>

#include "snug/base/ids.hh"

namespace snug::probe {

/// Who goes through trials: mapped to root of each new user namespace.
struct Caller {
  HostId uid, gid;
};

/// Runs `work` in a child process in new namespaces (CLONE_NEW* `flags`), with its mounts private. Gives what it gave,
/// an errno or 0; the errno of the clone; or ETIMEDOUT, once it has been killed for taking too long.
[[nodiscard]] int try_in_child(const Caller& caller, std::uint64_t flags, const std::function<int()>& work);

/// Runs `work` in a child process that goes on to its end whatever becomes of this one, Ctrl-C and SIGKILL included:
/// for work that has to be tidied up after. Gives 0, or the errno of the clone.
[[nodiscard]] int run_undisturbed(const std::function<void()>& work);

}  // namespace snug::probe
