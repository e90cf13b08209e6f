#pragma once

#include <sys/ioctl.h>
#include <termios.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "report.hh"
#include "snug/plan/plan.hh"
#include "snug/runtime/launch.hh"
#include "snug/sys/network.hh"

namespace snug::runtime {

/// What a process that the kernel ends nothing with does about those that lose their parents: with plan::GuardInit::adopts.
struct Orphans {
  int list = -1;      ///< its /proc/thread-self/children; -1: they are others' business
  int monitor = -1;   ///< its own parent, whose end is theirs
};

/// All that the child side needs, made before the clone: after it nothing is allocated.
/// Descriptors belong to the monitor, whose copy of them is not the child's.
struct Context {
  explicit Context(const plan::Plan& wanted);

  const plan::Plan& plan;
  int go = -1;       ///< read end; a byte comes when the id maps are written; -1: nothing to wait for
  int open = -1;     ///< read end; a byte comes when the way out is open
  int report = -1;   ///< a socket; its end of file tells the monitor that exec happened
  int control = -1;  ///< socket: the terminal's outer end goes out, later a byte for each stop of the payload
  const char* folder_path = nullptr;  ///< the container's folder, or null
  int folder = -1;   ///< the same, opened in the new mount namespace: overlays take no layers from another one
  std::vector<int> kept;  ///< of all that the monitor has open above 2; the rest is closed first, or nobody would notice its death
  int cgroup = -1;   ///< the container's, which its first process begins in
  int door = -1;     ///< cgroup.procs of that of a container that runs
  bool through_door = true;  ///< or not at all
  bool verbose = false;
  bool lent = false;  ///< its memory is the monitor's, until the command is executed
  std::array<int, 3> stdio{0, 1, 2};  ///< what becomes 0, 1, 2 of the payload
  std::array<bool, 3> on_terminal{};  ///< which of them the container's own terminal replaces
  winsize size{};
  termios attributes{};
  bool has_attributes = false;
  std::vector<int> slots;         ///< detached mounts, by plan::Slot
  std::vector<char> own;          ///< by plan::Slot: a file system that is the container's own
  std::vector<int> layers;        ///< of the overlay that is being made; capacity is reserved
  bool idle = true;  ///< nothing is executed: pid 1 is all there is
  int program = -1;  ///< of the host, to be executed by descriptor; or what a shell of snug's own is lent
  const OwnShell* shell = nullptr;  ///< what the payload does in place of a command: then it has memory of its own
  std::vector<const char*> argv, envp;
  std::vector<std::uint32_t> groups;
  std::string wall;   ///< of plan::RestrictEgress, as the kernel takes it
  std::vector<sys::NetAddress> name_servers;  ///< of plan::ServeNames
  std::uint32_t user = 0;  ///< the payload's uid
  int root = -1;      ///< "/", after the pivot
  int stream = -1, target = -1;  ///< of an errand: what it works by, and the folder that it writes below
  int null = -1;      ///< /dev/null of the host: who is no command has it as 0, 1 and 2
  std::uint64_t root_mount = 0;  ///< its number
  int terminal = -1;  ///< inner end of the container's terminal
  Orphans orphans;
  std::vector<std::uint64_t> own_mounts;  ///< ids of mounts in which targets may be made; capacity is reserved
};

/// Puts /dev/null in the place of those of 0, 1 and 2 that are none of the command's. In a process of its own.
void leave_callers_streams(const Context& context) noexcept;

/// Does one step that is done by the process itself: neither the monitor's, nor a fork. Gives 0 or an errno.
[[nodiscard]] int apply_step(Context& context, const plan::Action& action, Report& report) noexcept;

/// Does the steps of init and payload. Runs in the child, in its new namespaces; never returns.
[[noreturn]] void run_child(Context& context) noexcept;

// Steps that have a file of their own. Each gives 0 or an errno; none allocates or throws.

/// Mounts: mounts.cc. `reason` receives the kernel's own words.
[[nodiscard]] int apply(Context&, const plan::TakeTree&, Report& report) noexcept;
[[nodiscard]] int apply(Context&, const plan::MakeFilesystem&, Report& report) noexcept;
[[nodiscard]] int apply(Context&, const plan::MakeOverlay&, Report& report) noexcept;
[[nodiscard]] int apply(Context&, const plan::StageMount&, Report& report) noexcept;
[[nodiscard]] int apply(Context&, const plan::MakeFiles&, Report& report) noexcept;
[[nodiscard]] int apply(Context&, const plan::PivotRoot&, Report& report) noexcept;

/// The network: network.cc.
[[nodiscard]] int apply(Context&, const plan::MakeInterface&, Report& report) noexcept;
[[nodiscard]] int apply(Context&, const plan::TuneNetwork&, Report& report) noexcept;
[[nodiscard]] int apply(Context&, const plan::ConfigureInterface&, Report& report) noexcept;
[[nodiscard]] int apply(Context&, const plan::RestrictEgress&, Report& report) noexcept;
[[nodiscard]] int apply(Context&, const plan::ServeNames&, Report& report) noexcept;

/// Inside the new root: inside.cc.
[[nodiscard]] int apply(Context&, const plan::KeepNamespaces&, Report& report) noexcept;
[[nodiscard]] int apply(Context&, const plan::Attach&, Report& report) noexcept;
[[nodiscard]] int apply(Context&, const plan::MakeLink&, Report& report) noexcept;
[[nodiscard]] int apply(Context&, const plan::MakeFolder&, Report& report) noexcept;
[[nodiscard]] int apply(Context&, const plan::PartFolder&, Report& report) noexcept;
[[nodiscard]] int apply(Context&, const plan::SetMountFlags&, Report& report) noexcept;
[[nodiscard]] int apply(Context&, const plan::MaskPaths&, Report& report) noexcept;
[[nodiscard]] int apply(Context&, const plan::CarryTerminal&, Report& report) noexcept;
[[nodiscard]] std::uint64_t attributes_of(const plan::MountFlags& flags) noexcept;

/// How long monitor and init wait before they let go of the program's pages.
inline constexpr int grace_milliseconds = 50;

/// pid 1 for the rest of its life: reaps, forwards signals, tells the monitor of stops. Gives the exit code. init.cc.
[[nodiscard]] int supervise(int payload, int control, int terminal, const Orphans& orphans) noexcept;

/// pid 1 of an idle container: reaps what those who enter leave behind, until a signal ends it. Gives the exit code. init.cc.
[[nodiscard]] int rest(const Orphans& orphans) noexcept;

}  // namespace snug::runtime
