#include "snug/probe/host.hh"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>

#include "account.hh"
#include "parse.hh"
#include "rootfs.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/plan/plan.hh"
#include "snug/sys/file.hh"
#include "snug/sys/mount.hh"

namespace snug::probe {
namespace {

using plan::HostFacts;

void read_ids(HostFacts& facts) {
  facts.uid = {::getuid()};
  facts.gid = {::getgid()};
  std::array<gid_t, 512> groups;
  const int count = ::getgroups(static_cast<int>(groups.size()), groups.data());
  for (int at = 0; at < count; ++at) facts.groups.push_back({groups[static_cast<std::size_t>(at)]});
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> sets{};
  if (::syscall(SYS_capget, &header, sets.data()) == 0)
    facts.privileged = ((sets[0].effective >> CAP_SYS_ADMIN) & 1U) != 0;
}

// A helper that may write maps: root's own set-user-ID bit, or capabilities on the file.
std::string find_map_helper(const char* name) {
  for (const char* folder : {"/usr/bin", "/bin", "/usr/local/bin"}) {
    const std::string path = format("{}/{}", folder, name);
    const auto status = sys::find_status(AT_FDCWD, path.c_str());
    if (!status || !S_ISREG(status->st_mode) || ::access(path.c_str(), X_OK) != 0) continue;
    if ((status->st_uid == 0 && (status->st_mode & S_ISUID) != 0) ||
        ::getxattr(path.c_str(), "security.capability", nullptr, 0) > 0)
      return path;
  }
  return {};
}

void read_sub_ids(HostFacts& facts) {
  const std::string uids = sys::find_file_text("/etc/subuid").value_or(""), gids = sys::find_file_text("/etc/subgid").value_or("");
  facts.subuids = parse_sub_ids(uids, facts.account.name, facts.uid);
  facts.subgids = parse_sub_ids(gids, facts.account.name, facts.uid);
  facts.next_sub_id = std::max(next_sub_id(uids), next_sub_id(gids));
  facts.newuidmap = find_map_helper("newuidmap");
  facts.newgidmap = find_map_helper("newgidmap");
}

// $PWD keeps the names of links that led here, but only where it still tells the truth.
std::string current_folder(const std::string& pwd) {
  const auto here = sys::find_status(AT_FDCWD, ".");
  struct stat there {};
  if (here && pwd.starts_with('/') && ::stat(pwd.c_str(), &there) == 0 && there.st_ino == here->st_ino &&
      there.st_dev == here->st_dev)
    return pwd;
  std::array<char, PATH_MAX> buffer;
  return ::getcwd(buffer.data(), buffer.size()) ? buffer.data() : "/";
}

// Follows links in what exists of `path`, so that mounts and store can be compared as text.
std::string canonical(const std::string& path) {
  std::array<char, PATH_MAX> buffer;
  std::string head = path, tail;
  while (!::realpath(head.c_str(), buffer.data())) {
    const std::size_t slash = head.rfind('/');
    if (errno != ENOENT || slash == std::string::npos || slash == 0) return path;
    tail = head.substr(slash) + tail;
    head.erase(slash);
  }
  const std::string found = buffer.data();
  return (found == "/" ? "" : found) + tail;
}

// Of the file system on which `folder` lies, or would lie once it is made.
std::uint32_t magic_at(std::string folder) {
  struct statfs status {};
  while (::statfs(folder.c_str(), &status) != 0) {
    const std::size_t slash = folder.rfind('/');
    if (errno != ENOENT || slash == std::string::npos) return 0;
    folder.erase(slash == 0 && folder.size() > 1 ? 1 : slash);
    if (folder.empty()) return 0;
  }
  return static_cast<std::uint32_t>(status.f_type);
}

// File systems that have what an upper needs: whiteouts, user xattrs, rename flags, no life of their own elsewhere.
bool takes_upper(std::uint32_t magic) {
  constexpr std::array<std::uint32_t, 7> magics{EXT4_SUPER_MAGIC, 0x58465342 /* xfs */, BTRFS_SUPER_MAGIC, F2FS_SUPER_MAGIC,
                                                0xca451a4e /* bcachefs */, 0x2fc12fc1 /* zfs */, TMPFS_MAGIC};
  return std::find(magics.begin(), magics.end(), magic) != magics.end();
}

// A tmpfs keeps user xattrs since Linux 6.6.
bool memory_takes_upper() {
  const sys::Fd file(::memfd_create("snug", MFD_CLOEXEC));
  return file && ::fsetxattr(file.get(), "user.snug", "", 0, 0) == 0;
}

void read_store(HostFacts& facts, const CallerEnvironment& environment) {
  const bool named = environment.xdg_data_home.starts_with('/');
  facts.store = canonical(named ? environment.xdg_data_home + "/snug" : facts.account.home + "/.local/share/snug");
  const std::uint32_t magic = magic_at(facts.store);
  facts.store_takes_upper = takes_upper(magic);
  if (!facts.store_takes_upper || magic == TMPFS_MAGIC) facts.memory_takes_upper = memory_takes_upper();
}

void read_limits(HostFacts& facts) {
  facts.sets_mount_attributes = sys::set_mount_attributes(-1, 0, false) != ENOSYS;
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) facts.open_files_hard = files.rlim_max;
  const auto last = sys::find_file_text("/proc/sys/kernel/cap_last_cap");
  facts.last_capability = last ? static_cast<unsigned>(parse_number(trimmed(*last)).value_or(40)) : 40;
}

plan::FolderEntry::Kind kind_of(mode_t mode) {
  using Kind = plan::FolderEntry::Kind;
  return S_ISDIR(mode) ? Kind::directory : S_ISREG(mode) ? Kind::file : S_ISLNK(mode) ? Kind::symlink : Kind::other;
}

std::vector<plan::FolderEntry> list_folder(const std::string& path) {
  std::vector<plan::FolderEntry> entries;
  const sys::Fd folder = sys::try_open(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY);
  if (!folder) return entries;
  for (const sys::Entry& entry : sys::list_folder(folder.get())) {
    const auto status = sys::find_status(folder.get(), entry.name.c_str());
    if (!status) continue;
    entries.push_back({entry.name, kind_of(status->st_mode),
                       sys::find_link(folder.get(), entry.name.c_str()).value_or(""), status->st_mode & 07777U});
  }
  std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return entries;
}

// The folders on the way to `path` that are not the caller's.
void add_foreign(HostFacts& facts, const std::string& path) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const std::string prefix = path.substr(0, slash);
    const auto status = sys::find_status(AT_FDCWD, prefix.c_str());
    const auto known = [&](const plan::ForeignFolder& folder) { return folder.path == prefix; };
    if (status && S_ISDIR(status->st_mode) && status->st_uid != facts.uid.value &&
        std::none_of(facts.foreign.begin(), facts.foreign.end(), known))
      facts.foreign.push_back({prefix, status->st_mode & 07777U});
  }
}

void read_host_root(HostFacts& facts) {
  const auto text = sys::find_file_text("/proc/self/mountinfo", std::size_t{64} << 20U);
  if (!text) throw Error("cannot read /proc/self/mountinfo", "a 'host' root needs to know what is mounted where");
  facts.mounts = parse_mountinfo(*text);
  for (const std::string& folder : plan::host_spine(facts.mounts))
    if (auto entries = list_folder(folder); !entries.empty()) facts.folders[folder] = std::move(entries);
  add_foreign(facts, canonical(facts.current_folder) + "/");
  add_foreign(facts, canonical(facts.account.home) + "/");
}

bool is_terminal(int fd) {
  termios attributes{};
  return ::tcgetattr(fd, &attributes) == 0;
}

void check_sources(const plan::Spec& spec) {
  for (const plan::Volume& volume : spec.volumes) {
    const auto* bind = std::get_if<plan::BindVolume>(&volume);
    struct stat status {};
    if (bind && ::stat(bind->source.c_str(), &status) != 0)
      throw system_error(format("mount the volume {}", quoted(bind->source)), errno,
                         errno == ENOENT ? "snug makes no folders on the host; mkdir it first" : "");
  }
}

}  // namespace

HostFacts host_facts(const plan::Spec& spec, const CallerEnvironment& environment) {
  check_sources(spec);
  HostFacts facts;
  read_ids(facts);
  facts.account = find_account(facts.uid, facts.gid, environment.home);
  if (environment.home.starts_with('/')) facts.account.home = environment.home;  // as every shell does
  using Mode = plan::IdMapChoice::Mode;
  if (std::holds_alternative<plan::NewNamespace>(spec.namespaces.user) && spec.id_map.mode != Mode::single) read_sub_ids(facts);
  utsname name{};
  if (::uname(&name) == 0) facts.hostname = name.nodename;
  facts.resolv_conf = sys::find_file_text("/etc/resolv.conf").value_or("");
  facts.current_folder = current_folder(environment.pwd);
  read_store(facts, environment);
  read_limits(facts);
  facts.terminal = {is_terminal(0), is_terminal(1), is_terminal(2), environment.term};
  if (spec.rootfs.kind == plan::Rootfs::Kind::host) read_host_root(facts);
  if (spec.rootfs.kind != plan::Rootfs::Kind::archive) facts.rootfs = rootfs_facts(spec, facts);
  return facts;
}

}  // namespace snug::probe
