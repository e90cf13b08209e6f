#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "snug/base/ids.hh"

namespace snug::plan {

/// A namespace of the container's own, the host's, or one that somebody else lives in.
struct NewNamespace {
  bool operator==(const NewNamespace&) const = default;
};
struct HostNamespace {
  bool operator==(const HostNamespace&) const = default;
};
struct JoinNamespace {
  std::string path;            ///< such as /proc/PID/ns/net
  std::string container = {};  ///< whose it is, where that was asked for: `path` is where it was found for this start
  bool operator==(const JoinNamespace&) const = default;
};
using NamespaceChoice = std::variant<NewNamespace, HostNamespace, JoinNamespace>;

/// Which namespace each wall is. The mount namespace is always new: it is what the root file system stands in.
struct Namespaces {
  NamespaceChoice user, pid, network, uts, ipc, cgroup;
  NamespaceChoice time = HostNamespace{};
  bool operator==(const Namespaces&) const = default;
};

/// One line of an id map: `count` ids from `inside` on are the host's ids from `outside` on.
struct IdRange {
  ContainerId inside;
  HostId outside;
  std::uint32_t count = 1;
  bool operator==(const IdRange&) const = default;
};

/// How ids inside relate to ids outside: snug-run(1), --userns.
struct IdMapChoice {
  enum class Mode { root, keep_id, single, ranges };
  Mode mode = Mode::root;
  std::optional<ContainerId> keep_uid, keep_gid;  ///< of keep-id:uid=,gid=
  std::vector<IdRange> uids, gids;                ///< of --uidmap and --gidmap
  bool operator==(const IdMapChoice&) const = default;
};

/// Where the root file system comes from.
struct Rootfs {
  enum class Kind { host, directory, archive, image };
  Kind kind = Kind::host;
  std::string path;   ///< of a directory or an archive, also of one that holds an image: absolute
  std::string given;  ///< what the user typed, for messages
  std::string image = {};                ///< NAME[:TAG][@DIGEST], or TRANSPORT:PATH[:TAG] with an absolute path
  std::vector<std::string> layers = {};  ///< of an image that is there: the roots of its layers, absolute, topmost first
  bool operator==(const Rootfs&) const = default;
};

/// --pull: when an image is looked for elsewhere.
enum class Pull { missing, always, newer, never };

/// What becomes of writes to the root file system.
enum class RootWrites {
  thrown_away,  ///< an overlay, whose upper goes away with the container
  kept,         ///< the directory itself (--rw)
  refused,      ///< --read-only
};

/// --storage-driver: what makes a folder or the layers of an image a root that the container can write into, and nobody else sees.
enum class StorageDriver {
  automatic,       ///< the first that serves here: choose_storage
  overlay,         ///< the kernel's overlayfs
  fuse_overlayfs,  ///< a program that does the same
  copy,            ///< all files, once more
};

/// -v, --mount type=bind.
struct BindVolume {
  std::string source;  ///< absolute path on the host
  std::string target;  ///< absolute path inside
  bool read_only = false;
  bool recursive = true;
  bool executable = true;
  bool operator==(const BindVolume&) const = default;
};

/// --tmpfs, --mount type=tmpfs.
struct TmpfsVolume {
  std::string target;
  std::optional<std::uint64_t> size;  ///< bytes
  std::optional<std::uint32_t> mode;
  bool read_only = false;
  bool executable = false;
  std::optional<ContainerId> uid = {}, gid = {};  ///< whose its folder is; the root's inside by default
  bool operator==(const TmpfsVolume&) const = default;
};
using Volume = std::variant<BindVolume, TmpfsVolume>;

/// --device HOST[:INSIDE[:PERMISSIONS]].
struct Device {
  std::string source, target;
  bool operator==(const Device&) const = default;
};

/// --add-host NAME:ADDRESS.
struct HostEntry {
  std::string name, address;
  bool operator==(const HostEntry&) const = default;
};

/// --publish [IP:]HOST:CONTAINER[/udp]: a port of the host that leads to one of the container's.
struct PublishedPort {
  std::string address;      ///< of the host; empty: nobody said, and it is 127.0.0.1
  std::uint16_t host = 0;   ///< 0: one that is free
  std::uint16_t container = 0;
  bool udp = false;
  bool operator==(const PublishedPort&) const = default;
};

/// --network NAME[:KEY=VALUE,...]: a network that the container shares with others.
struct SharedNetwork {
  std::string name;
  std::vector<std::string> aliases = {};     ///< by which the others find it there, besides its name
  std::optional<std::string> ip, hardware = {};
  bool operator==(const SharedNetwork&) const = default;
};

/// What a network namespace of the container's own leads to: snug-network(7).
struct Network {
  bool way_out = false;                     ///< --network private; a network that is shared may bring one as well
  std::vector<SharedNetwork> shared = {};   ///< --network NAME, in the order of their interfaces
  std::string container = {};               ///< --network container:NAME: whose network namespace it is
  std::vector<PublishedPort> ports = {};
  bool publish_all = false;                 ///< also those that the image names
  std::vector<std::uint16_t> host_loopback = {};  ///< ports of the host's 127.0.0.1 that are the container's, too
  std::vector<std::string> search = {};     ///< --dns-search
  std::optional<std::string> hardware = {}; ///< --mac-address
  std::optional<std::string> ip, ip6 = {};
  std::optional<std::vector<std::string>> allow = {};  ///< --allow: what may be sent to, as find_rule reads it; nothing: everything
  bool operator==(const Network&) const = default;
};

/// Whether the container may come to have a way out: with networks that are shared it depends on what those are.
[[nodiscard]] inline bool may_lead_out(const Network& network) { return network.way_out || !network.shared.empty(); }

/// --env NAME=VALUE. `--env NAME` has been looked up by then; `from` tells where (file:line) for messages.
struct Variable {
  std::string name, value;
  bool operator==(const Variable&) const = default;
};

/// --ulimit NAME=SOFT[:HARD]; -1 is "unlimited".
struct ResourceLimit {
  std::string name;  ///< as in getrlimit(2), small letters, without RLIMIT_
  int number = 0;    ///< RLIMIT_…
  std::uint64_t soft = 0, hard = 0;
  bool operator==(const ResourceLimit&) const = default;
};

/// "No limit", where one was asked for in so many words.
inline constexpr std::uint64_t no_limit = ~std::uint64_t{0};

/// Limits of the container as a whole: --memory and its kin. What nobody asked for is empty.
struct Resources {
  std::optional<std::uint64_t> memory;       ///< bytes
  std::optional<std::uint64_t> memory_swap;  ///< bytes of memory and swap together
  std::optional<std::uint64_t> cpus;         ///< thousandths of a processor
  std::string cpuset;                        ///< --cpuset-cpus: "0-3,5"
  std::optional<std::uint64_t> pids;
  std::optional<std::uint64_t> io_weight;    ///< 1 to 10000; without one it is 100
  bool operator==(const Resources&) const = default;
};

/// --user NAME|UID[:NAME|GID], as typed: make_plan looks names up in the root file system's own passwd and group.
struct UserChoice {
  std::string user, group;
  bool of_image = false;  ///< nobody typed it: the image says so
  bool operator==(const UserChoice&) const = default;
};

/// What an image says of itself that has no effect on a start.
struct ImageNotes {
  std::map<std::string, std::string> labels;
  std::string stop_signal;
  std::vector<std::string> ports;  ///< "80/tcp"
  bool operator==(const ImageNotes&) const = default;
};

/// --tty: yes, no, or (default) when standard input and output are terminals.
enum class Terminal { automatic, always, never };

/// --restart: when the monitor starts the command anew.
struct Restart {
  enum class When { never, on_failure, always };
  When when = When::never;
  std::optional<unsigned> attempts;  ///< of on-failure:N
  bool operator==(const Restart&) const = default;
};

/// --log-driver, --log-opt.
struct LogChoice {
  bool kept = true;                               ///< json-file; else none
  std::uint64_t size = std::uint64_t{16} << 20U;  ///< bytes of one file
  unsigned files = 1;
  bool operator==(const LogChoice&) const = default;
};

/// --security-opt seccomp=: which system calls may be made.
struct FilterChoice {
  enum class Kind { usual, none, profile };
  Kind kind = Kind::usual;
  std::string path;     ///< of a profile, as typed
  std::string profile;  ///< what was in it: the container keeps it
  bool operator==(const FilterChoice&) const = default;
};

/// Whether root, where it has no ids but its own, is told that it has done what needs others: chown(2), setgroups(2) and their like.
/// And whether it is remembered what files were to be.
enum class RootEmulation { automatic, off, stateless, remembered };

/// What holds the container where the namespaces do not.
struct Restraints {
  FilterChoice filter;
  bool landlock = true;
  bool nested = false;                  ///< --nested: containers may be made inside
  bool foreign = false;                 ///< --allow-32bit
  RootEmulation emulation = RootEmulation::automatic;
  std::vector<std::string> mask, unmask;  ///< paths; of unmask also ALL
  bool operator==(const Restraints&) const = default;
};

/// Seconds that a container which is asked to end has for that.
inline constexpr unsigned usual_stop_timeout = 10;

/// Everything that the user asked for: what `snug run` and `snug plan` parse their words and files into.
struct Spec {
  Rootfs rootfs;
  RootWrites root_writes = RootWrites::thrown_away;
  std::vector<std::string> command;              ///< empty: the shell
  bool own_shell = false;                        ///< the command is what snug's own shell does; empty: what is typed
  std::string tools;                             ///< --tools: what that shell may use of the host; an absolute path
  std::optional<std::vector<std::string>> entrypoint;  ///< put in front of the command; empty: not even the image's
  Namespaces namespaces;
  IdMapChoice id_map;
  std::vector<Volume> volumes;                   ///< in the order given
  std::vector<Device> devices;
  std::optional<std::string> name, hostname, workdir;
  std::vector<Variable> env;
  std::optional<UserChoice> user;
  std::vector<std::string> groups;               ///< --group-add
  std::vector<std::string> cap_add, cap_drop;    ///< names without CAP_, capitals, or ALL
  std::vector<ResourceLimit> limits;             ///< --ulimit: of each process
  Resources resources;                           ///< of all of them together
  std::vector<HostEntry> hosts;
  std::vector<std::string> dns;                  ///< addresses
  Network network;
  std::uint64_t shm_size = 64U << 20U;           ///< bytes
  Terminal terminal = Terminal::automatic;
  bool interactive = false;                      ///< -i: keep standard input open although it is a terminal
  bool init = true;
  bool new_privileges = false;                   ///< --security-opt no-new-privileges=false
  Restraints restraints;
  Pull pull = Pull::missing;
  StorageDriver storage = StorageDriver::automatic;
  std::string platform;                          ///< --platform; empty: this machine's
  bool quiet = false;                            ///< a pull shows nothing
  std::vector<std::string> own_folders;          ///< the image's Volumes: writable whatever the root is, gone with the container
  ImageNotes notes;
  bool detach = false;                           ///< -d: the container has a monitor of its own, in the background
  std::optional<bool> remove;                    ///< --rm; nothing: a container in the foreground goes when it ends, others stay
  bool idle = false;                             ///< no command: pid 1 alone, for those who enter
  std::map<std::string, std::string> labels;     ///< --label
  std::optional<std::string> stop_signal;        ///< --stop-signal; else the image's, else TERM
  std::optional<unsigned> stop_timeout;          ///< --stop-timeout: seconds; else usual_stop_timeout
  Restart restart;
  LogChoice log;
  std::vector<std::string> require;              ///< walls whose lack is an error, not a notice
  bool operator==(const Spec&) const = default;
};

/// Whether the container stays when it has ended: what is detached does, and what was made with --rm=false.
[[nodiscard]] inline bool is_kept(const Spec& spec) { return spec.remove ? !*spec.remove : spec.detach; }

/// Gives the name of a container that nobody named, as far as it is free: after the image, the folder or the archive; a valid one. Pure.
[[nodiscard]] std::string usual_name(const Rootfs& rootfs);

/// Gives the number of the signal that asks the container to end: the caller's, the image's, or SIGTERM. Pure.
[[nodiscard]] int stop_signal(const Spec& spec);

/// The host name of a container that has a UTS namespace of its own.
[[nodiscard]] std::string own_hostname(const Spec& spec);

}  // namespace snug::plan
