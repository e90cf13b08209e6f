#include "snug/plan/hints.hh"

#include <cerrno>

#include "snug/base/text.hh"

namespace snug::plan {
namespace {

using Hint = std::optional<std::string>;

struct Hints {
  int error;
  const HostFacts& facts;

  Hint operator()(const Clone&) const {
    if (error == EPERM)
      return "this kernel or a policy refuses user namespaces to ordinary users (kernel.unprivileged_userns_clone, "
             "kernel.apparmor_restrict_unprivileged_userns, an outer container's filter): snug doctor";
    if (error == ENOSPC)
      return "a limit of user.max_*_namespaces is reached, or namespaces are nested too deep (32): snug doctor";
    if (error == EINVAL) return "this kernel was built without one of these namespaces: snug doctor";
    if (error == EAGAIN) return "no more processes for this user: ulimit -u";
    return {};
  }
  Hint operator()(const WriteIdMaps& step) const {
    if (!step.newuidmap.empty())
      return "newuidmap(1) allows what /etc/subuid and /etc/subgid give you; --userns single needs neither";
    return {};
  }
  Hint operator()(const EnterNamespaces&) const {
    if (error == EPERM || error == EINVAL)
      return "a namespace can be entered by whoever owns the user namespace it belongs to: join that one too "
             "(--userns ns:/proc/PID/ns/user)";
    return {};
  }
  Hint operator()(const TakeTree& step) const {
    if (!step.device || error != ENODEV) return {};
    if (step.device->number) return "something else lies in its place here, as outer containers do; snug makes no nodes";
    return "it is no character or block device; -v shows folders and files";
  }
  Hint operator()(const MakeFilesystem& step) const {
    if (step.type == "proc" && error == EPERM)
      return "part of /proc is covered here, as outer containers do; there the kernel gives no new one: snug doctor";
    if (step.type == "sysfs" && error == EPERM) return "part of /sys is covered here, as outer containers do";
    return {};
  }
  Hint operator()(const MakeOverlay& step) const {
    if (error == EPERM) return "overlays in user namespaces need Linux 5.11 or newer";
    if (error == ENODEV) return "this kernel has no overlay file system: modprobe overlay";
    if (error == EINVAL && !step.lowers.empty())
      return "a folder with other mounts below it, or of a file system without stable names (vfat, for one), cannot be "
             "overlaid; --rw uses the folder itself";
    return {};
  }
  Hint operator()(const Attach& step) const {
    if (error == EXDEV)
      return format("{} lies on the host's side of a bind, where snug makes nothing: mkdir it first", quoted(step.target));
    if (error == ENOENT)
      return format("the root file system has no {}, and with --rw snug makes nothing in it: mkdir it there",
                    quoted(step.target));
    if (error == EACCES || error == EOVERFLOW || error == EPERM)
      return "its folder belongs to an id that is not mapped here; see snug-walls(7), \"id maps\"";
    if (error == ENOTDIR) return "a folder can only be mounted on a folder, and a file on a file";
    if (error == EBUSY) return "links in the root file system lead from there to its /, on which nothing can be mounted";
    return {};
  }
  Hint operator()(const MakeLink& step) const {
    if (error == EXDEV) return format("{} lies on the host's side of a bind, where snug makes nothing", quoted(step.path));
    return {};
  }
  Hint operator()(const MakeFolder& step) const {
    return (*this)(Attach{0, step.path, Attach::Target::make});
  }
  Hint operator()(const ChangeFolder&) const {
    if (error == ENOENT) return "-w names a folder inside the container";
    return {};
  }
  Hint operator()(const CloseDescriptors&) const {
    if (error == EISDIR) return "standard input, output or error is a folder of the host, and would lead out of the container";
    return {};
  }
  Hint operator()(const SetLimits&) const {
    if (error == EPERM) return "a hard limit cannot be raised above the caller's own: ulimit -H";
    return {};
  }
  Hint operator()(const Exec& step) const {
    if (error == ENOENT && step.paths.size() == 1)
      return "the file is not there, or the interpreter in its first line or its dynamic loader is not";
    if (error == ENOENT) return "no folder of PATH inside the container has it";
    if (error == ENOEXEC) return "it is no program of this machine's architecture, and no script with a first line";
    if (error == E2BIG) return "arguments and environment are too large together; execve(2) tells the limit";
    return {};
  }
  template <typename Other>
  Hint operator()(const Other&) const {
    if (error == ENOSPC) return format("the disk is full; snug keeps its data below {}", quoted(facts.store));
    return {};
  }
};

}  // namespace

std::optional<std::string> find_hint(const Action& action, int error, const HostFacts& facts) {
  if (std::holds_alternative<MakeFolders>(action) && error == ENOSPC)
    return format("the disk is full; snug keeps its data below {}", quoted(facts.store));
  return std::visit(Hints{error, facts}, action);
}

}  // namespace snug::plan
