#include "snug/probe/host.hh"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
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
#include "filesystem.hh"
#include "overlays.hh"
#include "parse.hh"
#include "rootfs.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/plan/plan.hh"
#include "snug/probe/cgroup.hh"
#include "snug/sys/file.hh"
#include "snug/sys/mount.hh"
#include "snug/sys/own_program.hh"
#include "snug/sys/restraint.hh"
#include "sources.hh"
#include "store_place.hh"
#include "sub_ids.hh"
#include "uplink.hh"
#include "view.hh"

namespace snug::probe {
namespace {

using plan::HostFacts;

bool is_nobody(HostId uid) { return parse_number(trimmed(sys::find_file_text("/proc/sys/kernel/overflowuid").value_or(""))) == uid.value; }

// Files of /proc/sys are the machine's root's, whatever his number is in this user namespace; where he has none they are nobody's.
bool is_machines_root(HostId uid) {
  struct statfs system {};
  const auto sysctls = ::statfs("/proc/sys", &system) == 0 && system.f_type == PROC_SUPER_MAGIC ? sys::find_status(AT_FDCWD, "/proc/sys") : std::nullopt;
  return sysctls ? sysctls->st_uid == uid.value && !is_nobody(uid) : uid.value == 0;
}

void read_ids(HostFacts& facts) {
  facts.uid = {::getuid()};
  facts.gid = {::getgid()};
  facts.machines_root = is_machines_root(facts.uid);
  std::array<gid_t, 512> groups;
  const int count = ::getgroups(static_cast<int>(groups.size()), groups.data());
  for (int at = 0; at < count; ++at) facts.groups.push_back({groups[static_cast<std::size_t>(at)]});
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  std::array<__user_cap_data_struct, 2> sets{};
  if (::syscall(SYS_capget, &header, sets.data()) == 0)
    facts.privileged = ((sets[0].effective >> CAP_SYS_ADMIN) & 1U) != 0;
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

// A tmpfs keeps user xattrs since Linux 6.6.
bool memory_takes_upper() {
  const sys::Fd file(::memfd_create("snug", MFD_CLOEXEC));
  return file && ::fsetxattr(file.get(), "user.snug", "", 0, 0) == 0;
}

std::string data_folder_of(const CallerEnvironment& environment, const std::string& home) {
  const bool named = environment.xdg_data_home.starts_with('/');
  return canonical(named ? environment.xdg_data_home + "/snug" : home + "/.local/share/snug");
}

void read_store(HostFacts& facts, const CallerEnvironment& environment) {
  StorePlace place = find_store_place(data_folder_of(environment, facts.account.home), environment, facts.uid);
  facts.store = std::move(place.path);
  facts.store_type = std::move(place.type);
  facts.store_takes_upper = place.takes_upper;
  facts.replaced_store = std::move(place.replaced);
  facts.replaced_type = std::move(place.replaced_type);
  facts.no_local_store = std::move(place.no_local);
  if (!facts.store_takes_upper || facts.store_type == "tmpfs") facts.memory_takes_upper = memory_takes_upper();
}

// The kernel answers for those that it knows, and may know more or fewer than the headers.
unsigned last_capability() {
  const auto is_known = [](unsigned capability) { return ::prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; };
  unsigned last = CAP_LAST_CAP;
  while (last > 0 && !is_known(last)) --last;
  while (is_known(last + 1)) ++last;
  return last;
}

void read_limits(HostFacts& facts) {
  facts.landlock = sys::landlock_abi();
  facts.sets_mount_attributes = sys::set_mount_attributes(-1, 0, false) != ENOSYS;
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) facts.open_files_hard = files.rlim_max;
  if (rlimit core{}; ::getrlimit(RLIMIT_CORE, &core) == 0) facts.core_hard = core.rlim_max;
  facts.last_capability = last_capability();
}

bool is_read_only(const char* path) {
  struct statvfs status {};
  return ::statvfs(path, &status) == 0 && (status.f_flag & ST_RDONLY) != 0;
}

void read_unpacker(HostFacts& facts, const plan::Spec& spec) {
  const bool copied = plan::choose_storage(spec, facts) == plan::StorageDriver::copy;
  if (!copied && spec.rootfs.kind != plan::Rootfs::Kind::archive) return;
  facts.unpacker = find_own_program("snug-layer");
  if (rlimit space{}; ::getrlimit(RLIMIT_AS, &space) == 0) facts.address_space_hard = space.rlim_max;
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

// The folders on the way to `path` that are not the caller's, and those above them.
void add_foreign(HostFacts& facts, const std::string& path) {
  std::vector<plan::ForeignFolder> way;
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const std::string prefix = path.substr(0, slash);
    const auto status = sys::find_status(AT_FDCWD, prefix.c_str());
    if (!status || !S_ISDIR(status->st_mode)) continue;
    way.push_back({prefix, status->st_mode & 07777U});
    if (status->st_uid == facts.uid.value) continue;
    for (plan::ForeignFolder& folder : way)
      if (std::find(facts.foreign.begin(), facts.foreign.end(), folder) == facts.foreign.end())
        facts.foreign.push_back(std::move(folder));
    way.clear();
  }
}

// The kernel lays two overlays above one another, and no third.
void find_full_stacks(HostFacts& facts) {
  const auto holds = [&](const std::string& folder) { return std::any_of(facts.mounts.begin(), facts.mounts.end(), [&](const auto& mount) { return mount.target == folder || mount.target.starts_with(folder + "/"); }); };
  for (plan::Mount& mount : facts.mounts) {
    if (mount.type != "overlay") continue;
    std::string folder = mount.target;
    if (const auto listing = facts.folders.find(folder); listing != facts.folders.end()) {  // one below it, for others are mounted there
      const std::string above = folder == "/" ? folder : folder + "/";
      const auto plain = std::find_if(listing->second.begin(), listing->second.end(), [&](const auto& entry) { return entry.kind == plan::FolderEntry::Kind::directory && !holds(above + entry.name); });
      if (plain == listing->second.end()) continue;
      folder = above + plain->name;
    }
    if (!sys::try_open(AT_FDCWD, folder.c_str(), O_PATH | O_DIRECTORY)) continue;  // nobody asks for it, and the try costs a process
    if (try_as_lower({facts.uid, facts.gid}, folder) == EINVAL) mount.type = "overlays";
  }
}

void read_host_root(HostFacts& facts) {
  const auto text = sys::find_file_text("/proc/self/mountinfo", std::size_t{64} << 20U);
  if (!text) throw Error("cannot read /proc/self/mountinfo", "a 'host' root needs to know what is mounted where");
  facts.mounts = parse_mountinfo(*text);
  for (const std::string& folder : plan::host_spine(facts.mounts))
    if (auto entries = list_folder(folder); !entries.empty()) facts.folders[folder] = std::move(entries);
  find_full_stacks(facts);
  add_foreign(facts, canonical(facts.current_folder) + "/");
  add_foreign(facts, canonical(facts.account.home) + "/");
}

bool is_terminal(int fd) {
  termios attributes{};
  return ::tcgetattr(fd, &attributes) == 0;
}

void read_network(HostFacts& facts) {
  constexpr const char *pasta = "/usr/bin/pasta", *slirp4netns = "/usr/bin/slirp4netns";
  if (::access(pasta, X_OK) == 0) facts.pasta = pasta;
  else if (::access(slirp4netns, X_OK) == 0) facts.slirp4netns = slirp4netns;
  if (!sys::try_open(AT_FDCWD, "/dev/net/tun", O_RDWR)) facts.tun_error = errno;
  facts.uplink4 = find_uplink4();
  facts.uplink6 = find_uplink6();
}

void check_sources(const plan::Spec& spec) {
  for (const plan::Volume& volume : spec.volumes) {
    const auto* bind = std::get_if<plan::BindVolume>(&volume);
    struct stat status {};
    if (bind && ::stat(bind->source.c_str(), &status) != 0)
      throw system_error(format("mount the volume {}", quoted(bind->source)), errno,
                         errno == ENOENT ? "snug makes no folders on the host; mkdir it first" : "");
  }
  for (const plan::Device& device : spec.devices) {
    struct stat status {};
    if (::stat(device.source.c_str(), &status) != 0)
      throw system_error(format("show the device {}", quoted(device.source)), errno);
  }
}

void read_caller(HostFacts& facts, const CallerEnvironment& environment) {
  read_ids(facts);
  facts.account = find_account(facts.uid, facts.gid, environment.home);
  if (environment.home.starts_with('/')) facts.account.home = environment.home;  // as every shell does
  utsname name{};
  if (::uname(&name) == 0) facts.hostname = name.nodename;
  facts.current_folder = current_folder(environment.pwd);
  if (sys::is_own_program_open()) facts.open_program = sys::find_own_program();
  facts.terminal = {is_terminal(0), is_terminal(1), is_terminal(2), environment.term, environment.terminfo};
}

}  // namespace

HostFacts host_facts(const plan::Spec& spec, const CallerEnvironment& environment) {
  check_sources(spec);
  HostFacts facts;
  facts.written_sources = find_written_sources(spec);
  read_caller(facts, environment);
  if (keeps_group(spec)) facts.group_name = find_group_name(facts.gid);
  using Mode = plan::IdMapChoice::Mode;
  const bool is_new = std::holds_alternative<plan::NewNamespace>(spec.namespaces.user);
  if (spec.id_map.mode == Mode::ranges || (is_new && spec.id_map.mode != Mode::single)) read_sub_ids(facts);
  facts.resolv_conf = sys::find_file_text("/etc/resolv.conf").value_or("");
  if (plan::may_lead_out(spec.network) && std::holds_alternative<plan::NewNamespace>(spec.namespaces.network)) read_network(facts);
  read_store(facts, environment);
  read_limits(facts);
  if (std::holds_alternative<plan::HostNamespace>(spec.namespaces.pid) || facts.machines_root) facts.sysctls_read_only = is_read_only("/proc/sys");
  if (plan::wants_cgroup(spec)) facts.cgroups = cgroup_facts(facts.uid, plan::needed_controllers(spec.resources));
  read_overlays(facts, spec);
  read_unpacker(facts, spec);
  switch (spec.rootfs.kind) {
    case plan::Rootfs::Kind::host:
      read_host_root(facts);
      facts.rootfs = rootfs_facts(spec, facts, "/");
      break;
    case plan::Rootfs::Kind::directory: facts.rootfs = rootfs_facts(spec, facts, spec.rootfs.path); break;
    case plan::Rootfs::Kind::image:
    case plan::Rootfs::Kind::archive: break;
  }
  return facts;
}

HostFacts living_facts(const CallerEnvironment& environment) {
  HostFacts facts;
  read_caller(facts, environment);
  read_limits(facts);
  return facts;
}

void read_id_maps(plan::Living& living, pid_t pid) {
  const auto uids = sys::find_file_text(format("/proc/{}/uid_map", pid).c_str()), gids = sys::find_file_text(format("/proc/{}/gid_map", pid).c_str());
  if (uids && gids) living.uids = parse_id_map(*uids), living.gids = parse_id_map(*gids);
  living.sets_groups = sys::find_file_text(format("/proc/{}/setgroups", pid).c_str()) != "deny\n";
  if (living.uids.empty() || living.gids.empty()) throw Error("cannot read the container's id maps: it has ended meanwhile");
}

std::string find_store(const CallerEnvironment& environment) {
  const std::string home = environment.home.starts_with('/') ? environment.home : find_account({::getuid()}, {::getgid()}, {}).home;
  return find_store_place(data_folder_of(environment, home), environment, {::getuid()}).path;
}

// Beside this program, as it is built, or where it is installed.
std::string find_own_program(std::string_view name) {
  const std::string own = sys::find_own_program();
  const std::string folder = own.substr(0, own.rfind('/'));
  for (const std::string& path : {format("{}/{}", folder, name), format("{}/../libexec/snug/{}", folder, name), format("{}/../../bin/{}", folder, name)})
    if (::access(path.c_str(), X_OK) == 0) return path;
  return {};
}

bool hides_lower_layers(const std::string& layer) {
  const sys::Fd root = open_layer(layer);
  const auto opaque = find_opaque(root.get());
  if (!opaque) throw system_error(format("look at the layer {}", quoted(layer)), errno, "its root is closed to you: it belongs to a sub-id");
  return *opaque;
}

void read_image(HostFacts& facts, const plan::Spec& spec) { facts.rootfs = rootfs_facts(spec, facts, ""); }

void read_unpacked(HostFacts& facts, const plan::Spec& spec, const std::string& folder) {
  facts.rootfs = rootfs_facts(spec, facts, folder);
}

}  // namespace snug::probe
