// The doctor's examination: each wall is raised for real, in a child that does nothing else. What the kernel's refusal
// means is told by the same table that `snug run` has its hints from (plan/hints).

#include "snug/probe/walls.hh"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/utsname.h>

#include <array>
#include <cerrno>

#include "examination.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/probe/refusal.hh"
#include "snug/sys/file.hh"
#include "snug/sys/mount.hh"

namespace snug::probe {
namespace {

using Verdict = Finding::Verdict;

constexpr std::uint64_t mounting = CLONE_NEWUSER | CLONE_NEWNS;

// As the plan has it: in a container whose own is read-only there the kernel gives no other.
int make(const char* type, bool read_only) {
  const sys::Fd filesystem = sys::open_filesystem(type);
  if (!filesystem) return errno;
  const sys::Fd mount = sys::make_mount(filesystem.get(), MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | (read_only ? MOUNT_ATTR_RDONLY : 0U));
  return mount ? 0 : errno;
}

// In a mount namespace of its own.
int pivot() {
  const sys::Fd filesystem = sys::open_filesystem("tmpfs");
  const sys::Fd mount = filesystem ? sys::make_mount(filesystem.get(), 0) : sys::Fd();
  const sys::Fd top = mount ? sys::try_open(AT_FDCWD, "/", O_PATH | O_DIRECTORY) : sys::Fd();
  if (!top) return errno;
  if (const int error = sys::attach_mount(mount.get(), top.get())) return error;
  return sys::pivot_to(mount.get());
}

void examine_kernel(Examination& examination) {
  utsname name{};
  if (::uname(&name) == 0)
    examination.add(
        {.name = "kernel", .purpose = format("{} {}", name.sysname, name.release), .verdict = Verdict::informs});
}

// Walls that stand do not help where the rules say no.
void examine_refusal(Examination& examination) {
  const auto made = plan::make_plan({}, examination.host);
  if (const auto* refusal = std::get_if<plan::Refusal>(&made))
    examination.add({.name = "snug run",
                     .purpose = "a shell on this machine's own root",
                     .verdict = Verdict::missing,
                     .needed = true,
                     .detail = refusal->message,
                     .you_can = refusal->hint});
  else
    examination.plan = std::get<plan::Plan>(made);
}

}  // namespace

Examination::Examination(const plan::HostFacts& facts)
    : host(facts), refusal(refusal_facts()), caller{facts.uid, facts.gid} {}

void Examination::add(Finding finding, const plan::Action& action, int error) {
  if (error) {
    const plan::Explanation explanation = plan::explain_failure(action, error, host, refusal);
    finding.verdict = Verdict::missing;
    finding.detail =
        explanation.cause.empty() ? errno_text(error) : format("{}: {}", errno_text(error), explanation.cause);
    finding.you_can = explanation.you_can;
    finding.ask = explanation.ask;
  }
  add(std::move(finding));
}

void examine_namespaces(Examination& examination) {
  struct Wall {
    const char* name;
    const char* purpose;
    std::uint64_t flag;
    bool needed;
  };
  constexpr std::array<Wall, 8> walls{
      {{"user namespace", "root inside is no more than you outside", CLONE_NEWUSER, true},
       {"mount namespace", "a file tree of its own", CLONE_NEWNS, true},
       {"pid namespace", "sees and signals its own processes only", CLONE_NEWPID, true},
       {"network namespace", "interfaces, ports and sockets of its own", CLONE_NEWNET, true},
       {"uts namespace", "a host name of its own", CLONE_NEWUTS, true},
       {"ipc namespace", "shared memory and message queues of its own", CLONE_NEWIPC, true},
       {"cgroup namespace", "does not see where on the host it is accounted", CLONE_NEWCGROUP, true},
       {"time namespace", "clocks of its own, where --timens private asks for them", 0x80 /* CLONE_NEWTIME */, false}}};
  for (const Wall& wall : walls) {
    const std::uint64_t flags = CLONE_NEWUSER | wall.flag;
    const int error = try_in_child(examination.caller, flags, [] { return 0; });
    examination.add({.name = wall.name, .purpose = wall.purpose, .needed = wall.needed}, plan::Clone{flags}, error);
    if (error && wall.flag == CLONE_NEWUSER) return;  // the others need it, and would only repeat it
  }
}

void examine_mounts(Examination& examination) {
  struct Kind {
    const char* type;
    const char* purpose;
    std::uint64_t flags;
    bool read_only = false;
  };
  constexpr std::array<Kind, 6> kinds{{{"tmpfs", "/tmp, /run and /dev, in memory", mounting},
                                       {"proc", "/proc shows its own processes only", mounting | CLONE_NEWPID},
                                       {"sysfs", "/sys shows its own network only", mounting | CLONE_NEWNET, true},
                                       {"devpts", "terminals of its own", mounting},
                                       {"mqueue", "message queues of its own, in /dev/mqueue", mounting | CLONE_NEWIPC},
                                       {"cgroup2", "/sys/fs/cgroup, to look at", mounting | CLONE_NEWCGROUP, true}}};
  if (const int error = try_in_child(examination.caller, mounting, [] { return 0; })) {
    examination.add({.name = "private mounts", .purpose = "mounts inside are not seen outside", .needed = true},
                    plan::MakePrivate{}, error);
    return;  // the others need it
  }
  for (const Kind& kind : kinds) {
    if (try_in_child(examination.caller, kind.flags, [] { return 0; }))
      continue;  // for want of a namespace, and that was told
    const int error = try_in_child(examination.caller, kind.flags, [&] { return make(kind.type, kind.read_only); });
    examination.add({.name = format("{} mount", kind.type), .purpose = kind.purpose, .needed = true},
                    plan::MakeFilesystem{.type = kind.type}, error);
  }
  examination.add({.name = "pivot_root", .purpose = "a root of its own, and nothing left of this one", .needed = true}, plan::PivotRoot{}, try_in_child(examination.caller, mounting, pivot));
}

std::vector<Finding> examine(const plan::HostFacts& facts) {
  Examination examination(facts);
  examine_kernel(examination);
  examine_refusal(examination);
  examine_namespaces(examination);
  if (examination.findings.back().name != "user namespace") {
    examine_mounts(examination);
    examine_storage(examination);
    examine_ids(examination);
    examine_nesting(examination);
  } else {
    examination.add({.name = "the rest", .verdict = Finding::Verdict::informs, .detail = "not tried: other namespaces, mounts, the data folder and ranges of ids take a user namespace"});
  }
  examine_restraints(examination);
  examine_limits(examination);
  examine_helpers(examination);
  return std::move(examination.findings);
}

}  // namespace snug::probe
