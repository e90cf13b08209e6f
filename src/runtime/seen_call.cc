// System calls in words, as explain/calls.cc writes those of the plan. What is not among them neither builds walls nor prepares to.

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/if_tun.h>
#include <linux/keyctl.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/openat2.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstddef>
#include <span>

#include "snug/base/text.hh"
#include "snug/plan/notation.hh"
#include "tracee.hh"

namespace snug::runtime {
namespace {

using plan::SeenCall;
using Words = std::vector<std::string>;

constexpr const char* closed = "?";

struct Named {
  std::uint64_t number;
  const char* name;
};

std::string name_of(std::uint64_t number, std::span<const Named> names) {
  for (const Named& each : names)
    if (each.number == number) return each.name;
  return format("{:#x}", number);
}

std::string flags_of(std::uint64_t flags, std::span<const Named> names) {
  std::string joined;
  for (const Named& each : names)
    if (flags & each.number) joined += (joined.empty() ? "" : "|") + std::string(each.name);
  return joined.empty() ? "0" : joined;
}

constexpr std::array tree_flags{Named{AT_EMPTY_PATH, "AT_EMPTY_PATH"}, Named{OPEN_TREE_CLONE, "OPEN_TREE_CLONE"}, Named{AT_RECURSIVE, "AT_RECURSIVE"}};
constexpr std::array open_flags{Named{O_CREAT, "O_CREAT"}, Named{O_EXCL, "O_EXCL"}, Named{O_PATH, "O_PATH"}, Named{O_RDWR, "O_RDWR"}, Named{O_NOCTTY, "O_NOCTTY"}};
constexpr std::array filter_flags{Named{SECCOMP_FILTER_FLAG_NEW_LISTENER, "NEW_LISTENER"}, Named{1U << 5U /* SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV of Linux 5.19 */, "WAIT_KILLABLE_RECV"}};
constexpr std::array resolve_flags{Named{RESOLVE_IN_ROOT, "RESOLVE_IN_ROOT"}, Named{RESOLVE_NO_MAGICLINKS, "RESOLVE_NO_MAGICLINKS"}};
constexpr std::array mount_flags{Named{MS_REC, "MS_REC"}, Named{MS_PRIVATE, "MS_PRIVATE"}, Named{MS_SLAVE, "MS_SLAVE"}, Named{MS_BIND, "MS_BIND"},
                                 Named{MS_RDONLY, "MS_RDONLY"}, Named{MS_REMOUNT, "MS_REMOUNT"}, Named{MS_MOVE, "MS_MOVE"}};
constexpr std::array requests{Named{SIOCSIFFLAGS, "SIOCSIFFLAGS"}, Named{SIOCSIFHWADDR, "SIOCSIFHWADDR"}, Named{SIOCSIFMTU, "SIOCSIFMTU"},
                              Named{TUNSETIFF, "TUNSETIFF"}, Named{TUNSETPERSIST, "TUNSETPERSIST"}, Named{TUNATTACHFILTER, "TUNATTACHFILTER"}, Named{TIOCSCTTY, "TIOCSCTTY"}, Named{TIOCSPGRP, "TIOCSPGRP"},
                              Named{TIOCSPTLCK, "TIOCSPTLCK"}, Named{TIOCGPTPEER, "TIOCGPTPEER"}, Named{TIOCSWINSZ, "TIOCSWINSZ"}};
constexpr std::array limits{Named{RLIMIT_CPU, "CPU"}, Named{RLIMIT_FSIZE, "FSIZE"}, Named{RLIMIT_DATA, "DATA"}, Named{RLIMIT_STACK, "STACK"},
                            Named{RLIMIT_CORE, "CORE"}, Named{RLIMIT_RSS, "RSS"}, Named{RLIMIT_NPROC, "NPROC"}, Named{RLIMIT_NOFILE, "NOFILE"},
                            Named{RLIMIT_MEMLOCK, "MEMLOCK"}, Named{RLIMIT_AS, "AS"}, Named{RLIMIT_LOCKS, "LOCKS"}, Named{RLIMIT_SIGPENDING, "SIGPENDING"},
                            Named{RLIMIT_MSGQUEUE, "MSGQUEUE"}, Named{RLIMIT_NICE, "NICE"}, Named{RLIMIT_RTPRIO, "RTPRIO"}, Named{RLIMIT_RTTIME, "RTTIME"}};
// Of the others, those that read are nobody's concern.
constexpr std::array changes{Named{PR_SET_PDEATHSIG, "PR_SET_PDEATHSIG"}, Named{PR_SET_DUMPABLE, "PR_SET_DUMPABLE"},
                             Named{PR_SET_NO_NEW_PRIVS, "PR_SET_NO_NEW_PRIVS"}, Named{PR_CAPBSET_DROP, "PR_CAPBSET_DROP"},
                             Named{PR_SET_SECCOMP, "PR_SET_SECCOMP"}, Named{PR_SET_KEEPCAPS, "PR_SET_KEEPCAPS"},
                             Named{PR_SET_SECUREBITS, "PR_SET_SECUREBITS"}, Named{PR_CAP_AMBIENT, "PR_CAP_AMBIENT"},
                             Named{PR_SET_CHILD_SUBREAPER, "PR_SET_CHILD_SUBREAPER"}, Named{PR_SET_PTRACER, "PR_SET_PTRACER"}};

/// One call at its entry: its arguments in words.
class Sight {
 public:
  Sight(const Tracee& tracee, const Entry& entry) : tracee_(tracee), entry_(entry) {}

  [[nodiscard]] std::uint64_t raw(std::size_t at) const { return entry_.arguments.at(at); }
  [[nodiscard]] int number(std::size_t at) const { return static_cast<int>(raw(at)); }
  [[nodiscard]] std::string decimal(std::size_t at) const { return format("{}", number(at)); }
  [[nodiscard]] std::string mode(std::size_t at) const { return format("{:04o}", raw(at)); }
  [[nodiscard]] std::string path(std::size_t at) const {
    if (raw(at) == 0) return "NULL";
    const auto text = tracee_.text(raw(at));
    return text ? plan::c_quoted(*text) : closed;
  }
  [[nodiscard]] std::string descriptor(std::size_t at) const {
    return number(at) == AT_FDCWD ? "AT_FDCWD" : format("#{}<{}>", number(at), printable(tracee_.path_of(number(at))));
  }
  [[nodiscard]] std::string words(std::size_t at) const {
    const auto list = tracee_.words(raw(at));
    if (!list) return closed;
    std::string text;
    for (const std::string& word : *list) text += (text.empty() ? "" : ", ") + plan::c_quoted(word);
    return "[" + text + "]";
  }
  [[nodiscard]] const Tracee& tracee() const { return tracee_; }

 private:
  const Tracee& tracee_;
  const Entry& entry_;
};

SeenCall builds(std::string name, Words arguments) { return {plan::Actor::monitor, std::move(name), std::move(arguments), true, 0}; }
SeenCall prepares(std::string name, Words arguments = {}) { return {plan::Actor::monitor, std::move(name), std::move(arguments), false, 0}; }

SeenCall see_clone3(const Sight& sight) {
  const auto args = sight.tracee().value<clone_args>(sight.raw(0));
  if (!args) return builds("clone3", {closed});
  std::string flags = plan::clone_flags(args->flags);
  for (const Named& each : {Named{CLONE_INTO_CGROUP, "CLONE_INTO_CGROUP"}, Named{CLONE_PIDFD, "CLONE_PIDFD"}, Named{CLONE_PARENT, "CLONE_PARENT"}, Named{CLONE_VM, "CLONE_VM"}, Named{CLONE_VFORK, "CLONE_VFORK"}})
    if (args->flags & each.number) flags += (flags.empty() ? "" : "|") + std::string(each.name);
  return builds("clone3", {format("{{flags={}, exit_signal={}}}", flags, args->exit_signal == SIGCHLD ? "SIGCHLD" : format("{}", args->exit_signal))});
}

// glibc's fork(2) is a clone(2) with nothing but its own bookkeeping.
SeenCall see_clone(std::uint64_t flags) {
  constexpr std::uint64_t bookkeeping = CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD;
  if (flags == bookkeeping) return builds("fork", {});
  const std::string names = plan::clone_flags(flags & ~bookkeeping);
  constexpr std::array others{Named{CLONE_PARENT, "CLONE_PARENT"}, Named{CLONE_VM, "CLONE_VM"}, Named{CLONE_VFORK, "CLONE_VFORK"}};
  return builds("clone", {names.empty() ? flags_of(flags, others) : names + "|" + flags_of(flags, others)});
}

// A file of the container's cgroup, of its scope, or of another.
std::string cgroup_place(const std::string& path) {
  const std::size_t own = path.rfind("/snug-"), end = path.find('/', own + 1);
  if (own == std::string::npos || end == std::string::npos) return plan::c_quoted(path);
  return (std::string_view(path).substr(0, end).ends_with(".scope") ? "SCOPE" : "CGROUP") + path.substr(end);
}

SeenCall see_write(const Sight& sight) {
  const std::string path = sight.tracee().path_of(sight.number(0));
  const std::string name = path.substr(path.rfind('/') + 1);
  const auto bytes = [&] { return sight.tracee().bytes(sight.raw(1), sight.raw(2)); };
  const auto written = [&](std::string place) {
    const auto text = bytes();
    return builds("write", {std::move(place), text ? plan::c_quoted(*text) : closed});
  };
  if (path.starts_with("/proc/") && (name == "uid_map" || name == "gid_map" || name == "setgroups")) return written("/proc/self/" + name);
  if (path.starts_with("/proc/sys/net/")) return written(path);
  if (path.ends_with("/sys/user/max_user_namespaces")) return written(path);
  // Who is moved aside before, and what is put back in the end, is no part of the container.
  if (path.starts_with("/sys/fs/cgroup/") && name != "cgroup.procs" && name != "cgroup.kill" && !bytes().value_or("").starts_with('-')) return written(cgroup_place(path));
  return prepares("write", {format("{} bytes", sight.raw(2))});
}

// Who listens at a name of a file, and nothing for any other address.
std::optional<SeenCall> see_connect(const Sight& sight) {
  const auto address = sight.tracee().bytes(sight.raw(1), sight.raw(2));
  const std::size_t head = offsetof(sockaddr_un, sun_path);
  sa_family_t family = 0;
  if (!address || address->size() < head) return {};
  address->copy(reinterpret_cast<char*>(&family), sizeof family);
  if (family != AF_UNIX) return {};
  return prepares("connect", {sight.descriptor(0), plan::c_quoted(address->substr(head, address->find('\0', head) - head))});
}

SeenCall see_seccomp(const Sight& sight) {
  const auto program = sight.tracee().value<sock_fprog>(sight.raw(2));
  return builds("seccomp", {sight.number(0) == SECCOMP_SET_MODE_FILTER ? "SECCOMP_SET_MODE_FILTER" : sight.decimal(0), flags_of(sight.raw(1), filter_flags),
                            program ? format("{{{} instructions}}", program->len) : closed});
}

// Of rtnetlink(7): what is added, which stands in the first address there is of each kind.
SeenCall see_message(const Sight& sight) {
  const auto bytes = sight.tracee().bytes(sight.raw(1), sight.raw(2));
  nlmsghdr header{};
  if (!bytes) return builds("sendto", {sight.descriptor(0), closed});
  bytes->copy(reinterpret_cast<char*>(&header), sizeof header);
  // A batch of nftables begins with a frame of its own; rtnetlink has no message that is as short.
  if (header.nlmsg_type == NFNL_MSG_BATCH_BEGIN && header.nlmsg_len == NLMSG_LENGTH(sizeof(nfgenmsg))) return builds("sendto", {sight.descriptor(0), "{NFT_MSG_NEWTABLE, inet snug}"});
  if (header.nlmsg_type == (NFNL_SUBSYS_ULOG << 8U | NFULNL_MSG_CONFIG)) return builds("sendto", {sight.descriptor(0), "{NFULNL_MSG_CONFIG}"});
  const bool is_address = header.nlmsg_type == RTM_NEWADDR;
  if (bytes->size() < NLMSG_LENGTH(sizeof(rtmsg)) || (!is_address && header.nlmsg_type != RTM_NEWROUTE)) return prepares("sendto");
  const auto* body = bytes->data() + NLMSG_HDRLEN;  // family and prefix are where they are in both
  const bool is_local = !is_address && body[offsetof(rtmsg, rtm_type)] == RTN_LOCAL;
  const bool is_way = !is_address && !is_local && body[offsetof(rtmsg, rtm_dst_len)] != 0;
  const std::size_t start = NLMSG_SPACE(is_address ? sizeof(ifaddrmsg) : sizeof(rtmsg));
  for (std::size_t at = start; at + sizeof(rtattr) <= bytes->size();) {
    rtattr attribute{};
    bytes->copy(reinterpret_cast<char*>(&attribute), sizeof attribute, at);
    std::array<char, INET6_ADDRSTRLEN> address{};
    const bool wanted = attribute.rta_type == (is_address ? int{IFA_LOCAL} : is_local || is_way ? int{RTA_DST} : int{RTA_GATEWAY});
    const std::size_t size = body[0] == AF_INET ? 4 : 16;
    if (wanted && at + RTA_LENGTH(size) <= bytes->size() && ::inet_ntop(body[0], bytes->data() + at + RTA_LENGTH(0), address.data(), address.size())) {
      const std::string network = format("{}/{}", address.data(), static_cast<unsigned char>(body[1]));
      return builds("sendto", {sight.descriptor(0), is_address ? format("{{RTM_NEWADDR, {}}}", network)
                                                    : is_local ? format("{{RTM_NEWROUTE, local {}}}", network)
                                                    : is_way   ? format("{{RTM_NEWROUTE, {}}}", network)
                                                               : format("{{RTM_NEWROUTE, default via {}}}", address.data())});
    }
    at += std::max<std::size_t>(RTA_ALIGN(attribute.rta_len), sizeof attribute);
  }
  return builds("sendto", {sight.descriptor(0), is_address || is_local || is_way ? "another message of rtnetlink" : "{RTM_NEWROUTE, default}"});
}

// Layers are handed over as /proc/self/fd/N, which says nothing: where they lead does.
std::optional<SeenCall> see_option(const Sight& sight) {
  if (sight.number(1) != FSCONFIG_SET_STRING && sight.number(1) != FSCONFIG_SET_FLAG) return {};  // what makes it: fsmount tells
  const auto key = sight.tracee().text(sight.raw(2));
  if (!key) return builds("fsconfig", {closed});
  if (sight.number(1) == FSCONFIG_SET_FLAG) return builds("fsconfig", {*key});
  constexpr std::string_view folder = "/proc/self/fd/";
  std::string value;
  for (const std::string& part : split(sight.tracee().text(sight.raw(3)).value_or(closed), ':')) {
    const auto fd = part.starts_with(folder) ? parse_number(std::string_view(part).substr(folder.size())) : std::nullopt;
    value += (value.empty() ? "" : ":") + (fd ? sight.tracee().path_of(static_cast<int>(*fd)) : part);
  }
  return builds("fsconfig", {format("{}={}", *key, printable(value))});
}

SeenCall see_attributes(const Sight& sight) {
  const auto attributes = sight.tracee().value<mount_attr>(sight.raw(3));
  const bool plain = attributes && attributes->attr_clr == 0 && attributes->propagation == 0;
  return builds("mount_setattr", {sight.descriptor(0), sight.path(1), flags_of(sight.raw(2), tree_flags),
                                  !attributes ? closed : plan::mount_attributes(attributes->attr_set) + (plain ? "" : " and others")});
}

std::optional<SeenCall> see_prctl(const Sight& sight) {
  const std::string name = name_of(sight.raw(0), changes);
  if (name.starts_with("0x")) return {};
  if (sight.number(0) == PR_SET_PDEATHSIG && sight.number(1) == SIGKILL) return builds("prctl", {name, "SIGKILL"});
  if (sight.number(0) == PR_SET_PDEATHSIG && sight.number(1) == SIGTERM) return builds("prctl", {name, "SIGTERM"});
  return builds("prctl", {name, sight.decimal(1)});
}

SeenCall see_limit(const Sight& sight, std::size_t resource, std::size_t address) {
  const auto limit = sight.tracee().value<rlimit>(sight.raw(address));
  return builds("setrlimit", {"RLIMIT_" + name_of(sight.raw(resource), limits),
                              limit ? format("{{{}, {}}}", plan::limit_text(limit->rlim_cur), plan::limit_text(limit->rlim_max)) : closed});
}

SeenCall see_groups(const Sight& sight) {
  const auto raw = sight.tracee().bytes(sight.raw(1), sight.raw(0) * sizeof(gid_t));
  if (!raw && sight.raw(0)) return builds("setgroups", {sight.decimal(0), closed});
  std::string text;
  for (std::size_t at = 0; raw && at < sight.raw(0); ++at) {
    gid_t group = 0;
    raw->copy(reinterpret_cast<char*>(&group), sizeof group, at * sizeof group);
    text += format("{}{}", at ? ", " : "", group);
  }
  return builds("setgroups", {sight.decimal(0), "[" + text + "]"});
}

SeenCall see_capabilities(const Sight& sight) {
  struct Sets {
    std::uint32_t effective, permitted, inheritable;
  };
  const auto sets = sight.tracee().value<std::array<Sets, 2>>(sight.raw(1));
  if (!sets) return builds("capset", {closed});
  const auto list = [&](std::uint32_t Sets::*set) {
    std::vector<int> numbers;
    for (int number = 0; number < 64; ++number)
      if ((*sets)[static_cast<std::size_t>(number) / 32].*set >> (static_cast<unsigned>(number) % 32) & 1U) numbers.push_back(number);
    return plan::capability_set(numbers);
  };
  const std::string effective = list(&Sets::effective), permitted = list(&Sets::permitted);
  return builds("capset", {format("{{effective={}permitted={}, inheritable={}}}", effective == permitted ? "" : effective + ", ", permitted, list(&Sets::inheritable))});
}

std::optional<SeenCall> see_mounts(const Sight& sight, std::uint64_t call) {
  switch (call) {
    case SYS_mount:
      return builds("mount", {sight.path(0), sight.path(1), sight.path(2), flags_of(sight.raw(3), mount_flags), sight.path(4)});
    case SYS_umount2: return builds("umount2", {sight.path(0), sight.number(1) == MNT_DETACH ? "MNT_DETACH" : sight.decimal(1)});
    case SYS_pivot_root: return builds("pivot_root", {sight.path(0), sight.path(1)});
    case SYS_chroot: return builds("chroot", {sight.path(0)});
    case SYS_fsopen: return builds("fsopen", {sight.path(0)});
    case SYS_fspick: return builds("fspick", {sight.descriptor(0), sight.path(1)});
    case SYS_fsconfig: return see_option(sight);
    case SYS_fsmount: return builds("fsmount", {plan::mount_attributes(sight.raw(2))});
    case SYS_open_tree: return builds("open_tree", {sight.descriptor(0), sight.path(1), flags_of(sight.raw(2), tree_flags)});
    case SYS_mount_setattr: return see_attributes(sight);
    case SYS_move_mount: return builds("move_mount", {sight.descriptor(0), sight.descriptor(2)});
    default: return {};
  }
}

std::optional<SeenCall> see_rights(const Sight& sight, std::uint64_t call) {
  switch (call) {
    case SYS_setns: return builds("setns", {sight.descriptor(0), sight.raw(1) ? plan::clone_flags(sight.raw(1)) : "0"});
    case SYS_unshare: return builds("unshare", {plan::clone_flags(sight.raw(0))});
    case SYS_setresuid: return builds("setresuid", {sight.decimal(0), sight.decimal(1), sight.decimal(2)});
    case SYS_setresgid: return builds("setresgid", {sight.decimal(0), sight.decimal(1), sight.decimal(2)});
    case SYS_setuid: return builds("setuid", {sight.decimal(0)});
    case SYS_setgid: return builds("setgid", {sight.decimal(0)});
    case SYS_setreuid: return builds("setreuid", {sight.decimal(0), sight.decimal(1)});
    case SYS_setregid: return builds("setregid", {sight.decimal(0), sight.decimal(1)});
    case SYS_setgroups: return see_groups(sight);
    case SYS_capset: return see_capabilities(sight);
    case SYS_prctl: return see_prctl(sight);
    case SYS_seccomp: return see_seccomp(sight);
    case SYS_landlock_create_ruleset: return prepares("landlock_create_ruleset");
    case SYS_landlock_add_rule: return prepares("landlock_add_rule");
    case SYS_landlock_restrict_self: return builds("landlock_restrict_self", {sight.descriptor(0), sight.decimal(1)});
    case SYS_bpf: return builds("bpf", {sight.decimal(0)});
    case SYS_keyctl:
      return builds("keyctl", {sight.number(0) == KEYCTL_JOIN_SESSION_KEYRING ? "KEYCTL_JOIN_SESSION_KEYRING" : sight.decimal(0), sight.raw(1) ? "NAME" : "NULL"});
    case SYS_sethostname: {
      const auto name = sight.tracee().bytes(sight.raw(0), sight.raw(1));
      return builds("sethostname", {name ? plan::c_quoted(*name) : closed});
    }
    case SYS_setdomainname: return builds("setdomainname", {});
    case SYS_setrlimit: return see_limit(sight, 0, 1);
    case SYS_prlimit64: return sight.raw(2) ? std::optional(see_limit(sight, 1, 2)) : std::nullopt;
    default: return {};
  }
}

std::optional<SeenCall> see_files(const Sight& sight, std::uint64_t call) {
  switch (call) {
    case SYS_mkdirat: return builds("mkdirat", {sight.descriptor(0), sight.path(1), sight.mode(2)});
#ifdef SYS_mkdir
    case SYS_mkdir: return builds("mkdirat", {"AT_FDCWD", sight.path(0), sight.mode(1)});
#endif
    case SYS_mknodat: return builds("mknodat", {sight.descriptor(0), sight.path(1), sight.mode(2)});
    case SYS_symlinkat: return builds("symlinkat", {sight.path(0), sight.descriptor(1), sight.path(2)});
    case SYS_fchmodat: return builds("fchmodat", {sight.descriptor(0), sight.path(1), sight.mode(2)});
    case SYS_openat: {
      const bool makes = sight.raw(2) & O_CREAT;
      SeenCall seen = builds("openat", {sight.descriptor(0), sight.path(1), flags_of(sight.raw(2), open_flags)});
      seen.builds = makes;
      return seen;
    }
    case SYS_openat2: {
      const auto how = sight.tracee().value<open_how>(sight.raw(2));
      return prepares("openat2", {sight.descriptor(0), sight.path(1), how ? flags_of(how->resolve, resolve_flags) : closed});
    }
    case SYS_write: return see_write(sight);
    case SYS_chdir: return builds("chdir", {sight.path(0)});
    case SYS_fchdir: return builds("fchdir", {sight.descriptor(0)});
    case SYS_getcwd: return prepares("getcwd");
    case SYS_newfstatat: return prepares("fstat");
    default: return {};
  }
}

std::optional<SeenCall> see_processes(const Sight& sight, std::uint64_t call) {
  switch (call) {
    case SYS_clone3: return see_clone3(sight);
    case SYS_clone: return see_clone(sight.raw(0));
#ifdef SYS_fork
    case SYS_vfork: return builds("vfork", {});
    case SYS_fork: return builds("fork", {});
#endif
    case SYS_execve: return builds("execve", {sight.path(0), sight.words(1), "ENV"});
    case SYS_execveat: return builds("execveat", {sight.descriptor(0), sight.path(1), sight.words(2), "ENV", "AT_EMPTY_PATH"});
    case SYS_setsid: return prepares("setsid");
    case SYS_setpgid: return prepares("setpgid", {sight.decimal(0), sight.decimal(1)});
    case SYS_umask: return prepares("umask", {sight.mode(0)});
    case SYS_close_range: return prepares("close_range");
#ifdef SYS_dup2
    case SYS_dup2: return prepares("dup2");
#endif
    case SYS_sendmsg: return prepares("sendmsg");
    case SYS_sendto: return see_message(sight);
    case SYS_connect: return see_connect(sight);
    case SYS_bind: return prepares("bind");
    case SYS_read: return prepares("read");
    case SYS_rt_sigaction: return prepares("rt_sigaction");
    case SYS_rt_sigprocmask: return prepares("rt_sigprocmask");
    case SYS_socket: return prepares("socket", {sight.number(0) == AF_INET ? "AF_INET" : sight.decimal(0), (sight.number(1) & 0xf) == SOCK_DGRAM ? "SOCK_DGRAM" : "?"});
    case SYS_ioctl: return prepares("ioctl", {name_of(sight.raw(1), requests)});
    default: return {};
  }
}

}  // namespace

std::optional<SeenCall> see_call(const Tracee& tracee, const Entry& entry) {
  const Sight sight(tracee, entry);
  for (const auto look : {see_mounts, see_rights, see_files, see_processes})
    if (auto seen = look(sight, entry.number)) return seen;
  return {};
}

}  // namespace snug::runtime
