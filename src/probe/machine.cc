#include "snug/probe/machine.hh"

#include <fcntl.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "halves.hh"
#include "parse.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "snug/sys/memory.hh"

namespace snug::probe {
namespace {

constexpr std::size_t longest_file = 1 << 20;  // 65536 groups stand in front of what else is asked of a status

// "user:[4026531837]" -> 4026531837
std::uint64_t parse_link(std::string_view text) {
  const std::size_t open = text.find('[');
  if (open == std::string_view::npos || !text.ends_with(']')) return 0;
  return parse_number(text.substr(open + 1, text.size() - open - 2)).value_or(0);
}

// Paths from /proc on: a folder that is opened first costs more than it saves. Where one of the links is closed to the caller all are: one
// question is asked of other users' processes. `here` is the caller's own process namespace, in which who has one number lives; 0: not known.
plan::WallInodes read_walls(int proc, const std::string& name, std::uint64_t here = 0) {
  plan::WallInodes walls{};
  std::string path = name + "/ns/";
  const std::size_t folder = path.size();
  for (std::size_t at = 0; at < walls.size(); ++at) {
    if (at == plan::pid_wall && here) {
      walls[at] = here;
      continue;
    }
    std::array<char, 64> text{};
    path.replace(folder, std::string::npos, plan::wall_links[at]);
    const ssize_t size = ::readlinkat(proc, path.c_str(), text.data(), text.size());
    if (size < 0 && at == 0) break;
    if (size > 0) walls[at] = parse_link({text.data(), static_cast<std::size_t>(size)});
  }
  return walls;
}

// Empty where it has ended meanwhile, or is longer than anybody wants to see: the files of /proc are cut, not refused. They fill what
// is there to be filled, so that what is not full was the last of it; but for a table, which comes in whole lines.
std::string read_text(int proc, const std::string& path, bool table = false) {
  const sys::Fd file = sys::try_open(proc, path.c_str(), O_RDONLY);
  std::array<char, 4096> part;
  std::string text;
  for (ssize_t size = part.size(); file && text.size() < longest_file && (table ? size > 0 : size == static_cast<ssize_t>(part.size()));) {
    size = ::read(file.get(), part.data(), part.size());
    if (size > 0) text.append(part.data(), static_cast<std::size_t>(size));
  }
  return text;
}

constexpr std::size_t few = 50;            // are not worth a thread
constexpr std::size_t a_process = 1 << 10;  // in bytes, with its part of what is made of it

/// What is to be read of a process besides.
struct Wish {
  plan::LiveProcess* process = nullptr;
  bool cgroup = false, time = false;
};

void fulfil(int proc, const Wish& wish) {
  const std::string name = format("{}", wish.process->pid);
  std::string words = read_text(proc, name + "/cmdline");
  while (!words.empty() && words.back() == '\0') words.pop_back();
  if (!words.empty()) wish.process->words = split(words, '\0');
  if (wish.cgroup) wish.process->cgroup = parse_cgroup(read_text(proc, name + "/cgroup"));
  if (!wish.time) return;
  if (const auto stat = parse_stat(read_text(proc, name + "/stat"))) wish.process->time = stat->time;
}

// Without a number where it has ended, or is a thread of the kernel's: gives whether it is that.
bool read_one(plan::LiveProcess& process, int proc, const std::string& name, std::uint64_t here) {
  auto status = parse_status(read_text(proc, name + "/status"));
  if (!status || status->kernel) return status.has_value();
  process = std::move(status->process);
  process.walls = read_walls(proc, name, process.numbers.size() == 1 ? here : 0);
  return false;
}

// That of the caller, where /proc shows it and none around it.
std::uint64_t find_own_numbers(const plan::Machine& machine, int proc) {
  const auto self = parse_status(read_text(proc, "self/status"));
  return self && self->process.numbers.size() == 1 && self->process.pid == machine.reader ? machine.here[plan::pid_wall] : 0;
}

// Most of the time is the kernel's, for each process by itself: half of them are read in a thread of its own, where one can be had.
void read_all(plan::Machine& machine, int proc, const std::vector<std::string>& names) {
  std::array<std::size_t, 2> kernel_threads{};
  std::vector<plan::LiveProcess>& all = machine.processes;
  all.resize(names.size());
  const std::uint64_t here = find_own_numbers(machine, proc);
  in_halves(names.size() > few, [&](std::size_t half) {
    for (std::size_t at = half; at < names.size(); at += 2) kernel_threads[half] += read_one(all[at], proc, names[at], here);
  });
  machine.kernel_threads = kernel_threads[0] + kernel_threads[1];
  std::erase_if(all, [](const plan::LiveProcess& each) { return each.pid == 0; });
  const auto by_number = [](const plan::LiveProcess& one, const plan::LiveProcess& other) { return one.pid < other.pid; };
  if (!std::is_sorted(all.begin(), all.end(), by_number)) std::sort(all.begin(), all.end(), by_number);  // they are large
}

plan::LiveProcess* find_process(plan::Machine& machine, pid_t pid) {
  const auto found = std::lower_bound(machine.processes.begin(), machine.processes.end(), pid, [](const plan::LiveProcess& each, pid_t wanted) { return each.pid < wanted; });
  return found == machine.processes.end() || found->pid != pid ? nullptr : &*found;
}

// The command lines of the first behind the same walls, and of their parents, and of `wanted`. A cgroup tells what a container is called, and of those
// that were started in one the first tells it. The processor time is told of helpers, and of who is pid 1 inside.
std::vector<Wish> make_wishes(plan::Machine& machine, std::span<const std::string_view> wanted) {
  std::map<pid_t, Wish> wishes;
  std::set<plan::WallInodes> known;
  const auto wish = [&](plan::LiveProcess& process) -> Wish& {
    Wish& made = wishes[process.pid];
    made.process = &process;
    return made;
  };
  for (plan::LiveProcess& each : machine.processes) {
    const bool readable = is_readable(each);
    if (std::find(wanted.begin(), wanted.end(), each.name) != wanted.end() || each.pid == machine.reader) wish(each).time = true;
    if (has_ended(each) || (readable ? each.walls == machine.here : each.numbers.size() < 2)) continue;
    plan::LiveProcess* const parent = find_process(machine, each.parent);
    const bool is_init = each.numbers.size() > 1 && each.numbers.back() == 1;
    const bool is_first = !readable || ((!parent || parent->walls != each.walls) && known.insert(each.walls).second);
    if (!is_first && !is_init) continue;  // read_words
    Wish& own = wish(each);
    own.cgroup = true;
    own.time |= is_init;
    if (parent) wish(*parent);
  }
  std::vector<Wish> all;
  for (const auto& [pid, each] : wishes) all.push_back(each);
  return all;
}

// Engines mount network namespaces under names, in a mount namespace of their own: whoever of them lives there has the table in which the name is.
std::uint64_t find_network(const plan::Machine& machine, int proc, const plan::LiveProcess& helper, const std::string& path) {
  std::set<std::uint64_t> seen;
  for (const plan::LiveProcess& each : machine.processes) {
    const std::uint64_t mounts = each.walls[plan::mount_wall];
    if (each.walls[plan::user_wall] != helper.walls[plan::user_wall] || mounts == 0 || each.numbers.size() > 1 || !seen.insert(mounts).second) continue;
    for (const SeenMount& mount : parse_seen_mounts(read_text(proc, format("{}/mountinfo", each.pid), true)))
      if (mount.type == "nsfs" && mount.target == path) return parse_link(mount.root);
  }
  return 0;
}

void find_networks(plan::Machine& machine, int proc, std::span<const std::string_view> wanted) {
  for (plan::LiveProcess& each : machine.processes)
    if (each.walls[plan::user_wall] != 0 && std::find(wanted.begin(), wanted.end(), each.name) != wanted.end())
      for (const std::string& word : each.words)
        if (const std::size_t slash = word.find('/'); word.find("/netns/") != std::string::npos && each.network == 0) each.network = find_network(machine, proc, each, word.substr(slash));
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
  machine.here = read_walls(proc.get(), "self");
  if (names.size() > few) sys::bring_heap(names.size() * a_process);
  read_all(machine, proc.get(), names);
  const std::vector<Wish> wishes = make_wishes(machine, wanted);
  in_halves(wishes.size() > few, [&](std::size_t half) {
    for (std::size_t at = half; at < wishes.size(); at += 2) fulfil(proc.get(), wishes[at]);
  });
  find_networks(machine, proc.get(), wanted);
  return machine;
}

bool is_kernel_thread(pid_t pid) {
  const auto status = parse_status(read_text(AT_FDCWD, format("/proc/{}/status", pid)));
  return status && status->kernel;
}

void read_whole(plan::LiveProcess& process) {
  if (const sys::Fd proc = sys::try_open(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY)) fulfil(proc.get(), {&process, true, true});
}

void read_words(std::span<plan::LiveProcess* const> processes) {
  const sys::Fd proc = sys::try_open(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY);
  if (!proc) return;
  in_halves(processes.size() > few, [&](std::size_t half) {
    for (std::size_t at = half; at < processes.size(); at += 2) fulfil(proc.get(), {processes[at]});
  });
}

}  // namespace snug::probe
