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
  const Json json = parse_json(text);
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

std::string boot_id() { return std::string(trimmed(sys::find_file_text("/proc/sys/kernel/random/boot_id").value_or(""))); }

// The 22nd word; the second, the program's name, may hold blanks and parentheses.
std::uint64_t start_of(pid_t pid) {
  const std::string text = sys::find_file_text(format("/proc/{}/stat", pid).c_str()).value_or("");
  const std::size_t name_end = text.rfind(')');
  if (name_end == std::string::npos) return 0;
  const std::vector<std::string> words = split(std::string_view(text).substr(name_end + 1), ' ');
  return words.size() > 20 ? parse_number(words[20]).value_or(0) : 0;
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

ProcessMark mark_process(pid_t pid) { return {pid, start_of(pid)}; }

sys::Fd open_marked(const ProcessMark& mark) {
  if (mark.pid <= 0 || mark.start == 0) return {};
  sys::Fd process = sys::open_process(mark.pid);
  // Asked once it is held: from here on the number cannot become another's. One that nobody reaped yet has ended all the same.
  pollfd end{process.get(), POLLIN, 0};
  return process && start_of(mark.pid) == mark.start && ::poll(&end, 1, 0) == 0 ? std::move(process) : sys::Fd();
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

State read_state(const std::string& store, const std::string& id) { return read_living(store, id).state; }

Living read_living(const std::string& store, const std::string& id) {
  const auto text = sys::find_file_text((folder_of(store, id) + "/state.json").c_str());
  State state;
  try {
    if (text) state = parse(*text);
  } catch (const std::exception&) {
    state = {.phase = State::Phase::running, .boot = boot_id(), .monitor = find_holder(folder_of(store, id))};
  }
  if (state.boot != boot_id()) state.monitor = state.init = {};
  const bool runs = state.phase == State::Phase::running, waits = state.phase == State::Phase::restarting;
  if (!runs && !waits) return {std::move(state), {}};
  if (sys::Fd monitor = open_marked(state.monitor)) return {std::move(state), std::move(monitor)};
  state.phase = State::Phase::exited;
  state.lost = runs;
  if (runs) state.code = 137;
  return {std::move(state), {}};
}

}  // namespace snug::state
