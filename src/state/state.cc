#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>

#include "snug/base/error.hh"
#include "snug/base/json.hh"
#include "snug/base/text.hh"
#include "snug/state/record.hh"
#include "snug/sys/file.hh"
#include "snug/sys/process.hh"

namespace snug::state {
namespace {

constexpr unsigned version = 1;
constexpr std::array<std::string_view, 4> phases{"created", "running", "exited", "restarting"};

Json render_mark(const ProcessMark& mark) { return Json{{"pid", mark.pid}, {"start", mark.start}}; }

ProcessMark parse_mark(const Json& json) { return {.pid = json.at("pid"), .start = json.at("start")}; }

Json render_namespaces(const std::vector<HeldNamespace>& namespaces) {
  Json list = Json::array();
  for (const HeldNamespace& each : namespaces) list.push_back(Json{{"kind", each.kind}, {"number", each.number}, {"inode", each.inode}});
  return list;
}

std::string render(const State& state) {
  return Json{{"version", version}, {"phase", phases[static_cast<std::size_t>(state.phase)]}, {"boot", state.boot},
              {"monitor", render_mark(state.monitor)}, {"init", render_mark(state.init)}, {"namespaces", render_namespaces(state.namespaces)},
              {"started", state.started}, {"finished", state.finished}, {"code", state.code}, {"outOfMemory", state.out_of_memory}, {"restarts", state.restarts},
              {"cgroup", state.cgroup}, {"error", state.error}}
      .dump();
}

State parse(std::string_view text) {
  const Json json = Json::parse(text);  // nobody else wrote it
  State state{.boot = json.at("boot"), .monitor = parse_mark(json.at("monitor")), .init = parse_mark(json.at("init")),
              .started = json.at("started"), .finished = json.at("finished"), .code = json.at("code"), .out_of_memory = json.value("outOfMemory", std::uint64_t{0}),
              .restarts = json.at("restarts"), .cgroup = json.value("cgroup", ""), .error = json.at("error")};
  const std::string phase = json.at("phase");
  for (std::size_t at = 0; at < phases.size(); ++at)
    if (phase == phases[at]) state.phase = static_cast<State::Phase>(at);
  for (const Json& each : json.at("namespaces"))
    state.namespaces.push_back({.kind = each.at("kind"), .number = each.at("number"), .inode = each.at("inode")});
  return state;
}

// Read once: no process outlives it.
const std::string& boot_id() {
  static const std::string id(trimmed(sys::find_file_text("/proc/sys/kernel/random/boot_id").value_or("")));
  return id;
}

/// What /proc/PID/stat says of a process; nothing where there is none.
struct Standing {
  std::uint64_t start = 0;
  bool ended = false;  ///< nobody has reaped it yet
};

// The 22nd word and the third; the second, the program's name, may hold blanks and parentheses.
Standing standing_of(pid_t pid) {
  const std::string text = sys::find_file_text(format("/proc/{}/stat", pid).c_str()).value_or("");
  const std::size_t name_end = text.rfind(") ");
  if (name_end == std::string::npos) return {};
  std::string_view rest = std::string_view(text).substr(name_end + 2);
  const bool ended = rest.starts_with('Z') || rest.starts_with('X');
  for (int word = 3; word < 22; ++word) rest.remove_prefix(rest.find(' ') + 1);
  return {.start = parse_number(rest.substr(0, rest.find(' '))).value_or(0), .ended = ended};
}

// Whether the descriptor, an entry of /proc/PID/fd, is one of that folder with a lock on it.
bool is_lock_of(const sys::Fd& process, const std::string& number, const struct stat& folder) {
  struct stat status;
  if (::fstatat(process.get(), ("fd/" + number).c_str(), &status, 0) != 0 || status.st_dev != folder.st_dev || status.st_ino != folder.st_ino) return false;
  const sys::Fd info = sys::try_open(process.get(), ("fdinfo/" + number).c_str(), O_RDONLY);
  return info && sys::read_all(info.get()).find("\nlock:") != std::string::npos;
}

// Who holds the container's folder is its monitor, whatever its state says. A look at each process of the machine: only where that
// cannot be read.
ProcessMark find_holder(const std::string& path) {
  const auto folder = sys::find_status(AT_FDCWD, path.c_str());
  const sys::Fd processes = sys::open(AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY);
  for (const sys::Entry& entry : sys::list_folder(processes.get())) {
    const auto pid = parse_number(entry.name);
    const sys::Fd process = pid ? sys::try_open(processes.get(), entry.name.c_str(), O_PATH | O_DIRECTORY) : sys::Fd();
    const sys::Fd descriptors = process ? sys::try_open(process.get(), "fd", O_RDONLY | O_DIRECTORY) : sys::Fd();
    if (!folder || !descriptors) continue;
    try {
      for (const sys::Entry& each : sys::list_folder(descriptors.get()))
        if (is_lock_of(process, each.name, *folder)) return mark_process(static_cast<pid_t>(*pid));
    } catch (const Error&) {  // it has just ended
    }
  }
  return {};
}

}  // namespace

ProcessMark mark_process(pid_t pid) { return {pid, standing_of(pid).start}; }

bool is_alive(const ProcessMark& mark) {
  if (mark.pid <= 0 || mark.start == 0) return false;
  const Standing standing = standing_of(mark.pid);
  return standing.start == mark.start && !standing.ended;
}

sys::Fd open_marked(const ProcessMark& mark) {
  if (mark.pid <= 0 || mark.start == 0) return {};
  sys::Fd process = sys::open_process(mark.pid);
  // Asked once it is held: from here on the number cannot become another's. One that nobody reaped yet has ended all the same.
  pollfd end{process.get(), POLLIN, 0};
  return process && standing_of(mark.pid).start == mark.start && ::poll(&end, 1, 0) == 0 ? std::move(process) : sys::Fd();
}

void write_state(const std::string& store, const std::string& id, const State& state) {
  const sys::Fd folder = sys::open(AT_FDCWD, folder_of(store, id), O_RDONLY | O_DIRECTORY);
  State written = state;
  written.boot = boot_id();
  // No fsync: after a power cut nothing runs any more, whatever is written here.
  const sys::Fd file = sys::open(folder.get(), "state.new", O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0600);
  if (const int error = sys::write_all(file.get(), render(written))) throw system_error("write the container's state", error);
  if (::renameat(folder.get(), "state.new", folder.get(), "state.json") != 0) throw system_error("write the container's state", errno);
}

std::string cgroup_in(const std::string& path) {
  try {
    const auto text = sys::find_file_text((path + "/state.json").c_str());
    return text ? parse(*text).cgroup : std::string();
  } catch (const std::exception&) {
    return {};
  }
}

namespace {

// As it is written down, but for marks of an earlier boot.
State load_state(const std::string& store, const std::string& id) {
  const auto text = sys::find_file_text((folder_of(store, id) + "/state.json").c_str());
  State state;
  try {
    if (text) state = parse(*text);
  } catch (const std::exception&) {
    state = {.phase = State::Phase::running, .boot = boot_id(), .monitor = find_holder(folder_of(store, id))};
  }
  if (state.boot != boot_id()) state.monitor = state.init = {};
  return state;
}

bool is_said_to_live(const State& state) { return state.phase == State::Phase::running || state.phase == State::Phase::restarting; }

// It does not, whatever is written down.
void lose(State& state) {
  state.lost = state.phase == State::Phase::running;
  if (state.lost) state.code = 137;
  state.phase = State::Phase::exited;
}

}  // namespace

State read_state(const std::string& store, const std::string& id) {
  State state = load_state(store, id);
  if (is_said_to_live(state) && !is_alive(state.monitor)) lose(state);
  return state;
}

Living read_living(const std::string& store, const std::string& id) {
  State state = load_state(store, id);
  if (!is_said_to_live(state)) return {std::move(state), {}};
  sys::Fd monitor = open_marked(state.monitor);
  if (!monitor) lose(state);
  return {std::move(state), std::move(monitor)};
}

}  // namespace snug::state
