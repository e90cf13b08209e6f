#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "snug/plan/filter.hh"
#include "snug/plan/spec.hh"

namespace snug::plan {

/// Who does a step: the monitor (outside, before the clone or while the child waits), the init process (pid 1,
/// as root of the new user namespace), or the payload (the process that becomes the command). An errand is a plan of its own: of one process
/// that works on files and executes nothing.
enum class Actor { monitor, init, payload, errand };

/// Names a detached mount that one step makes and a later one attaches: a descriptor of the init process.
using Slot = unsigned;

/// Flags of mount_setattr(2) that a mount gets; new ones start closed.
struct MountFlags {
  bool read_only = false, no_setuid = true, no_devices = true, no_exec = false;
  bool recursive = false;
  bool operator==(const MountFlags&) const = default;
};

// --- the monitor ---------------------------------------------------------------------------------------------

/// Makes the folders of this container below `store`/containers/ID, each with the mode given.
struct MakeFolders {
  struct Folder {
    std::string path;  ///< below the container's folder
    std::uint32_t mode = 0755;
    bool operator==(const Folder&) const = default;
  };
  std::vector<Folder> folders;
  bool operator==(const MakeFolders&) const = default;
};

/// A file of a cgroup and what is written into it: "memory.max", "104857600".
struct CgroupSetting {
  std::string file, value;
  bool operator==(const CgroupSetting&) const = default;
};

/// Makes a cgroup below `parent`, or in a scope that the user's systemd makes, and one in it, in which the container lives: what
/// is set in the outer one nothing inside can reach. Without settings a container does without where it cannot be had.
struct MakeCgroup {
  std::string parent;                    ///< absolute; empty: the scope
  std::string manager;                   ///< the socket of the user's systemd; empty: `parent` counts
  std::vector<std::string> controllers;  ///< that it has to have
  std::vector<CgroupSetting> settings;
  bool operator==(const MakeCgroup&) const = default;
};

/// Joins the cgroup of a container that runs. Where that lies in a scope, only who is in one of the user's can: `manager` makes it.
struct JoinCgroup {
  std::string path;  ///< that MakeCgroup made, the outer one; absolute
  std::string manager;
  bool required = true;  ///< it has limits; else who cannot join it goes on outside
  bool operator==(const JoinCgroup&) const = default;
};

/// Enters namespaces of others before the rest is made: setns(2), user namespace first.
struct EnterNamespaces {
  struct Entry {
    std::string kind;  ///< user, pid, net, uts, ipc, cgroup, time
    std::string path;
    std::uint64_t inode = 0;  ///< what it must be; 0: whatever it is there
    bool operator==(const Entry&) const = default;
  };
  std::vector<Entry> entries;
  bool operator==(const EnterNamespaces&) const = default;
};

/// clone3(2) of the init process, in new namespaces.
struct Clone {
  std::uint64_t flags = 0;  ///< CLONE_NEW*
  bool adopts = false;      ///< the monitor has what is left without a parent as its children, and ends it: no PID namespace does
  bool operator==(const Clone&) const = default;
};

/// Writes the id maps of the new user namespace.
struct WriteIdMaps {
  std::vector<IdRange> uids, gids;
  std::string newuidmap, newgidmap;  ///< helper programs; empty: the init process writes one line itself
  bool deny_setgroups = false;
  bool operator==(const WriteIdMaps&) const = default;
};

// --- the init process, still on the host's root -------------------------------------------------------------

/// Takes ids of the new user namespace: setgroups(2) (unless denied), setresgid(2), setresuid(2).
struct BecomeUser {
  ContainerId uid, gid;
  std::optional<std::vector<ContainerId>> groups;
  bool operator==(const BecomeUser&) const = default;
};

/// Makes the cgroup that the process is in the root of a new cgroup namespace. clone3(2) would take the monitor's.
struct MakeCgroupNamespace {
  bool operator==(const MakeCgroupNamespace&) const = default;
};

/// Stops mounts from travelling between the host and here: mount(MS_REC|MS_PRIVATE).
struct MakePrivate {
  bool operator==(const MakePrivate&) const = default;
};

/// Makes the interface that leads out, and hands its outer end to the monitor: tun(4). Nobody drives it yet.
struct MakeInterface {
  std::string name;
  std::array<std::uint8_t, 6> hardware{};  ///< its address
  unsigned mtu = 0;
  bool operator==(const MakeInterface&) const = default;
};

/// Writes sysctls of the network namespace: names below /proc/sys/net, and values. What cannot be written stays as it is.
struct TuneNetwork {
  std::vector<std::pair<std::string, std::string>> settings;
  bool operator==(const TuneNetwork&) const = default;
};

/// Brings the interface up, with its addresses and a default route of each family. Whoever binds a socket to it (SO_BINDTODEVICE) passes
/// by the routes of the loopback: `held` are networks that lead to the container's own loopback even so.
struct ConfigureInterface {
  struct Way {
    std::string address;
    unsigned prefix = 0;
    std::string gateway;
    bool operator==(const Way&) const = default;
  };
  struct Network {
    std::string address;
    unsigned prefix = 0;
    bool operator==(const Network&) const = default;
  };
  std::string name;
  std::vector<Way> ways;
  std::vector<Network> held;
  bool operator==(const ConfigureInterface&) const = default;
};

/// A character or block device, whichever; or the character device with this number.
struct DeviceNode {
  std::optional<std::uint32_t> number;  ///< major << 8 | minor
  bool operator==(const DeviceNode&) const = default;
};

/// Makes a detached copy of a mount tree or one file: open_tree(2), mount_setattr(2).
struct TakeTree {
  Slot slot = 0;
  std::string source;  ///< absolute on the host; relative: below the container's folder, and the container's own
  MountFlags flags;
  std::optional<DeviceNode> device;  ///< what it must be; nothing: a folder or file, as it comes
  std::string beneath = {};  ///< the folder on the way to it, from which on no link is followed; empty: links are

  /// The way from there on.
  [[nodiscard]] const char* rest() const noexcept { return source.c_str() + beneath.size() + (beneath == "/" ? 0 : 1); }
  bool operator==(const TakeTree&) const = default;
};

/// Makes a new file system: fsopen(2), fsconfig(2), fsmount(2).
struct MakeFilesystem {
  Slot slot = 0;
  std::string type;
  std::vector<std::pair<std::string, std::string>> options;  ///< an empty value is a flag
  MountFlags flags;
  bool operator==(const MakeFilesystem&) const = default;
};

/// A folder that an overlay is made of.
struct Layer {
  std::string path;           ///< absolute on the host; relative: below the container's folder, or below `mount`
  std::optional<Slot> mount;  ///< a mount that an earlier step made and staged
  bool operator==(const Layer&) const = default;
};

/// Makes an overlay: layers are opened and handed over as /proc/self/fd/N, so no path is ever parsed by who puts it together.
struct MakeOverlay {
  Slot slot = 0;
  std::vector<Layer> lowers;         ///< topmost first
  std::optional<Layer> upper, work;  ///< none: a read-only overlay
  MountFlags flags;
  std::string image = {};            ///< whose layers they are, for messages
  bool kept = false;                 ///< what is written outlives the container, and reaches the disk: not `volatile`
  std::string program = {};          ///< fuse-overlayfs, which serves it from outside the container; empty: the kernel does it itself
  bool operator==(const MakeOverlay&) const = default;
};

/// Attaches a mount over the host's root, in this mount namespace alone, where overlays can take it for a layer;
/// `folders` are made in it. It goes away with the old root.
struct StageMount {
  Slot slot = 0;
  std::vector<std::string> folders;
  bool operator==(const StageMount&) const = default;
};

/// Writes small files into a tmpfs that nobody can see, each ready to be attached over a file of the root.
struct MakeFiles {
  struct File {
    Slot slot = 0;
    std::string name, content;
    bool operator==(const File&) const = default;
  };
  std::vector<File> files;
  bool operator==(const MakeFiles&) const = default;
};

/// Teaches the container a type of terminal: its entry of terminfo(5) is written below /run. Where that is not memory of the container's
/// own, or it cannot be written, nothing is done.
struct CarryTerminal {
  std::string type, entry;
  bool operator==(const CarryTerminal&) const = default;
};

/// Makes `root` the root file system and lets go of the old one: move_mount(2), pivot_root(2), umount2(2).
struct PivotRoot {
  Slot root = 0;
  bool operator==(const PivotRoot&) const = default;
};

// --- the init process, inside --------------------------------------------------------------------------------

/// Hands the namespaces that the container lives in to the monitor, which holds them open for those who enter later: pid 1 is
/// closed to everybody by then. And its root, by which its files are found from outside.
struct KeepNamespaces {
  static constexpr const char* root = "root";  ///< the last of `kinds`
  Slot proc = 0;                               ///< a file system of that type
  std::vector<std::string> kinds;              ///< as in /proc/PID/ns: those that are not the host's
  bool operator==(const KeepNamespaces&) const = default;
};

/// Attaches a detached mount; its target is resolved inside the new root. A target that is made is
/// a folder or a file as the mount is, and only in file systems that are the container's own.
struct Attach {
  /// What is done where the target is not there. Optional: it is made where that is possible, else left out.
  enum class Target { must_exist, make, optional };
  Slot slot = 0;
  std::string target;
  Target missing = Target::make;
  std::optional<Slot> within = {};  ///< a file system of the container's own that `target` is a name in: nothing to resolve
  bool operator==(const Attach&) const = default;
};

/// A symbolic link; where its place is taken, what is there stays.
struct MakeLink {
  std::string path, link;
  std::optional<Slot> within = {};  ///< as of Attach
  bool operator==(const MakeLink&) const = default;
};

struct MakeFolder {
  std::string path;
  std::uint32_t mode = 0755;
  bool operator==(const MakeFolder&) const = default;
};

/// Makes a folder a mount of its own, so that it stays as it is when the mount that it lies in gets other flags; it is made
/// where it is missing.
struct PartFolder {
  std::string path;
  bool operator==(const PartFolder&) const = default;
};

/// Sets the flags of a mount that stands: mount_setattr(2).
struct SetMountFlags {
  std::string target;
  MountFlags flags;
  bool operator==(const SetMountFlags&) const = default;
};

/// Takes the right to make user namespaces from the new one: 0 in its user.max_user_namespaces, which only CAP_SYS_RESOURCE raises.
struct ForbidNamespaces {
  std::optional<Slot> proc;  ///< a file system of that type; nothing: the host's, before the pivot
  bool operator==(const ForbidNamespaces&) const = default;
};

/// Covers files and folders, where they are there: what is hidden by an empty file or folder, the rest by itself, read-only.
struct MaskPaths {
  std::vector<std::string> hidden, read_only;  ///< "*" stands for a number, from 0 on as far as there are any
  Slot null = 0;                               ///< the device /dev/null, attached by then
  bool operator==(const MaskPaths&) const = default;
};

struct SetHostname {
  std::string name;
  bool operator==(const SetHostname&) const = default;
};

struct BringUpLoopback {
  bool operator==(const BringUpLoopback&) const = default;
};

/// Closes whatever the container would send but to what `rules` name: nftables of its network namespace, by which the kernel itself passes or
/// drops packets.
struct RestrictEgress {
  std::vector<std::string> rules = {};  ///< as find_rule reads them
  bool operator==(const RestrictEgress&) const = default;
};

/// Makes the interface by which the container asks for names, and hands its outer end to the monitor.
struct ServeNames {
  std::vector<std::string> addresses = {};  ///< at which it asks: what is sent there goes out by it, and nothing else
  bool operator==(const ServeNames&) const = default;
};

/// Has the monitor start the gate, which answers there: once the first question comes, or at once where it has to let out what is
/// sent to the addresses of names that rules allow.
struct OpenGate {
  std::vector<std::string> addresses = {};  ///< where it answers
  std::vector<std::string> upstream = {};   ///< whom it asks for names; none: those whom the host asks
  bool hands_on = true;                     ///< it does, for names that no shared network knows
  bool operator==(const OpenGate&) const = default;
};

/// Has the monitor start pasta, or slirp4netns, once the first packet wants out or at once. PID among its words is the number of a
/// process in the container's user and network namespace.
struct OpenWayOut {
  std::string interface;
  std::vector<std::string> words;
  bool at_once = false;
  bool again = true;  ///< where it ends, it is started anew, once
  bool operator==(const OpenWayOut&) const = default;
};

/// Gives the container an interface in a network that it shares with others: by way of the keeper of those networks, a process
/// outside, which is started where there is none.
struct JoinNetwork {
  std::string keeper;              ///< the folder in which it listens
  std::string network;
  std::string interface;           ///< its name inside
  std::string hardware;
  std::string address4, address6;  ///< with their prefixes, "10.89.0.2/24"; without IPv6 the second is empty
  std::vector<std::string> names;  ///< by which the others find the container: its own first
  bool operator==(const JoinNetwork&) const = default;
};

/// Waits until pasta has opened the ports, and until the networks are joined.
struct AwaitWayOut {
  bool operator==(const AwaitWayOut&) const = default;
};

/// Opens a terminal in the container's own devpts and hands its outer end to the monitor.
struct OpenTerminal {
  std::optional<Slot> devpts;  ///< nothing: the one at /dev/pts of a container that runs
  bool operator==(const OpenTerminal&) const = default;
};

/// A session keyring of the container's own: keyctl(KEYCTL_JOIN_SESSION_KEYRING).
struct JoinKeyring {
  bool operator==(const JoinKeyring&) const = default;
};

/// Makes the process die with the monitor, and closes it to tracers and to readers of its /proc files:
/// prctl(PR_SET_PDEATHSIG), prctl(PR_SET_DUMPABLE, 0).
struct GuardInit {
  bool dies_with_monitor = true;
  bool adopts = false;  ///< as Clone says of the monitor: it ends them before it dies
  bool operator==(const GuardInit&) const = default;
};

/// Forks the payload. What is left reaps and forwards signals: as the container's pid 1, or, of who comes to one that runs, as the leader of the
/// session of his terminal. Or it goes away, and leaves the payload to that pid 1.
struct ForkPayload {
  enum class Parent { init, leader, gone };
  Parent parent = Parent::init;
  bool operator==(const ForkPayload&) const = default;
};

// --- the payload ----------------------------------------------------------------------------------------------

/// A session of its own: setsid(2). With a terminal, the payload's parent leads the session and the payload is its foreground
/// process group, so that Ctrl-Z has somebody to wake it up again.
struct StartSession {
  bool terminal = false;
  bool operator==(const StartSession&) const = default;
};

struct SetLimits {
  std::vector<ResourceLimit> limits;
  bool operator==(const SetLimits&) const = default;
};

/// umask(2) and default dispositions with an empty mask for all signals.
struct ResetProcess {
  std::uint32_t umask = 022;
  bool operator==(const ResetProcess&) const = default;
};

/// Has the payload killed when its parent dies: prctl(PR_SET_PDEATHSIG). After BecomeUser, which would undo it.
struct DieWithParent {
  bool operator==(const DieWithParent&) const = default;
};

struct ChangeFolder {
  std::string path;
  bool operator==(const ChangeFolder&) const = default;
};

/// The bounding set, and with uid 0 also the permitted and effective sets; inheritable and ambient are emptied.
struct SetCapabilities {
  std::vector<int> kept;  ///< CAP_* numbers, ascending
  bool bounding_only = false;
  bool operator==(const SetCapabilities&) const = default;
};

struct NoNewPrivileges {
  bool operator==(const NoNewPrivileges&) const = default;
};

/// Nothing can be opened but what lies below the root or is standard input, output or error already: landlock(7). Of an errand no more
/// than its work.
struct EnforceLandlock {
  enum class Reach { root, reading, writing };  ///< `reading`: all files, and that is all; `writing`: below what OpenTarget has opened
  unsigned abi = 0;            ///< what the kernel knows of it
  bool shut_sockets = false;   ///< abstract sockets of others, from ABI 6 on
  bool shut_signals = false;   ///< signals to others, from ABI 6 on
  Reach reach = Reach::root;
  bool operator==(const EnforceLandlock&) const = default;
};

/// Loads a filter of system calls: seccomp(2).
struct LoadFilter {
  static constexpr std::string_view root = "root";         ///< the name of the one that answers what root with one id cannot do
  static constexpr std::string_view with_root = " + root";  ///< ends the name of one that answers it besides
  std::string name;                                        ///< what the user knows it by
  FilterProgram program;
  [[nodiscard]] bool answers_root() const { return name == root || name.ends_with(with_root); }
  bool operator==(const LoadFilter&) const = default;
};

/// Loads a filter that hands calls about owners, modes and devices to a process outside, which remembers what files were to be: seccomp(2),
/// SECCOMP_FILTER_FLAG_NEW_LISTENER. The monitor starts that process; who makes such a call waits for it.
struct RememberOwners {
  FilterProgram program;
  bool dies_with_monitor = true;  ///< else with the last process that has the filter
  bool operator==(const RememberOwners&) const = default;
};

/// Closes all descriptors above 2: close_range(2). None of 0, 1 and 2 may be a folder, which would lead outside.
struct CloseDescriptors {
  bool leaves_work = false;  ///< of an errand: but what it works by, a stream and the folder that it writes below
  bool operator==(const CloseDescriptors&) const = default;
};

/// execve(2): tries each of `paths` in turn, as a search of PATH does. Or execveat(2) of a program of the host, which the
/// monitor has opened beforehand: then `paths` is that one file.
struct Exec {
  std::vector<std::string> paths;
  std::vector<std::string> argv;
  std::vector<std::string> env;  ///< NAME=VALUE, in order
  bool from_host = false;
  bool operator==(const Exec&) const = default;
};

/// Becomes snug's own shell instead: the process goes on as it is, and executes nothing. So it needs no file of the root, and
/// nobody inside finds the host's program behind its /proc/PID/exe.
struct RunShell {
  std::vector<std::string> words;  ///< a command, or "-c" and a script; nothing: what is typed
  std::vector<std::string> env;    ///< NAME=VALUE, in order
  std::string tools;               ///< a static program of the host, lent as a sealed copy in memory; empty: none
  bool operator==(const RunShell&) const = default;
};

// --- an errand -------------------------------------------------------------------------------------------------

/// Opens the folder below which an errand writes: the first thing that its work does. The steps behind it shut it in there, before it reads
/// a byte of what somebody else has written.
struct OpenTarget {
  bool operator==(const OpenTarget&) const = default;
};

using Action = std::variant<MakeFolders, MakeCgroup, JoinCgroup, EnterNamespaces, Clone, WriteIdMaps, BecomeUser, MakeCgroupNamespace, MakePrivate, MakeInterface, TuneNetwork, ConfigureInterface, TakeTree,
                            MakeFilesystem, MakeOverlay, StageMount, MakeFiles, CarryTerminal, PivotRoot, KeepNamespaces, Attach, MakeLink,
                            MakeFolder, PartFolder, SetMountFlags, ForbidNamespaces, MaskPaths, SetHostname, BringUpLoopback, JoinNetwork, RestrictEgress, ServeNames, OpenGate, OpenWayOut, AwaitWayOut, OpenTerminal, JoinKeyring, GuardInit,
                            ForkPayload, StartSession, SetLimits, ResetProcess, DieWithParent, ChangeFolder, SetCapabilities,
                            NoNewPrivileges, RememberOwners, EnforceLandlock, LoadFilter, CloseDescriptors, Exec, RunShell, OpenTarget>;

/// One thing that is done, by whom.
struct Step {
  Actor actor = Actor::init;
  Action action;
  bool operator==(const Step&) const = default;
};

/// Gives the words of newuidmap(1) or newgidmap(1), `program`, for a map; the pid is still missing.
[[nodiscard]] std::vector<std::string> map_words(const std::string& program, const std::vector<IdRange>& map);

/// Names the namespaces of CLONE_NEW* flags: "user, mount, pid".
[[nodiscard]] std::string describe_namespaces(std::uint64_t flags);

/// Gives the CLONE_NEW* flag of a kind of namespace, as /proc/PID/ns calls it; 0 for what is none.
[[nodiscard]] std::uint64_t namespace_flag(std::string_view kind);

/// Names a capability as libcap-ng does, "net_admin"; one that it does not know is its number.
[[nodiscard]] std::string describe_capability(int number);

}  // namespace snug::plan
