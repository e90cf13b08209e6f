#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "snug/base/ids.hh"
#include "snug/base/subnet.hh"
#include "snug/plan/filter.hh"

namespace snug::plan {

/// A line of /etc/subuid or /etc/subgid that belongs to the caller.
struct SubIdRange {
  HostId first;
  std::uint32_t count = 0;
  bool operator==(const SubIdRange&) const = default;
};

/// A line of /proc/self/mountinfo.
struct Mount {
  std::string target, type, root;  ///< escapes undone; the type of an overlay that takes no other one above it is "overlays"
  bool operator==(const Mount&) const = default;
};

/// An entry of a folder of the host's root.
struct FolderEntry {
  enum class Kind { directory, file, symlink, other };
  std::string name;
  Kind kind = Kind::directory;
  std::string link;  ///< of a symlink
  std::uint32_t mode = 0755;
  bool operator==(const FolderEntry&) const = default;
};

/// A folder of the host that belongs to somebody else, or lies above such a one; and its mode.
struct ForeignFolder {
  std::string path;
  std::uint32_t mode = 0755;
  bool operator==(const ForeignFolder&) const = default;
};

/// A line of a passwd file.
struct Account {
  std::string name;
  std::uint32_t uid = 0, gid = 0;
  std::string home, shell;
  bool operator==(const Account&) const = default;
};

/// A line of a group file.
struct Group {
  std::string name;
  std::uint32_t gid = 0;
  std::vector<std::string> members;
  bool operator==(const Group&) const = default;
};

/// Where an entry of terminfo is carried to: terminfo(5), TERMINFO.
inline constexpr const char* terminfo_folder = "/run/terminfo";

/// What is known of the root file system before it is one. All of it was written by strangers.
struct RootfsFacts {
  std::vector<Account> accounts;          ///< of its own /etc/passwd
  std::vector<Group> groups;              ///< of its own /etc/group
  std::optional<std::string> passwd, group;  ///< the texts of /etc/passwd and /etc/group, empty where there are none; nothing: not looked at
  std::vector<std::string> shells;        ///< which of the shells asked about it has
  bool shellless = false;                 ///< there was to be one of them, and it has none
  std::vector<std::string> folders;       ///< which of the folders asked about it has (work folder, home, apt_settings)
  std::vector<std::string> blocked;       ///< which of the places that every container mounts on lead to what is no folder, in a circle, or to "/"
  std::vector<std::string> absent;        ///< which of them it does not have; both are looked at for snug's own shell only
  std::string terminal_entry;             ///< of terminfo, the host's, where it does not know the caller's terminal; the only part that is no stranger's
  bool terminal_carried = false;          ///< of a container that runs: such an entry was carried in
  bool terminal_unknown = false;          ///< of a container that runs: it has none, and asks for `terminal_entry`, which can be carried there
  bool living = false;                    ///< of a container that runs: with all that is mounted in it
  bool operator==(const RootfsFacts&) const = default;
};

/// Where apt(8) reads its settings.
inline constexpr const char* apt_settings = "/etc/apt/apt.conf.d";

/// Which of the descriptors 0, 1 and 2 are terminals.
struct TerminalFacts {
  bool input = false, output = false, error = false;
  std::string type;  ///< $TERM
  std::vector<std::string> folders = {};  ///< where its entry of terminfo is looked for first: $TERMINFO, $TERMINFO_DIRS
  bool operator==(const TerminalFacts&) const = default;
};

/// Where a container's cgroup can be made. Read only where one is wanted.
struct CgroupFacts {
  /// `own`: below a cgroup that the caller may write. `manager`: in a scope that the user's systemd makes.
  enum class Place { none, own, manager };
  Place place = Place::none;
  std::string root;                      ///< where cgroup v2 is mounted; empty: nowhere
  std::string parent;                    ///< of `own`; of `none` the caller's: absolute
  std::string manager;                   ///< the socket of the user's systemd
  std::vector<std::string> controllers;  ///< that a cgroup made there can have
  std::vector<std::string> enabled;      ///< of them, those that it has anyway
  bool accounts_swap = true;             ///< with memory
  bool systemd = false;                  ///< is what this machine was booted with
  bool operator==(const CgroupFacts&) const = default;
};

/// How this machine reaches others in one family of addresses: by its default route.
struct Uplink {
  std::string address;  ///< what it is seen as there
  unsigned prefix = 0;
  std::string gateway;  ///< empty: everybody lies on the other end of it
  std::vector<std::string> own = {};  ///< all addresses of this machine, of all its interfaces but the loopback
  bool operator==(const Uplink&) const = default;
};

/// A network that the container is to share, and its place there.
struct KnownNetwork {
  std::string name;
  Subnet subnet4;
  std::optional<Subnet> subnet6;
  bool internal = false;     ///< brings no way out
  std::uint32_t number = 0;  ///< of the container's address, in either subnet
  bool operator==(const KnownNetwork&) const = default;
};

/// A port of the host that is to be published and cannot be had.
struct BusyPort {
  std::string address;
  std::uint16_t number = 0;
  bool udp = false;
  int error = 0;
  std::string holder;  ///< "nginx (pid 12)"; empty where nobody tells
  bool operator==(const BusyPort&) const = default;
};

/// The source of a volume that lies below what the same container may write.
struct WrittenSource {
  std::string source;  ///< as it is named
  std::string folder;  ///< which is written: without links
  std::string rest;    ///< the way from there on, in which the container has a say
  bool operator==(const WrittenSource&) const = default;
};

/// What make_plan needs to know of this machine and of the caller: read by probe, declared here by its reader.
struct HostFacts {
  HostId uid, gid;
  bool machines_root = false;                        ///< the caller is, by whatever number
  std::vector<HostId> groups;                        ///< supplementary
  Account account;                                   ///< the caller's own line of passwd; the name may be empty
  std::string group_name;                            ///< of the caller's group; empty: nobody knows it, or nobody asked
  std::vector<SubIdRange> subuids, subgids;
  std::string sub_id_service;                        ///< who hands them out in place of those files: subid: in nsswitch.conf
  std::uint32_t next_sub_id = 100000;                ///< from here on nobody has any, for remedies
  std::string newuidmap, newgidmap;                  ///< absolute path, or empty where there is none
  bool map_helpers_powerless = false;                ///< there are some, but without the right to write maps
  std::string unpacker;                              ///< absolute path of snug-layer; of an archive and a copy only
  bool privileged = false;                           ///< CAP_SYS_ADMIN in the caller's user namespace
  std::optional<std::string> open_program;           ///< the file that snug runs from, where root inside could write it should he come by it; "": nobody knows its path
  std::string hostname;
  std::string resolv_conf;                           ///< text of /etc/resolv.conf
  std::string pasta;                                 ///< absolute path, or empty; this and the next five: of a network with a way out only
  std::string slirp4netns;                           ///< the same; looked for where there is no pasta
  int tun_error = 0;                                 ///< why /dev/net/tun cannot be opened; 0: it can
  std::optional<Uplink> uplink4, uplink6;
  std::vector<BusyPort> busy_ports;
  std::vector<KnownNetwork> networks;                ///< of Network::shared, in its order
  std::string id;                                    ///< the container's, where it has one by then; of those alone
  std::string current_folder;                        ///< $PWD or getcwd(3)
  std::string store;                                 ///< $XDG_DATA_HOME/snug, where containers' uppers lie; or a folder of this machine in its place
  std::string store_type;                            ///< the name of its file system
  bool store_takes_upper = true;                     ///< which can be an overlay's upper
  bool memory_takes_upper = true;                    ///< a tmpfs can be a whole one; tried only where writes go to one
  std::string replaced_store, replaced_type;         ///< what `store` stands in for, and its file system; empty: it is the data folder
  std::string no_local_store;                        ///< why no folder of this machine stands in for it
  bool has_overlay = true;                           ///< the kernel has overlayfs
  bool takes_lower = true;                           ///< which takes the root, or the store's layers, for a lower
  std::string lower_type;                            ///< the name of its file system, where it does not
  std::string fuse_overlayfs;                        ///< absolute path; empty where there is none, /dev/fuse is closed, or nothing needs it
  std::vector<WrittenSource> written_sources;
  std::vector<Mount> mounts;                         ///< of a `host` root only
  std::map<std::string, std::vector<FolderEntry>> folders;  ///< entries of the folders that host_spine() named
  std::vector<ForeignFolder> foreign;                ///< of a `host` root: those on the way to home and current folder
  int landlock = 7;                                  ///< its ABI; negative: the errno with which it refuses
  bool sysctls_read_only = false;                    ///< /proc/sys is, as in outer containers; looked at only where the container's cannot be another one that is written to
  FilterProgram profile;                             ///< made from the profile that the user brought
  bool sets_mount_attributes = true;                 ///< mount_setattr(2) is there
  std::uint64_t open_files_hard = 0;                 ///< RLIMIT_NOFILE
  std::uint64_t core_hard = ~std::uint64_t{0};       ///< RLIMIT_CORE
  std::uint64_t address_space_hard = ~std::uint64_t{0};  ///< RLIMIT_AS; of an archive and a copy only
  unsigned last_capability = 0;
  CgroupFacts cgroups;
  RootfsFacts rootfs;
  TerminalFacts terminal;
  bool operator==(const HostFacts&) const = default;
};

}  // namespace snug::plan
