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
#include "snug/sys/mount.hh"
#include "stopping.hh"

namespace snug::commands {
namespace {

using Work = std::function<void(const Visited&)>;

void visit_living(const std::string& store, const state::Record& record, const Environment& environment, const Work& work) {
  const sys::Fd held = state::hold_files(store, record);
  const Entrance entrance = open_entrance(store, record);
  const Visited visited{entrance.living, probe::living_facts(caller_environment(environment))};
  need_walls(entrance.spec, visited.facts);
  work(visited);
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

// Runs inside. The kernel knows where links lead. "file": a file that is a mount, and so one of snug's own; "" where it is not in memory.
const char* find_memory(std::string path, const std::set<dev_t>& outside) {
  sys::Fd place;
  const std::size_t whole = path.size();
  while (!(place = sys::try_open_in_root(AT_FDCWD, path.c_str(), O_PATH)) && path.size() > 1) path.resize(std::max<std::size_t>(path.rfind('/'), 1));
  struct statfs kind;
  const auto status = place ? sys::find_status(place.get(), "") : std::nullopt;
  const bool found = status && !outside.contains(status->st_dev) && ::fstatfs(place.get(), &kind) == 0 && kind.f_type == TMPFS_MAGIC;
  if (!found || !S_ISREG(status->st_mode)) return found ? "memory" : "";
  return path.size() < whole ? "" : sys::is_mount_root(place.get()) ? "file" : "memory";  // below a file there is nothing: who copies says so
}

void refuse_memory(const state::Record& record, const Visited& visited, const std::string& path) {
  const std::set<dev_t> outside = devices_outside();
  const plan::Plan looking = plan_inside(visited, plan::ErrandWork::read);
  runtime::Errand look(looking, errand_ends(visited), [&](const runtime::Errand::Confine&) { return find_memory(path, outside); });
  const std::string found = look.finish();
  if (found.empty()) return;
  const auto refuse = [&](std::string_view why, std::string hint) { return Error(format("cannot copy to {} of the container {}: {}", quoted(path), quoted(record.name), why), std::move(hint)); };
  if (found == "file") throw refuse("it is a file of snug's own, made anew at each start", "");
  throw refuse("it is in memory, new at each start, and the container does not run", format("snug start {}, and copy then", shell_quoted(record.name)));
}

// By the doors that this process keeps, which is its monitor.
plan::Living living_of(const runtime::Running& running) {
  plan::Living living;
  for (const runtime::KeptNamespace& kept : running.namespaces) {
    const auto status = sys::find_status(kept.number, "");
    if (kept.kind != plan::KeepNamespaces::root) living.namespaces.push_back({kept.kind, format("/proc/self/fd/{}", kept.number), status ? status->st_ino : 0});
  }
  probe::read_id_maps(living, running.init);
  return living;
}

// Its pid 1 has nothing to do but to be there; nothing is written down of it.
void visit_sleeping(const state::Record& record, const Environment& environment, const std::optional<std::string>& written, const Work& work) {
  const Planned planned = plan_again(made_idle(record), environment);
  if (written) refuse_lost_writes(planned.plan, record);
  std::exception_ptr thrown;
  const auto visit = [&](const runtime::Running& running) {
    try {
      const Visited visited{living_of(running), planned.facts};
      if (written) refuse_memory(record, visited, *written);
      work(visited);
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

plan::Plan plan_inside(const Visited& visited, plan::ErrandWork work) { return plan::make_errand_plan(work, visited.facts, &visited.living); }
plan::Plan plan_outside(const Visited& visited, plan::ErrandWork work) { return plan::make_errand_plan(work, visited.facts, nullptr); }

runtime::ErrandEnds errand_ends(const Visited& visited, int stream) {
  return {.stream = stream, .failed = [&visited](const plan::Plan& plan, const runtime::StepFailure& failure) { return failure_error(plan, visited.facts, failure); }};
}

void visit_files(const std::string& store, const state::Record& record, const Environment& environment, const std::optional<std::string>& written, const Work& work) {
  goes_on(store, record) ? visit_living(store, record, environment, work) : visit_sleeping(record, environment, written, work);
}

}  // namespace snug::commands
