#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>

#include "examination.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "snug/sys/mount.hh"

namespace snug::probe {
namespace {

using Verdict = Finding::Verdict;
using sys::Fd;

constexpr std::uint64_t mounting = CLONE_NEWUSER | CLONE_NEWNS;

struct Folder {
  const char* option;
  std::string path;
};

std::string fd_path(int fd, const char* name) { return format("/proc/self/fd/{}/{}", fd, name); }

// Makes an overlay and a file in it, because an upper that cannot be written gives an overlay that is read-only.
int write_into_overlay(const std::array<Folder, 3>& folders) {
  const Fd filesystem = sys::open_filesystem("overlay");
  if (!filesystem) return errno;
  for (const auto& [option, path] : folders)
    if (const int error = sys::set_option(filesystem.get(), option, path.c_str())) return error;
  if (const int error = sys::set_option(filesystem.get(), "userxattr", "")) return error;
  const Fd mount = sys::make_mount(filesystem.get(), 0);
  if (!mount) return errno;
  return sys::try_open(mount.get(), "written", O_WRONLY | O_CREAT | O_EXCL, 0600) ? 0 : errno;
}

int try_in_memory() {
  const Fd memory = sys::open_filesystem("tmpfs");
  if (!memory) return errno;
  const Fd scratch = sys::make_mount(memory.get(), 0);
  const Fd root = sys::try_open(AT_FDCWD, "/", O_PATH | O_DIRECTORY);
  if (!scratch || !root) return errno;
  if (const int error = sys::attach_mount(scratch.get(), root.get())) return error;
  for (const char* name : {"lower", "upper", "work"})
    if (::mkdirat(scratch.get(), name, 0755) != 0) return errno;
  return write_into_overlay({{{"lowerdir", fd_path(scratch.get(), "lower")},
                              {"upperdir", fd_path(scratch.get(), "upper")},
                              {"workdir", fd_path(scratch.get(), "work")}}});
}

// The first folder that a default start puts an overlay over.
std::string find_lower(const std::optional<plan::Plan>& plan) {
  if (plan)
    for (const plan::Step& step : plan->steps)
      if (const auto* overlay = std::get_if<plan::MakeOverlay>(&step.action);
          overlay && overlay->lowers.size() == 1 && !overlay->lowers[0].mount)
        return overlay->lowers[0].path;
  return "/etc";
}

/// What came of the trial on disk.
struct Outcome {
  bool made = false;     ///< the folder for it could be made
  bool removed = false;  ///< and is gone again
  int error = 0;
};

// Runs in the mount namespace of the trial: the kernel takes no layer that was opened outside of it.
int try_in_folder(const std::string& path, const std::string& lower) {
  const Fd folder = sys::try_open(AT_FDCWD, path.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW);
  const Fd below = sys::try_open(AT_FDCWD, lower.c_str(), O_PATH | O_DIRECTORY);
  if (!folder || !below) return errno;
  if (::mkdirat(folder.get(), "upper", 0755) != 0 || ::mkdirat(folder.get(), "work", 0700) != 0) return errno;
  return write_into_overlay({{{"lowerdir", fd_path(below.get(), ".")},
                              {"upperdir", fd_path(folder.get(), "upper")},
                              {"workdir", fd_path(folder.get(), "work")}}});
}

// Runs in a process of its own that nobody interrupts.
Outcome try_on_disk(const std::string& parent, const std::string& lower, const Caller& caller) {
  std::string path = parent + "/.snug-doctor.XXXXXX";
  if (!::mkdtemp(path.data())) return {false, true, errno};
  const int error = try_in_child(caller, mounting, [&] { return try_in_folder(path, lower); });
  if (const Fd folder = sys::try_open(AT_FDCWD, path.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW)) {
    static_cast<void>(::unlinkat(folder.get(), "upper/written", 0));
    for (const char* name : {"upper", "work/work", "work"})
      static_cast<void>(::unlinkat(folder.get(), name, AT_REMOVEDIR));
  }
  return {true, ::rmdir(path.c_str()) == 0, error};
}

std::string nearest_folder(std::string path) {
  while (::access(path.c_str(), F_OK) != 0 && path.rfind('/') != std::string::npos && path != "/")
    path.erase(path.rfind('/') == 0 ? 1 : path.rfind('/'));
  return path;
}

Outcome try_below(const std::string& parent, const std::string& lower, const Caller& caller) {
  auto [answer, end] = sys::make_pipe();
  const int error = run_undisturbed([&] {
    const Outcome outcome = try_on_disk(parent, lower, caller);
    static_cast<void>(sys::write_all(end.get(), {reinterpret_cast<const char*>(&outcome), sizeof outcome}));
  });
  end.reset();
  Outcome outcome;
  return ::read(answer.get(), &outcome, sizeof outcome) == sizeof outcome ? outcome
                                                                          : Outcome{false, true, error ? error : EINTR};
}

// What a folder or an image gets in its place.
std::string instead_of(const plan::HostFacts& host) {
  return format("what goes away with the container is kept in memory, and one that stays {}",
                host.fuse_overlayfs.empty() ? "gets a copy of its root" : "has its root from fuse-overlayfs");
}

// Where writes are kept elsewhere anyway, the trial only adds what the kernel says.
void add_untaken(Examination& examination, Finding finding, const plan::Explanation& missing, int error) {
  finding.verdict = Verdict::missing;
  finding.needed = false;
  finding.detail = format("{}{}; {}", error ? errno_text(error) + ": " : "", missing.cause, instead_of(examination.host));
  finding.you_can = missing.you_can;
  examination.add(std::move(finding));
}

void examine_store(Examination& examination) {
  const plan::HostFacts& host = examination.host;
  Finding finding{.name = "data folder", .purpose = "holds what containers write", .needed = true};
  const std::string nearest = nearest_folder(host.store);
  const auto missing = plan::find_missing_storage(host);
  const auto status = sys::find_status(AT_FDCWD, nearest.c_str());
  if (!status || status->st_uid != host.uid.value) {
    if (missing) return add_untaken(examination, std::move(finding), *missing, 0);
    const bool open = ::access(nearest.c_str(), W_OK | X_OK) == 0;
    finding.verdict = open ? Verdict::informs : Verdict::missing;
    finding.detail =
        open ? format("{} was not tried: {} is not yours", quoted(host.store), quoted(nearest))
             : format("{} cannot be made: {} is not yours to write in", quoted(host.store), quoted(nearest));
    finding.you_can = "set XDG_DATA_HOME to a folder of your own on a local disk (ext4, xfs, btrfs)";
    return examination.add(std::move(finding));
  }
  const Outcome outcome = try_below(nearest, find_lower(examination.plan), examination.caller);
  if (!outcome.removed)
    examination.add({.name = "left over",
                     .verdict = Verdict::informs,
                     .detail = format("a folder {}/.snug-doctor.… could not be removed", nearest)});
  if (missing) return add_untaken(examination, std::move(finding), *missing, outcome.error);
  finding.detail = format("{}, on {}", host.store, host.store_type);
  if (!host.replaced_store.empty()) finding.detail += format(", in place of {}, which lies on {}", host.replaced_store, host.replaced_type);
  const plan::Action action =
      outcome.made ? plan::Action(plan::MakeOverlay{.lowers = {{"lower", {}}}, .upper = plan::Layer{"upper", {}}})
                   : plan::Action(plan::MakeFolders{});
  examination.add(std::move(finding), action, outcome.error);
}

}  // namespace

void examine_storage(Examination& examination) {
  const int error = try_in_child(examination.caller, mounting, try_in_memory);
  examination.add(
      {.name = "overlay mount", .purpose = "what is written stays apart from what lies below", .needed = true},
      plan::MakeOverlay{}, error);
  if (!error) examine_store(examination);
}

}  // namespace snug::probe
