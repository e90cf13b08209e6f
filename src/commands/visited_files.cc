#include "visited_files.hh"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <algorithm>
#include <csignal>
#include <exception>
#include <set>

#include "containers.hh"
#include "entering.hh"
#include "planning.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/config/spec.hh"
#include "snug/sys/file.hh"
#include "stopping.hh"

namespace snug::commands {
namespace {

using Work = std::function<void(const runtime::ErrandPlace&)>;

sys::Fd open_door(const Entrance& entrance, std::string_view kind) {
  for (const plan::EnterNamespaces::Entry& entry : entrance.living.namespaces) {
    if (entry.kind != kind) continue;
    sys::Fd door = sys::try_open(AT_FDCWD, entry.path.c_str(), O_RDONLY);
    const auto status = door ? sys::find_status(door.get(), "") : std::nullopt;
    if (!status || status->st_ino != entry.inode) throw Error(format("the container {} has just ended", quoted(entrance.record.name)));
    return door;
  }
  return {};
}

void visit_living(const std::string& store, const state::Record& record, const Work& work) {
  const sys::Fd held = state::hold_files(store, record);
  const Entrance entrance = open_entrance(store, record);
  need_landlock(entrance.spec);
  const sys::Fd user = open_door(entrance, "user"), mounts = open_door(entrance, "mnt");
  work({.user = user.get(), .mounts = mounts.get(), .refused = wall_error});
}

// The same container, without a command and a terminal.
state::Record made_idle(const state::Record& record) {
  plan::Spec spec = config::parse_spec(*record.spec);
  spec.idle = true;
  spec.terminal = plan::Terminal::never;
  state::Record idle = record;
  idle.spec = config::render_spec(spec);
  return idle;
}

void refuse_lost_writes(const plan::Plan& plan, const state::Record& record) {
  const auto* overlay = plan.find<plan::MakeOverlay>();
  if (overlay && overlay->upper && overlay->upper->mount)
    throw Error(format("what the container {} writes is kept in memory, and gone when it ends", quoted(record.name)), "copy into it while it runs");
}

// Those of what the caller sees without the container.
std::set<dev_t> devices_outside() {
  std::set<dev_t> devices;
  const std::string mounts = sys::find_file_text("/proc/self/mountinfo").value_or("");
  for (const std::string_view line : lines(mounts)) {
    const std::vector<std::string> words = split(line, ' ');
    const std::size_t colon = words.size() > 2 ? words[2].find(':') : std::string::npos;
    if (colon == std::string::npos) continue;
    const auto major = parse_number(words[2].substr(0, colon)), minor = parse_number(words[2].substr(colon + 1));
    if (major && minor) devices.insert(makedev(static_cast<unsigned>(*major), static_cast<unsigned>(*minor)));
  }
  return devices;
}

// Runs inside. The kernel knows where links lead.
bool is_in_memory(std::string path, const std::set<dev_t>& outside) {
  sys::Fd place;
  while (!(place = sys::try_open_in_root(AT_FDCWD, path.c_str(), O_PATH)) && path.size() > 1) path.resize(std::max<std::size_t>(path.rfind('/'), 1));
  struct statfs kind;
  const auto status = place ? sys::find_status(place.get(), "") : std::nullopt;
  return status && !outside.contains(status->st_dev) && ::fstatfs(place.get(), &kind) == 0 && kind.f_type == TMPFS_MAGIC;
}

void refuse_memory(const state::Record& record, const runtime::ErrandPlace& place, const std::string& path) {
  const std::set<dev_t> outside = devices_outside();
  const bool refused = runtime::Errand(place, -1, [&] { return is_in_memory(path, outside) ? "yes" : ""; }).finish() == "yes";
  if (refused)
    throw Error(format("cannot copy to {} of the container {}: it is in memory, new at each start, and the container does not run", quoted(path), quoted(record.name)),
                format("snug start {}, and copy then", shell_quoted(record.name)));
}

int number_of(const runtime::Running& running, std::string_view kind) {
  for (const runtime::KeptNamespace& kept : running.namespaces)
    if (kept.kind == kind) return kept.number;
  return -1;
}

// Its pid 1 has nothing to do but to be there; nothing is written down of it.
void visit_sleeping(const state::Record& record, const Environment& environment, const std::optional<std::string>& written, const Work& work) {
  const Planned planned = plan_again(made_idle(record), environment);
  if (written) refuse_lost_writes(planned.plan, record);
  std::exception_ptr thrown;
  const auto visit = [&](const runtime::Running& running) {
    try {
      const runtime::ErrandPlace place{.user = number_of(running, "user"), .mounts = number_of(running, "mnt"), .refused = wall_error};
      if (written) refuse_memory(record, place, *written);
      work(place);
    } catch (...) {
      thrown = std::current_exception();
    }
    ::kill(running.init, SIGKILL);
  };
  const auto result = runtime::launch(planned.plan, {.folder = planned.storage->path(), .running = visit});
  if (const auto* failure = std::get_if<runtime::StepFailure>(&result)) throw failure_error(planned.plan, planned.facts, *failure);
  if (thrown) std::rethrow_exception(thrown);
}

}  // namespace

void visit_files(const std::string& store, const state::Record& record, const Environment& environment, const std::optional<std::string>& written, const Work& work) {
  goes_on(store, record) ? visit_living(store, record, work) : visit_sleeping(record, environment, written, work);
}

}  // namespace snug::commands
