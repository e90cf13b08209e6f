#include "snug/probe/machine.hh"

#include <fcntl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <set>

#include "halves.hh"
#include "parse.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::probe {
namespace {

constexpr std::size_t longest_file = 1 << 20;  // 65536 groups stand in front of what else is asked of a status

// "user:[4026531837]" -> 4026531837
std::uint64_t parse_link(std::string_view text) {
  const std::size_t open = text.find('[');
  if (open == std::string_view::npos || !text.ends_with(']')) return 0;
  return parse_number(text.substr(open + 1, text.size() - open - 2)).value_or(0);
}

// Where one is closed to the caller all are: one question is asked of other users' processes.
plan::WallInodes read_walls(int process) {
  plan::WallInodes walls{};
  const sys::Fd links = sys::try_open(process, "ns", O_PATH | O_DIRECTORY);
  for (std::size_t at = 0; links && at < walls.size(); ++at) {
    std::array<char, 64> text{};
    const ssize_t size = ::readlinkat(links.get(), plan::wall_links[at], text.data(), text.size());
    if (size < 0 && at == 0) break;
    if (size > 0) walls[at] = parse_link({text.data(), static_cast<std::size_t>(size)});
  }
  return walls;
}

// Empty where it has ended meanwhile, or is longer than anybody wants to see: the files of /proc are cut, not refused. They fill what
// is there to be filled, so that what is not full was the last of it.
std::string read_text(int process, const char* name) {
  const sys::Fd file = sys::try_open(process, name, O_RDONLY);
  std::array<char, 4096> part;
  std::string text;
  for (ssize_t size = part.size(); file && text.size() < longest_file && size == static_cast<ssize_t>(part.size());) {
    size = ::read(file.get(), part.data(), part.size());
    if (size > 0) text.append(part.data(), static_cast<std::size_t>(size));
  }
  return text;
}

sys::Fd open_process_folder(int proc, pid_t pid) { return sys::try_open(proc, format("{}", pid).c_str(), O_PATH | O_DIRECTORY); }

void read_words_in(int folder, plan::LiveProcess& process) {
  std::string words = read_text(folder, "cmdline");
  while (!words.empty() && words.back() == '\0') words.pop_back();
  if (!words.empty()) process.words = split(words, '\0');
  process.cgroup = parse_cgroup(read_text(folder, "cgroup"));
  if (const auto stat = parse_stat(read_text(folder, "stat"))) process.time = stat->time;
}

/// Some of the machine's processes.
struct Part {
  std::vector<plan::LiveProcess> processes;
  unsigned kernel_threads = 0;
};

void read_one(Part& part, int proc, const std::string& name) {
  const sys::Fd folder = sys::try_open(proc, name.c_str(), O_PATH | O_DIRECTORY);
  if (!folder) return;
  auto status = parse_status(read_text(folder.get(), "status"));
  if (!status) return;
  if (status->kernel) return static_cast<void>(++part.kernel_threads);
  plan::LiveProcess& process = part.processes.emplace_back(std::move(status->process));
  process.walls = read_walls(folder.get());
}

// Most of the time is the kernel's, for each process by itself: half of them are read in a thread of its own, where one can be had.
void read_all(plan::Machine& machine, int proc, const std::vector<std::string>& names) {
  constexpr std::size_t few = 200;
  std::array<Part, 2> parts;
  in_halves(names.size() > few, [&](std::size_t half) {
    for (std::size_t at = half; at < names.size(); at += parts.size()) read_one(parts[half], proc, names[at]);
  });
  for (Part& part : parts) {
    std::move(part.processes.begin(), part.processes.end(), std::back_inserter(machine.processes));
    machine.kernel_threads += part.kernel_threads;
  }
}

// The processes of which more is to be known, and their parents.
std::set<pid_t> find_interesting(const plan::Machine& machine, std::span<const std::string_view> wanted) {
  std::set<pid_t> found;
  for (const plan::LiveProcess& each : machine.processes) {
    const bool readable = each.walls[plan::user_wall] != 0;
    const bool walled = readable ? each.walls != machine.here : each.numbers.size() > 1;
    if (walled) found.insert({each.pid, each.parent});
    else if (std::find(wanted.begin(), wanted.end(), each.name) != wanted.end()) found.insert(each.pid);
  }
  return found;
}

}  // namespace

plan::Machine read_machine(std::span<const std::string_view> wanted) {
  plan::Machine machine;
  const sys::Fd proc = sys::open(AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY);
  utsname name{};
  if (::uname(&name) == 0) machine.kernel = format("{} {}", name.sysname, name.release), machine.host = name.nodename;
  machine.processors = static_cast<unsigned>(std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN)));
  machine.ticks = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  machine.reader = ::getpid();
  machine.uid = ::geteuid();
  std::vector<std::string> names;
  for (const sys::Entry& entry : sys::list_folder(proc.get()))
    if (parse_number(entry.name)) names.push_back(entry.name);
  read_all(machine, proc.get(), names);
  const sys::Fd self = sys::open(proc.get(), "self", O_PATH | O_DIRECTORY);
  machine.here = read_walls(self.get());
  std::sort(machine.processes.begin(), machine.processes.end(), [](const auto& a, const auto& b) { return a.pid < b.pid; });
  const std::set<pid_t> interesting = find_interesting(machine, wanted);
  std::vector<plan::LiveProcess*> chosen;
  for (plan::LiveProcess& each : machine.processes)
    if (interesting.count(each.pid)) chosen.push_back(&each);
  constexpr std::size_t few = 50;
  in_halves(chosen.size() > few, [&](std::size_t half) {
    for (std::size_t at = half; at < chosen.size(); at += 2)
      if (const sys::Fd folder = open_process_folder(proc.get(), chosen[at]->pid)) read_words_in(folder.get(), *chosen[at]);
  });
  return machine;
}

void read_words(plan::LiveProcess& process) {
  const sys::Fd folder = sys::try_open(AT_FDCWD, format("/proc/{}", process.pid).c_str(), O_PATH | O_DIRECTORY);
  if (folder) read_words_in(folder.get(), process);
}

}  // namespace snug::probe
