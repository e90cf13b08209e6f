#include "lesson.hh"

namespace snug::explain {
namespace {

using namespace plan;

// A table in the form of overloads: an action without a lesson does not compile.
struct Lessons {
  Lesson operator()(const MakeFolders&) const {
    return {"make_folders", "what the container writes goes here, and away with it", "overlayfs: Documentation/filesystems"};
  }
  Lesson operator()(const EnterNamespaces&) const { return {"enter_namespaces", "you asked to share these walls", "setns(2)"}; }
  Lesson operator()(const Clone&) const {
    return {"clone", "the walls: from here on the process sees its own of each", "namespaces(7), clone3(2)"};
  }
  Lesson operator()(const WriteIdMaps&) const {
    return {"write_id_maps", "ids inside get a meaning outside; without one, nothing can be owned", "user_namespaces(7)"};
  }
  Lesson operator()(const BecomeUser&) const { return {"become_user", "take the ids that the map gave", "credentials(7), setresuid(2)"}; }
  Lesson operator()(const MakePrivate&) const {
    return {"make_private", "nothing that is mounted in here appears on the host", "mount_namespaces(7)"};
  }
  Lesson operator()(const TakeTree&) const {
    return {"take_tree", "held by descriptor before the old root goes, so no path can be swapped later", "open_tree(2), mount_setattr(2)"};
  }
  Lesson operator()(const MakeFilesystem&) const {
    return {"make_filesystem", "a new one of the container's own, never the host's", "fsopen(2), fsmount(2)"};
  }
  Lesson operator()(const MakeOverlay&) const {
    return {"make_overlay", "copy on write: the lower folder stays as it is", "overlayfs: Documentation/filesystems"};
  }
  Lesson operator()(const StageMount&) const {
    return {"stage_mount", "overlays take layers only from mounts that are attached", "move_mount(2)"};
  }
  Lesson operator()(const MakeFiles&) const {
    return {"make_files", "mounted over the root's own, which are neither read nor changed", "tmpfs(5), open_tree(2)"};
  }
  Lesson operator()(const PivotRoot&) const {
    return {"pivot_root", "from here on no path leads to the host's files", "pivot_root(2)"};
  }
  Lesson operator()(const Attach&) const {
    return {"attach", "the target is resolved below the new root, whatever links lie there", "move_mount(2), openat2(2)"};
  }
  Lesson operator()(const MakeLink&) const { return {"make_link", "programs expect it there", "symlink(2)"}; }
  Lesson operator()(const MakeFolder&) const { return {"make_folder", "made inside, never on the host", "mkdir(2), openat2(2)"}; }
  Lesson operator()(const SetMountFlags&) const { return {"set_mount_flags", "you asked for a root that cannot be written", "mount_setattr(2)"}; }
  Lesson operator()(const SetHostname&) const { return {"set_hostname", "seen by this UTS namespace alone", "uts_namespaces(7)"}; }
  Lesson operator()(const BringUpLoopback&) const {
    return {"bring_up_loopback", "a new network namespace has only this interface, and it is down", "network_namespaces(7), netdevice(7)"};
  }
  Lesson operator()(const OpenTerminal&) const {
    return {"open_terminal", "the host's terminal stays out of reach: nothing can be typed into it from inside", "pty(7), ioctl_tty(2)"};
  }
  Lesson operator()(const JoinKeyring&) const { return {"join_keyring", "the keys of your session stay yours", "session-keyring(7)"}; }
  Lesson operator()(const GuardInit&) const {
    return {"guard_init", "kill the monitor and the kernel ends all of this; nobody inside can trace pid 1", "prctl(2)"};
  }
  Lesson operator()(const ForkPayload&) const {
    return {"fork_payload", "pid 1 stays to reap orphans and to pass signals on, and sleeps", "pid_namespaces(7)"};
  }
  Lesson operator()(const StartSession&) const { return {"start_session", "signals of the outer terminal do not reach it", "setsid(2), credentials(7)"}; }
  Lesson operator()(const SetLimits&) const {
    return {"set_limits", "no core dumps: the host's core handler runs as the host's root", "getrlimit(2), core(5)"};
  }
  Lesson operator()(const ResetProcess&) const { return {"reset_process", "nothing of the caller's habits is inherited", "signal(7), umask(2)"}; }
  Lesson operator()(const ChangeFolder&) const { return {"change_folder", "where the command starts", "chdir(2)"}; }
  Lesson operator()(const SetCapabilities&) const {
    return {"set_capabilities", "root inside may do what packages need, and no more", "capabilities(7)"};
  }
  Lesson operator()(const NoNewPrivileges&) const {
    return {"no_new_privileges", "set-user-ID programs raise nothing", "prctl(2): PR_SET_NO_NEW_PRIVS"};
  }
  Lesson operator()(const CloseDescriptors&) const { return {"close_descriptors", "nothing of the host stays open inside", "close_range(2)"}; }
  Lesson operator()(const Exec&) const { return {"exec", "the command, straight on the kernel", "execve(2), environ(7)"}; }
};

}  // namespace

Lesson lesson_of(const Action& action) { return std::visit(Lessons{}, action); }

}  // namespace snug::explain
