#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "examination.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "snug/sys/process.hh"
#include "snug/sys/restraint.hh"

namespace snug::probe {
namespace {

using Verdict = Finding::Verdict;

int try_seccomp() {
  const int error = sys::set_no_new_privileges();
  return error ? error : sys::load_filter(plan::make_filter({}));
}

int try_landlock() {
  const int abi = sys::landlock_abi();
  if (abi < 0) return -abi;
  const int error = sys::set_no_new_privileges();
  return error ? error : sys::enforce_landlock(abi, {abi >= 6, abi >= 6}, -1);
}

void examine_landlock(Examination& examination) {
  const int abi = sys::landlock_abi();
  Finding finding{.name = "Landlock", .purpose = "nothing outside the root can be opened, should a path ever lead there", .detail = format("ABI {}", abi)};
  const int error = try_in_child(examination.caller, 0, try_landlock);
  if (error || plan::landlock_of(abi, true, true)) return examination.add(std::move(finding), plan::EnforceLandlock{}, error);
  const plan::Explanation why = plan::explain_failure(plan::EnforceLandlock{}, 0, examination.host, examination.refusal);
  finding.verdict = Verdict::missing;
  finding.detail = why.cause;
  finding.ask = why.ask;
  examination.add(std::move(finding));
}

void examine_terminals(Examination& examination) {
  const auto found = examination.refusal.settings.find("dev.tty.legacy_tiocsti");
  if (found != examination.refusal.settings.end() && found->second == "0") return;
  examination.add({.name = "terminals",
                   .purpose = "programs may type into their terminal (TIOCSTI); containers have one of their own",
                   .verdict = Verdict::informs,
                   .ask = found == examination.refusal.settings.end() ? "" : "sysctl -w dev.tty.legacy_tiocsti=0"});
}

bool has_systemd() { return ::access("/run/systemd/system", F_OK) == 0; }

std::string own_cgroup() {
  const std::string groups = sys::find_file_text("/proc/self/cgroup").value_or("");
  for (const std::string_view line : lines(groups))
    if (line.starts_with("0::")) return "/sys/fs/cgroup" + std::string(line.substr(3) == "/" ? "" : line.substr(3));
  return "/sys/fs/cgroup";
}

void examine_cgroups(Examination& examination) {
  Finding finding{.name = "cgroup delegation",
                  .purpose = "limits of memory and processes for a container; not used yet",
                  .verdict = Verdict::missing};
  struct statfs status {};
  if (::statfs("/sys/fs/cgroup", &status) != 0 || static_cast<std::uint32_t>(status.f_type) != 0x63677270U) {
    const auto controllers = sys::find_file_text("/sys/fs/cgroup/unified/cgroup.controllers");
    finding.detail =
        !controllers
            ? "there is no cgroup v2 on /sys/fs/cgroup, and cgroup v1 is not given to ordinary users"
            : format("cgroup v2 limits {} here; the rest belongs to cgroup v1, which is not given to ordinary users",
                     trimmed(*controllers).empty() ? "nothing" : "only " + quoted(trimmed(*controllers)));
    finding.ask =
        has_systemd()
            ? "boot with systemd.unified_cgroup_hierarchy=1 on the kernel's command line"
            : "boot with cgroup_no_v1=all on the kernel's command line, and mount -t cgroup2 cgroup2 /sys/fs/cgroup";
    return examination.add(std::move(finding));
  }
  const std::string own = own_cgroup();
  if (::access((own + "/cgroup.procs").c_str(), W_OK) == 0) {
    finding.verdict = Verdict::works;
    finding.detail = own;
    return examination.add(std::move(finding));
  }
  finding.detail = format("{} is not yours to write", quoted(own));
  const auto uid = examination.host.uid.value;
  if (::access(format("/run/user/{}/systemd", uid).c_str(), F_OK) == 0)
    finding.you_can = "systemd-run --user --scope -p Delegate=yes snug run";
  else if (has_systemd())
    finding.ask = format("loginctl enable-linger {}", uid);
  examination.add(std::move(finding));
}

}  // namespace

void examine_restraints(Examination& examination) {
  const auto add = [&](const char* name, const char* purpose, int error, std::string detail = {}) {
    examination.add({.name = name, .purpose = purpose, .detail = std::move(detail)}, plan::NoNewPrivileges{}, error);
  };
  const Caller& caller = examination.caller;
  add("no_new_privs", "sudo, su and their like gain nothing inside",
      try_in_child(caller, 0, [] { return sys::set_no_new_privileges(); }));
  examination.add({.name = "seccomp filters", .purpose = "only system calls of a list can be made", .needed = true}, plan::LoadFilter{},
                  try_in_child(caller, 0, try_seccomp));
  examine_landlock(examination);
  examine_terminals(examination);
}

void examine_limits(Examination& examination) {
  // A container takes two processes and what runs in it; a shell with a compiler soon takes some dozens.
  constexpr std::uint64_t few = 64;
  if (const auto& limit = examination.refusal.processes; limit && limit->soft < few) {
    const auto remedy = plan::explain_failure(plan::ForkPayload{}, EAGAIN, examination.host, examination.refusal);
    examination.add({.name = "processes",
                     .purpose = "you may have few, what you run already included",
                     .verdict = Verdict::informs,
                     .detail = format("ulimit -u is {}", limit->soft),
                     .you_can = remedy.you_can,
                     .ask = remedy.ask});
  }
  examine_cgroups(examination);
}

}  // namespace snug::probe
