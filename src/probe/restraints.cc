#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "examination.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/probe/cgroup.hh"
#include "snug/sys/file.hh"
#include "snug/sys/mount.hh"
#include "snug/sys/notification.hh"
#include "snug/sys/own_program.hh"
#include "snug/sys/process.hh"
#include "snug/sys/restraint.hh"

namespace snug::probe {
namespace {

using Verdict = Finding::Verdict;

int try_seccomp() {
  const int error = sys::set_no_new_privileges();
  return error ? error : sys::load_filter(plan::make_filter({}));
}

int try_listening() {
  if (const int error = sys::set_no_new_privileges()) return error;
  return sys::load_listening_filter(plan::make_owner_filter()) ? 0 : errno;
}

int try_landlock() {
  const int abi = sys::landlock_abi();
  if (abi < 0) return -abi;
  const int error = sys::set_no_new_privileges();
  return error ? error : sys::enforce_landlock(abi, {abi >= 6, abi >= 6}, -1);
}

// In the new proc file system, or in the one that is there: as the plan has it.
int forbid_namespaces_anew() {
  const sys::Fd filesystem = sys::open_filesystem("proc");
  const sys::Fd proc = filesystem ? sys::make_mount(filesystem.get(), MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC) : sys::Fd();
  if (!proc) return errno;
  return sys::write_file(proc.get(), "sys/user/max_user_namespaces", "0");
}

int forbid_namespaces_here() { return sys::write_file(AT_FDCWD, "/proc/sys/user/max_user_namespaces", "0"); }

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

void examine_program(Examination& examination) {
  Finding finding{.name = "snug's own file", .purpose = "nothing inside could write it: it is root's alone, or run from a read-only mount of it"};
  if (const std::optional<std::string>& path = examination.host.open_program) {
    finding.verdict = Verdict::missing;
    const sys::Fd mount = sys::mount_own_program(environ);
    finding.detail = format("no read-only mount of {} could be made: {}", path->empty() ? "it" : quoted(*path),
                            mount ? "now it can" : errno == ENOEXEC ? "it would not be the same, executed by that" : errno_text(errno));
    if (examination.host.uid.value != 0) finding.ask = "install snug where only root can write";
  }
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

std::string render_place(const plan::CgroupFacts& facts) {
  if (facts.place == plan::CgroupFacts::Place::manager) return "in scopes that the systemd of your own makes";
  return format("below {}", quoted(facts.parent));
}

// Each limit by itself is worth having; all of them is what is asked for.
void examine_cgroups(Examination& examination) {
  const std::vector<std::string> all{"memory", "pids", "cpu", "cpuset", "io"};
  plan::HostFacts host = examination.host;
  host.cgroups = cgroup_facts(host.uid, all);
  const plan::CgroupFacts& facts = host.cgroups;
  const bool some = std::any_of(all.begin(), all.end(), [&](const auto& each) { return std::find(facts.controllers.begin(), facts.controllers.end(), each) != facts.controllers.end(); });
  const bool placed = facts.place != plan::CgroupFacts::Place::none;
  Finding limits{.name = "cgroup delegation",
                 .purpose = "limits of memory, processes and processors for a container as a whole",
                 .verdict = placed && some ? Verdict::works : Verdict::missing};
  if (placed && some) limits.detail = format("{}: {}", render_place(facts), join(facts.controllers, ", "));
  const auto why = plan::find_missing_limits(host, all);
  if (why) {
    limits.detail += format("{}{}", limits.detail.empty() ? "" : "; ", why->cause);
    limits.you_can = why->you_can;
    limits.ask = why->ask;
  }
  examination.add(std::move(limits));
  Finding pause{.name = "cgroup freeze", .purpose = "snug pause", .verdict = placed ? Verdict::works : Verdict::missing};
  pause.detail = facts.place == plan::CgroupFacts::Place::manager ? "for containers that are started with a limit" : placed ? render_place(facts) : "it takes a cgroup v2 folder that is delegated to you, as limits do";
  if (!placed && why) pause.you_can = why->you_can, pause.ask = why->ask;
  examination.add(std::move(pause));
}

}  // namespace

// With --pid host there is no other /proc than the one that is here. Where that cannot be written to, the start says so and goes on.
void examine_nesting(Examination& examination) {
  const Caller& caller = examination.caller;
  Finding finding{.name = "user namespaces inside", .purpose = "none can be made, in which somebody would have all capabilities"};
  const int here = try_in_child(caller, CLONE_NEWUSER, forbid_namespaces_here);
  if (here == 0) return examination.add(std::move(finding));
  const bool works = !examination.host.machines_root && try_in_child(caller, CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID, forbid_namespaces_anew) == 0;
  const plan::Explanation why = plan::explain_failure(plan::ForbidNamespaces{}, here, examination.host, examination.refusal);
  finding.verdict = works ? Verdict::works : Verdict::missing;
  finding.detail = format("{}{}: the filter of system calls alone keeps them from being made", works ? "but not with --pid host: " : "", why.cause.empty() ? errno_text(here) : why.cause);
  finding.ask = why.ask;
  examination.add(std::move(finding));
}

void examine_restraints(Examination& examination) {
  const auto add = [&](const char* name, const char* purpose, int error, std::string detail = {}) {
    examination.add({.name = name, .purpose = purpose, .detail = std::move(detail)}, plan::NoNewPrivileges{}, error);
  };
  const Caller& caller = examination.caller;
  examination.add({.name = "session keyring", .purpose = "your keys are not the container's", .needed = true}, plan::JoinKeyring{},
                  try_in_child(caller, 0, sys::join_new_session_keyring));
  add("no_new_privs", "sudo, su and their like gain nothing inside",
      try_in_child(caller, 0, [] { return sys::set_no_new_privileges(); }));
  examination.add({.name = "seccomp filters", .purpose = "only system calls of a list can be made", .needed = true}, plan::LoadFilter{},
                  try_in_child(caller, 0, try_seccomp));
  examination.add({.name = "seccomp listeners", .purpose = "with one id the owners of files are remembered: --emulate-root remembered"}, plan::RememberOwners{},
                  try_in_child(caller, 0, try_listening));
  examine_landlock(examination);
  examine_program(examination);
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
