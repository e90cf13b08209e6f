#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>

#include "snug/base/error.hh"
#include "snug/base/json.hh"
#include "snug/base/text.hh"
#include "snug/state/exit.hh"
#include "snug/state/holder.hh"
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

Json render_confinement(const std::optional<Confinement>& confinement) {
  if (!confinement) return Json();
  Json limits = Json::array();
  for (const Confinement::Limit& each : confinement->limits) limits.push_back(Json{{"name", each.name}, {"soft", each.soft}, {"hard", each.hard}});
  return Json{{"filter", confinement->filter}, {"emulation", confinement->emulation}, {"capabilities", confinement->capabilities}, {"limits", std::move(limits)}};
}

std::optional<Confinement> parse_confinement(const Json& json) {
  if (!json.is_object()) return {};
  Confinement confinement{.filter = json.at("filter"), .emulation = json.at("emulation"), .capabilities = json.at("capabilities"), .limits = {}};
  for (const Json& each : json.at("limits")) confinement.limits.push_back({.name = each.at("name"), .soft = each.at("soft"), .hard = each.at("hard")});
  return confinement;
}

std::string render(const State& state) {
  return Json{{"version", version}, {"phase", phases[static_cast<std::size_t>(state.phase)]}, {"boot", state.boot},
              {"monitor", render_mark(state.monitor)}, {"init", render_mark(state.init)}, {"namespaces", render_namespaces(state.namespaces)},
              {"started", state.started}, {"finished", state.finished}, {"code", state.code}, {"outOfMemory", state.out_of_memory}, {"restarts", state.restarts},
              {"cgroup", state.cgroup}, {"error", state.error}, {"hostname", state.hostname}, {"landlock", state.landlock}, {"confinement", render_confinement(state.confinement)}}
      .dump();
}

State parse(std::string_view text) {
  const Json json = Json::parse(text);  // nobody else wrote it
  State state{.boot = json.at("boot"), .monitor = parse_mark(json.at("monitor")), .init = parse_mark(json.at("init")),
              .started = json.at("started"), .finished = json.at("finished"), .code = json.at("code"), .out_of_memory = json.value("outOfMemory", std::uint64_t{0}),
              .restarts = json.at("restarts"), .cgroup = json.value("cgroup", ""), .error = json.at("error"),
              .hostname = json.value("hostname", ""), .landlock = json.value("landlock", 0U), .confinement = parse_confinement(json.value("confinement", Json()))};
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
  bool ended = false;    ///< nobody has reaped it yet
  bool stopped = false;  ///< by a signal
};

// The 22nd word and the third; the second, the program's name, may hold blanks and parentheses.
Standing standing_of(pid_t pid) {
  const std::string text = sys::find_file_text(format("/proc/{}/stat", pid).c_str()).value_or("");
  const std::size_t name_end = text.rfind(") ");
  if (name_end == std::string::npos) return {};
  std::string_view rest = std::string_view(text).substr(name_end + 2);
  const bool ended = rest.starts_with('Z') || rest.starts_with('X'), stopped = rest.starts_with('T');
  for (int word = 3; word < 22; ++word) rest.remove_prefix(rest.find(' ') + 1);
  return {.start = parse_number(rest.substr(0, rest.find(' '))).value_or(0), .ended = ended, .stopped = stopped};
}

}  // namespace

ProcessMark mark_process(pid_t pid) { return {pid, standing_of(pid).start}; }

bool is_alive(const ProcessMark& mark) {
  if (mark.pid <= 0 || mark.start == 0) return false;
  const Standing standing = standing_of(mark.pid);
  return standing.start == mark.start && !standing.ended;
}

void wake(const ProcessMark& mark) {
  if (const sys::Fd process = standing_of(mark.pid).stopped ? open_marked(mark) : sys::Fd()) static_cast<void>(sys::send_signal(process.get(), SIGCONT));
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

bool is_said_to_live(const State& state) { return state.phase == State::Phase::running || state.phase == State::Phase::restarting; }

// What is written down may be wrong, or gone; who holds the folder and has a pid 1 is the monitor all the same. Whether there is one.
bool look_for_living(State& state, const std::string& path) {
  if (!is_alive(state.monitor)) {
    const ProcessMark holder = is_held(path) ? find_holder(path) : ProcessMark();
    // Who came after that start copies, or is about to start it: no monitor of this run.
    if (holder.pid && state.started != 0 && start_time(holder) > state.started + 1) return false;
    const ProcessMark init = find_init(holder.pid);
    if (!init.pid) return false;
    state = {.phase = State::Phase::running, .monitor = holder, .init = init, .started = start_time(init), .cgroup = state.cgroup};
  } else if (state.phase == State::Phase::running && !is_alive(state.init)) {
    const ProcessMark init = find_init(state.monitor.pid);
    state.ending = !is_alive(init);  // one that nobody has reaped yet is found as well
    if (!state.ending) state.init = init;
  }
  return true;
}

struct Loaded {
  State state;
  bool lives = false;  ///< its monitor
};

// As it is written down, but for marks of an earlier boot; where that cannot be so, as it is.
Loaded load_state(const std::string& store, const std::string& id) {
  const std::string path = folder_of(store, id);
  const auto text = sys::find_file_text((path + "/state.json").c_str());
  Loaded loaded;
  State& state = loaded.state;
  bool damaged = false;
  try {
    if (text) state = parse(*text);
  } catch (const std::exception&) {
    damaged = true;
  }
  if (state.boot != boot_id()) state.monitor = state.init = {};
  // Others hold it for a time who make, start or copy: of one that never ran, or has ended, there is nothing to find.
  if (is_said_to_live(state) || damaged || (!text && open_exit(path))) loaded.lives = look_for_living(state, path);
  if (const auto exit = !text && state.phase == State::Phase::created ? read_exit(open_exit(path)) : std::nullopt)
    state.phase = State::Phase::exited, state.code = exit->code, state.finished = exit->finished;
  if (damaged && state.phase == State::Phase::created) {
    state.phase = State::Phase::running;
    state.monitor = find_holder(path);
    state.started = start_time(state.monitor);
    loaded.lives = is_alive(state.monitor);
  }
  return loaded;
}

// It does not, whatever is written down. Where the disk was full the code of its end had room all the same.
void lose(State& state, const std::string& path) {
  const bool ran = state.phase == State::Phase::running;
  state.phase = State::Phase::exited;
  const auto exit = ran ? read_exit(open_exit(path)) : std::nullopt;
  state.lost = ran && !exit;
  if (exit) state.code = exit->code, state.finished = exit->finished;
  if (exit && !exit->known) state.error = unwritten_end;
  if (state.lost) state.code = 137;
}

}  // namespace

State read_state(const std::string& store, const std::string& id) {
  auto [state, lives] = load_state(store, id);
  if (is_said_to_live(state) && !lives) lose(state, folder_of(store, id));
  return state;
}

Living read_living(const std::string& store, const std::string& id) {
  State state = load_state(store, id).state;
  if (!is_said_to_live(state)) return {std::move(state), {}};
  sys::Fd monitor = open_marked(state.monitor);
  if (!monitor) lose(state, folder_of(store, id));
  return {std::move(state), std::move(monitor)};
}

}  // namespace snug::state
