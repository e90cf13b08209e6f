// The one table of why things are refused, keyed by step, errno and facts.

#include "snug/plan/hints.hh"

#include <sched.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>

#include "draft.hh"
#include "snug/base/text.hh"

namespace snug::plan {
namespace {

struct Kind {
  std::uint64_t flag;
  const char* limit;  ///< as in user.max_…_namespaces
  const char* name;
  const char* without;  ///< the options of run that do without one; none: no container starts without it
};

constexpr std::uint64_t new_time = 0x80;  // CLONE_NEWTIME

constexpr std::array<Kind, 8> kinds{{{CLONE_NEWUSER, "user", "user", ""},
                                     {CLONE_NEWNS, "mnt", "mount", ""},
                                     {CLONE_NEWPID, "pid", "pid", "--pid host"},
                                     {CLONE_NEWNET, "net", "network", "--network host"},
                                     {CLONE_NEWUTS, "uts", "uts", "--uts host"},
                                     {CLONE_NEWIPC, "ipc", "ipc", "--ipc host"},
                                     {CLONE_NEWCGROUP, "cgroup", "cgroup", "--cgroupns host"},
                                     {new_time, "time", "time", "--timens host"}}};

std::string limit_name(const Kind& kind) { return format("user.max_{}_namespaces", kind.limit); }

std::string user_name(const HostFacts& host) {
  return host.account.name.empty() ? format("{}", host.uid.value) : host.account.name;
}

Explanation disk_is_full(const HostFacts& host) {
  return {format("the disk is full; snug keeps its data below {}", quoted(host.store)), "", ""};
}

struct Explain {
  int error;
  const HostFacts& host;
  const RefusalFacts& facts;

  [[nodiscard]] std::string_view setting(std::string_view name) const {
    const auto found = facts.settings.find(name);
    return found == facts.settings.end() ? std::string_view() : found->second;
  }
  [[nodiscard]] bool is_refused() const { return error == EPERM || error == EACCES; }

  // What does without this wall, where it is the caller's to choose.
  [[nodiscard]] std::string without(std::string option) const { return facts.settled ? std::string() : std::move(option); }

  // With the restriction a user namespace is refused (EACCES), or given and worth nothing: the first use of a right in
  // it fails (EPERM).
  [[nodiscard]] std::optional<Explanation> apparmor() const {
    constexpr std::string_view name = "kernel.apparmor_restrict_unprivileged_userns";
    if (!is_refused() || setting(name) != "1") return {};
    return Explanation{format("AppArmor restricts user namespaces ({} = 1)", name), "", format("sysctl -w {}=0", name)};
  }

  [[nodiscard]] Explanation filter_refuses(std::string_view what) const {
    return {format("a seccomp filter refuses {}, as those around outer containers do", what), "",
            "start the outer container without it: docker run --security-opt seccomp=unconfined "
            "--security-opt apparmor=unconfined --security-opt systempaths=unconfined; or one of snug's with --nested"};
  }

  [[nodiscard]] static std::string all_of(std::string_view top) {
    return format("start the outer container with all of {}: podman run --security-opt unmask=ALL, or docker run --security-opt systempaths=unconfined", top);
  }

  [[nodiscard]] Explanation refused_user_namespace() const {
    if (setting("kernel.unprivileged_userns_clone") == "0")
      return {"user namespaces are off for ordinary users (kernel.unprivileged_userns_clone = 0)", "",
              "sysctl -w kernel.unprivileged_userns_clone=1"};
    if (auto restricted = apparmor()) return *restricted;
    if (facts.filtered) return filter_refuses("user namespaces");
    return {"a security module refuses user namespaces, or this is a chroot, where there are none", "", ""};
  }

  [[nodiscard]] Explanation used_up(std::uint64_t flags) const {
    std::string zeros, settings, options;
    bool all_can_go = true;
    for (const Kind& kind : kinds) {
      if ((flags & kind.flag) == 0 || setting(limit_name(kind)) != "0") continue;
      zeros += format("{}{} = 0", zeros.empty() ? "" : ", ", limit_name(kind));
      settings += format(" {}=65536", limit_name(kind));
      options += format(" {}", kind.without);
      all_can_go &= *kind.without != '\0';
    }
    if (!zeros.empty())
      return {zeros, all_can_go ? without(format("use snug run{}, which does without", options)) : "", "sysctl -w" + settings};
    std::string limits;
    for (const Kind& kind : kinds)
      if (const auto value = setting(limit_name(kind)); (flags & kind.flag) && !value.empty())
        limits += format(", {} = {}", limit_name(kind), value);
    return {"user namespaces are nested too deep (32), or a limit is used up, here or in an outer container" + limits,
            "", ""};
  }

  [[nodiscard]] Explanation no_more_processes() const {
    constexpr std::string_view cause = "there are no more processes to be had: ";
    if (!facts.processes) return {format("{}pids.max of the cgroup, or kernel.threads-max", cause), "", ""};
    const auto& [soft, hard] = *facts.processes;
    Explanation explanation{format("{}ulimit -u is {}, or else pids.max of the cgroup is reached", cause, soft), "",
                            ""};
    if (hard > soft)
      explanation.you_can = hard == ~std::uint64_t{0} ? "ulimit -u unlimited" : format("ulimit -u {}", hard);
    else
      explanation.ask = format("echo {} - nproc 4096 >/etc/security/limits.d/snug.conf", shell_quoted(user_name(host)));
    return explanation;
  }

  Explanation operator()(const Clone& step) const {
    if (step.flags == 0 && error == ENOMEM) return {"its first process has ended: the container is just going away", "", ""};
    if (error == ENOSPC) return used_up(step.flags);
    if (error == ENOSYS && (step.flags & new_time)) return {"a filter around this has clone3(2) missing, which makes time namespaces", without("use snug run --timens host"), ""};
    if ((is_refused() || error == ENOSYS) && (step.flags & CLONE_NEWUSER)) return refused_user_namespace();
    if (error != EINVAL) return {};
    const bool one = std::popcount(step.flags & ~std::uint64_t{CLONE_NEWUSER}) <= 1;
    for (const Kind& kind : kinds)
      if (one && (step.flags & ~std::uint64_t{CLONE_NEWUSER}) == (kind.flag & ~std::uint64_t{CLONE_NEWUSER}))
        return {format("this kernel was built without {} namespaces", kind.name),
                *kind.without ? without(format("use snug run {}, which does without", kind.without)) : "",
                "boot a kernel of the distribution"};
    return {"this kernel was built without one of these namespaces", "ask snug doctor, which tries each alone",
            "boot a kernel of the distribution"};
  }
  Explanation operator()(const MakeCgroup& step) const {
    if (error == ERANGE) return {"those of these processors that are there are too few", "nproc tells how many there are", ""};
    if (error == EINVAL) return {"the kernel does not take this value", "", ""};
    if (error == EBUSY) return {"processes live in it that are not seen from here", "", ""};
    if (!step.manager.empty()) return {"the systemd of your own was asked for a scope", "systemctl --user status tells how it fares", ""};
    return {};
  }
  Explanation operator()(const JoinCgroup&) const {
    if (error == ENOENT || error == ENODEV) return {"the container has ended meanwhile", "", ""};
    if (is_refused()) return {"the nearest cgroup above both, yours and the container's, is not yours to write", "come from where the container was started", ""};
    return {};
  }
  Explanation operator()(const WriteIdMaps& step) const {
    if (step.newuidmap.empty()) return apparmor().value_or(Explanation());
    // It is what unpacks with one id, too.
    constexpr const char* without = "use snug run --userns single, which needs no helper";
    if (facts.no_new_privileges)
      return {"no_new_privs is set on this process, so newuidmap has no more rights than you have", without, ""};
    if (!facts.sub_id_service.empty())
      return {format("newuidmap asks {} what you may map (subid: in /etc/nsswitch.conf)", quoted(facts.sub_id_service)),
              without, ""};
    return {"newuidmap allows what /etc/subuid and /etc/subgid give you", without, ""};
  }
  Explanation operator()(const BecomeUser&) const { return apparmor().value_or(Explanation()); }
  Explanation operator()(const MakePrivate&) const {
    if (auto restricted = apparmor()) return *restricted;
    if (!is_refused()) return {};
    if (facts.filtered) return filter_refuses("mounts");
    return {"a security module refuses mounts, as those around outer containers do", "",
            "start the outer container without it: docker run --security-opt apparmor=unconfined"};
  }
  Explanation operator()(const MakeInterface&) const {
    if (error == ENODEV || error == ENOENT) return {"this kernel has no TUN/TAP driver", without("use snug run --network none"), "modprobe tun"};
    return {};
  }
  Explanation operator()(const ConfigureInterface&) const { return {"", without("use snug run --network none"), ""}; }
  Explanation operator()(const JoinNetwork&) const { return {"", without("use snug run --network private, which shares nothing"), ""}; }
  Explanation operator()(const OpenTerminal& step) const {
    if (!step.devpts && (error == ENODEV || error == ENOENT)) return {"something inside has put another thing in the place of /dev/pts/ptmx", "", ""};
    return {};
  }
  Explanation operator()(const EnterNamespaces& step) const {
    if (error == ESTALE) return {"what is there now is another one: the container has ended meanwhile", "", ""};
    if (!step.entries.empty() && step.entries.front().inode != 0) return error == ENOENT ? Explanation{"the container has ended meanwhile", "", ""} : Explanation{};
    const bool with_user = std::any_of(step.entries.begin(), step.entries.end(), [](const auto& entry) { return entry.kind == "user"; });
    if (error == EINVAL) return {with_user ? "it is no namespace of that kind, or the user namespace that you are in anyway" : "it is no namespace of that kind", "", ""};
    if (error == EACCES) return {"of the first process of a container nobody may open it", "use container:NAME, or that of its command", ""};
    if (error != EPERM) return {};
    constexpr const char* owner = "a namespace can be entered by whoever owns the user namespace it belongs to";
    return with_user ? Explanation{format("it is of another kind, or not yours: {}", owner), "", ""} : Explanation{owner, "join that one too: --userns ns:/proc/PID/ns/user", ""};
  }

  [[nodiscard]] Explanation covered(std::string_view top, std::string_view option) const {
    const auto is_below = [&](const std::string& path) {
      return path.starts_with(top) && path.size() > top.size() && path[top.size()] == '/';
    };
    const auto count = std::count_if(facts.covered.begin(), facts.covered.end(), is_below);
    const auto first = std::find_if(facts.covered.begin(), facts.covered.end(), is_below);
    if (count == 0 && facts.filtered) return filter_refuses("mounts");
    std::string what = format("{} is not there in full", top);
    if (count == 1) what = format("{} is covered by another mount", quoted(*first));
    if (count > 1) what = format("{} and more below {} are covered by other mounts", quoted(*first), top);
    return {what + ", as outer containers do, and then the kernel gives no new one",
            without(format("use snug run {} host, which shows {} as it is", option, top)),
            all_of(top)};
  }

  // An overlay that fuse-overlayfs is to serve.
  [[nodiscard]] Explanation explain_served() const {
    const std::string copy = without("use snug run --storage-driver copy, which needs no program");
    if (error == ENOTCONN || error == ECONNABORTED) return {"fuse-overlayfs ended at once: it cannot write where snug keeps its data, or read what lies below", copy, ""};
    if (error == EACCES || error == ENOENT) return {"/dev/fuse cannot be opened", copy, error == EACCES ? "chmod 666 /dev/fuse" : "modprobe fuse"};
    if (error == ENODEV) return {"this kernel has no FUSE", copy, "modprobe fuse"};
    return {};
  }

  Explanation operator()(const TakeTree& step) const {
    if (!step.beneath.empty() && (error == ELOOP || error == EXDEV))
      return {format("a link lies on the way to it, below {}, where the container can write and could have it lead to anything", quoted(step.beneath)), "show what lies above it read-only (:ro), or name what the link leads to", ""};
    if (error == EINVAL && !step.device && !step.flags.recursive)
      return {"others are mounted below it, and an ordinary user may not look beneath them", "have them shown as well: rbind, or bind-recursive=enabled", ""};
    if (error == EACCES) return {"a folder on the way to it is closed to you", "namei -l shows which", ""};
    if (!step.device || error != ENODEV) return {};
    if (step.device->number)
      return {"something else lies in its place here, as outer containers do; snug makes no nodes", "", ""};
    return {"it is no character or block device", "use -v, which shows folders and files", ""};
  }
  Explanation operator()(const MakeFilesystem& step) const {
    if (step.type == "proc" && error == EPERM) return covered("/proc", "--pid");
    if (step.type == "sysfs" && error == EPERM) return covered("/sys", "--network");
    if (error == EPERM && facts.filtered) return filter_refuses("mounts");
    if (error == ENODEV)
      return {format("this kernel was built without the file system {}", step.type), "",
              "boot a kernel of the distribution"};
    return {};
  }
  Explanation operator()(const MakeOverlay& step) const {
    const std::string folder = step.image.empty() ? without("use snug run --rw FOLDER, which writes into the folder itself") : "";
    if (!step.program.empty()) return explain_served();
    if (error == EPERM && facts.filtered) return filter_refuses("mounts");
    if (error == EPERM)
      return {"this kernel gives ordinary users no overlays: that came with Linux 5.11", folder,
              "boot Linux 5.11 or newer"};
    if (error == E2BIG)
      return {format("an overlay takes 500 layers at most, and here are {}", step.lowers.size()), "", ""};
    if (error == ENODEV) return {"this kernel has no overlay file system", folder, "modprobe overlay"};
    if (error == ENOSPC) return disk_is_full(host);
    if (error == EACCES && facts.caller_unmapped)
      return {format("your own id, uid {}, is not mapped into the container, and who makes it is none that may go to the root file system or to {}", host.uid.value, quoted(host.store)),
              format("map yourself as well, such as --uidmap 0:{}:1", host.uid.value), ""};
    const auto missing = find_missing_storage(host);
    if (missing && step.upper && !step.upper->mount) return *missing;
    if (error == EINVAL && !step.lowers.empty())
      return {
          "a folder with other mounts below it, of a file system without stable names (vfat, for one), or of an overlay of overlays "
          "cannot be overlaid",
          host.mounts.empty() ? without("use snug run --storage-driver copy, which needs no overlay") : "", ""};
    return {};
  }
  Explanation operator()(const Attach& step) const {
    if (error == EXDEV)
      return {format("{} is not there, and would be made on the host's side, of --rw or of a volume, where snug makes nothing", quoted(step.target)),
              "make it there first", ""};
    if (error == ENOENT && step.missing == Attach::Target::must_exist && find_replaced(step.target) == step.target)
      return {format("the root file system has no {}, and with --rw snug makes nothing in it", quoted(step.target)),
              "make it there first", ""};
    if (error == ENOENT && step.missing == Attach::Target::must_exist) return {"links in the root file system lead elsewhere from a folder on the way to it", "put a folder in their place there", ""};
    if (error == ENOENT || error == EROFS) return {format("{} is not there, and nothing can be made in the file system that it would lie in", quoted(step.target)), "choose another place", ""};
    if (is_refused() || error == EOVERFLOW)
      return {"its folder belongs to an id that is not mapped here; see snug-walls(7), \"id maps\"", "", ""};
    if (error == ENOTDIR || error == EINVAL)
      return {format("in the root file system {} is no folder, or no file: a folder can only be mounted on a folder, and a file on a file", quoted(step.target)), "put right there what it is", ""};
    if (error == ELOOP) return {format("links in the root file system lead from {} in a circle", quoted(step.target)), "remove them there", ""};
    if (error == EBUSY)
      return {"links in the root file system lead from there to its /, on which nothing can be mounted", "", ""};
    return {};
  }
  Explanation operator()(const MakeLink& step) const {
    if (error == EXDEV)
      return {format("{} lies on the host's side of a bind, where snug makes nothing", quoted(step.path)), "", ""};
    return {};
  }
  Explanation operator()(const MakeFolder& step) const { return (*this)(Attach{0, step.path, Attach::Target::make}); }
  Explanation operator()(const PartFolder& step) const { return (*this)(MakeFolder{step.path}); }
  Explanation operator()(const ChangeFolder&) const {
    if (error == ENOENT) return {"-w names a folder inside the container", "", ""};
    return {};
  }
  Explanation operator()(const PivotRoot&) const {
    if (error == EPERM && facts.filtered) return filter_refuses("pivot_root(2)");
    return {};
  }
  Explanation operator()(const JoinKeyring&) const {
    if (error == EPERM && facts.filtered) return filter_refuses("keyrings");
    if (error != EDQUOT) return {};
    return {format("every container, and every command that enters one, has a session keyring, and kernel.keys.maxkeys = {} for all keys of a user",
                   setting("kernel.keys.maxkeys")),
            "end some of your containers", "sysctl -w kernel.keys.maxkeys=2000"};
  }
  Explanation operator()(const ForbidNamespaces&) const {
    if (error != EROFS && error != EACCES && error != EPERM) return {};
    return {format("/proc/sys is {} here, as in outer containers", error == EROFS ? "read-only" : "not the container's to write"),
            without("use snug run --nested, which leaves namespaces open inside"), all_of("/proc")};
  }
  Explanation operator()(const EnforceLandlock&) const {
    if (error == EOPNOTSUPP) return {"Landlock is off since the boot", "", "add landlock to lsm= on the kernel's command line, or to CONFIG_LSM"};
    if (error == EPERM && facts.filtered) return filter_refuses("Landlock");
    if (error == ENOSYS) return {"this kernel was built without Landlock, which came with Linux 5.13", "", "boot a kernel of the distribution"};
    if (error == 0) return {"that of this kernel cannot rename files from folder to folder", "", "boot Linux 5.19 or newer"};
    return {};
  }
  // `kind` of filters.
  [[nodiscard]] Explanation refused_filter(std::string_view kind, std::string option) const {
    const bool unknown = error == EINVAL || error == ENOSYS;
    if (is_refused() || (unknown && facts.filtered)) return {"a filter around this refuses further ones", std::move(option), ""};
    if (unknown) return {format("this kernel was built without {}", kind), std::move(option), "boot a kernel of the distribution"};
    return {};
  }

  Explanation operator()(const LoadFilter& step) const {
    std::string option = without("use snug run --security-opt seccomp=unconfined, which leaves every system call open");
    if (error == EINVAL && step.name.find('/') != std::string::npos) return {"the kernel does not take what that profile became", std::move(option), ""};
    return refused_filter("filters of system calls", std::move(option));
  }
  Explanation operator()(const RememberOwners&) const {
    std::string option = without("use snug run --emulate-root static, which remembers nothing");
    if (error == EBUSY) return {"a process around this listens to system calls already, and the kernel allows one", std::move(option), ""};
    return refused_filter("filters of system calls that ask a process", std::move(option));
  }
  Explanation operator()(const CloseDescriptors&) const {
    if (error == EISDIR)
      return {"standard input, output or error is a folder of the host, and would lead out of the container", "", ""};
    return {};
  }
  Explanation operator()(const SetLimits& step) const {
    if (error != EPERM) return {};
    for (const ResourceLimit& limit : step.limits)
      if (limit.number == RLIMIT_NOFILE && limit.hard > host.open_files_hard) return {format("nofile cannot be raised above your own hard limit, {}", host.open_files_hard), "", ""};
    return {"a hard limit cannot be raised above your own, which ulimit -H tells", "", ""};
  }
  Explanation operator()(const Exec& step) const {
    const char* own = host.rootfs.shellless ? "there is no shell in there either; 'snug debug', or --shell builtin, looks around with one of its own" : "";
    if (error == ENOENT && step.paths.size() == 1)
      return {"the file is not there, or the interpreter in its first line or its dynamic loader is not", own, ""};
    if (error == ENOENT) return {"no folder of PATH inside the container has it", own, ""};
    if (error == EPERM && !host.profile.empty()) return {"the profile that --security-opt seccomp names may refuse execve(2)", "", ""};
    if (error == EACCES && !step.argv.empty() && step.argv.front().empty()) return {"the command is an empty word", "", ""};
    if (error == EACCES)
      return {"what is executed, and its interpreter, has to be a file, no folder, with an x in its mode for who executes it, and on no mount that is noexec" + std::string(host.profile.empty() ? "" : "; or the profile that --security-opt seccomp names refuses execve(2)"), "", ""};
    if (error == ENOEXEC)
      return {"it is no program of this machine's architecture, and no script with a first line", "", ""};
    if (error == E2BIG) return {"arguments and environment are too large together; execve(2) tells the limit", "", ""};
    return {};
  }
  Explanation operator()(const RunShell& step) const {
    if (error == ENOEXEC) return {"the tools have to be one static program, which needs no file of the root", "--tools /bin/busybox", "apt-get install busybox-static"};
    if (error == ENOENT && !step.tools.empty()) return {"--tools names a file of the host by its path", "--tools /bin/busybox", "apt-get install busybox-static"};
    return {};
  }
  Explanation operator()(const RestrictEgress&) const {
    if (error == EPROTONOSUPPORT || error == EOPNOTSUPP || error == ENOENT || error == EINVAL)
      return {"the kernel lacks a part of nftables", "", "modprobe -a nf_tables nft_ct nft_limit nft_log nft_reject_inet nfnetlink_log"};
    return {};
  }
  template <typename Other>
  Explanation operator()(const Other&) const {
    if (error == ENOSPC) return disk_is_full(host);
    return {};
  }
};

}  // namespace

Explanation explain_open_files(const ProcessLimit& limit) {
  const std::string cause = format("ulimit -n is {}: no more files can be open at once", limit.soft);
  if (limit.hard > limit.soft) return {cause, format("ulimit -n {}", limit.hard), ""};
  return {cause, "", "echo '* - nofile 4096' >/etc/security/limits.d/snug.conf"};
}

Explanation explain_failure(const Action& action, int error, const HostFacts& host, const RefusalFacts& facts) {
  if (error == EMFILE && facts.open_files && facts.chosen_open_files)
    return {format("--ulimit nofile={} is in force by then, and takes more open files than that to start anything", facts.open_files->soft), "choose a larger one", ""};
  if (error == EMFILE && facts.open_files) return explain_open_files(*facts.open_files);
  const Explain explain{error, host, facts};
  return error == EAGAIN ? explain.no_more_processes() : std::visit(explain, action);
}

std::optional<Explanation> find_missing_ranges(const HostFacts& host) {
  if (host.newuidmap.empty() || host.newgidmap.empty()) {
    if (host.map_helpers_powerless)
      return Explanation{
          "newuidmap and newgidmap have no right to write maps here (not to be executed, or no set-user-ID bit of root and no capabilities)", "",
          ""};
    return Explanation{"newuidmap and newgidmap are not installed", "", "apt-get install uidmap"};
  }
  if (!host.subuids.empty() && !host.subgids.empty()) return {};
  const std::string user = user_name(host);
  if (!host.sub_id_service.empty())
    return Explanation{
        format("{} hands out the sub-ids here (subid: in /etc/nsswitch.conf), and getsubids tells of none for {}",
               quoted(host.sub_id_service), quoted(user)),
        "", format("give {} a range of 65536 ids in {}", quoted(user), quoted(host.sub_id_service))};
  return Explanation{
      format("{} has no line for {}", host.subuids.empty() ? "/etc/subuid" : "/etc/subgid", quoted(user)), "",
      format("usermod --add-subuids {0}-{1} --add-subgids {0}-{1} {2}", host.next_sub_id, host.next_sub_id + 65535,
             shell_quoted(user))};
}

std::optional<Explanation> find_missing_storage(const HostFacts& host) {
  if (host.store_takes_upper) return {};
  const std::string local = host.no_local_store.empty() ? "" : format(", and no folder of this machine stands in for it: {}", host.no_local_store);
  return Explanation{
      format("{} lies on {}, which is not known to take what overlays write{}", quoted(host.store), host.store_type, local),
      "set XDG_DATA_HOME to a folder on a local disk (ext4, xfs, btrfs)", ""};
}

std::optional<Explanation> find_missing_limits(const HostFacts& host, const std::vector<std::string>& controllers) {
  const CgroupFacts& facts = host.cgroups;
  using Place = CgroupFacts::Place;
  std::vector<std::string> missing = controllers;
  if (facts.place != Place::none)
    std::erase_if(missing, [&](const auto& each) { return std::find(facts.controllers.begin(), facts.controllers.end(), each) != facts.controllers.end(); });
  if (missing.empty()) return {};
  const std::string names = join(missing, ", ");
  if (facts.root.empty())
    return Explanation{"there is no cgroup v2 here, and cgroup v1 is not given to ordinary users", "",
                       facts.systemd ? "boot with systemd.unified_cgroup_hierarchy=1 on the kernel's command line" : "mount -t cgroup2 cgroup2 /sys/fs/cgroup"};
  if (facts.root != "/sys/fs/cgroup")
    return Explanation{format("cgroup v2 has no {} here: that belongs to cgroup v1, which is not given to ordinary users", names), "",
                       facts.systemd ? "boot with systemd.unified_cgroup_hierarchy=1 on the kernel's command line"
                                     : "boot with cgroup_no_v1=all on the kernel's command line, and mount -t cgroup2 cgroup2 /sys/fs/cgroup"};
  if (facts.place == Place::manager)
    return Explanation{format("the systemd of your own is not given {}", names), "",
                       "mkdir -p /etc/systemd/system/user@.service.d && printf '[Service]\\nDelegate=cpu cpuset io memory pids\\n' "
                       ">/etc/systemd/system/user@.service.d/delegate.conf && systemctl daemon-reload"};
  if (facts.place == Place::own) return Explanation{format("the cgroup {} is not given {}", quoted(facts.parent), names), "", ""};
  return Explanation{format("the cgroup {} is not yours to write{}", quoted(facts.parent), facts.systemd ? ", and no systemd of your own runs" : ""), "",
                     facts.systemd ? format("loginctl enable-linger {}", shell_quoted(user_name(host)))
                                   : format("chown {0} {1} {1}/cgroup.procs {1}/cgroup.subtree_control", shell_quoted(user_name(host)), shell_quoted(facts.parent))};
}

std::string render_hint(const Explanation& explanation) {
  std::vector<std::string> parts;
  for (const std::string& part : {explanation.cause, explanation.you_can})
    if (!part.empty()) parts.push_back(part);
  if (!explanation.ask.empty()) parts.push_back("ask an administrator: " + explanation.ask);
  return join(parts, "; ");
}

}  // namespace snug::plan
