#include "snug/probe/processes.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "parse.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::probe {
namespace {

std::string text_of(pid_t pid, const char* file) {
  try {
    return sys::find_file_text(format("/proc/{}/{}", pid, file).c_str()).value_or("");
  } catch (const Error&) {
    return {};  // it has ended while it was read, or its command line is longer than anybody wants to see
  }
}

std::string command_of(pid_t pid, const std::string& name) {
  std::string words = text_of(pid, "cmdline");
  while (!words.empty() && words.back() == '\0') words.pop_back();
  std::replace(words.begin(), words.end(), '\0', ' ');
  return words.empty() ? format("[{}]", name) : words;
}

std::optional<Process> read_process(pid_t pid) {
  const auto status = parse_status(text_of(pid, "status"));
  const auto stat = parse_stat(text_of(pid, "stat"));
  if (!status || !stat) return {};
  const plan::LiveProcess& process = status->process;
  return Process{.pid = pid, .parent = process.parent, .inside = process.numbers.back(), .uid = process.uid, .state = stat->state,
                 .time = stat->time, .start = stat->start, .command = command_of(pid, process.name)};
}

bool lives_in(pid_t pid, std::span<const std::uint64_t> namespaces) {
  for (const char* kind : {"mnt", "pid"}) {
    struct stat status {};
    if (::stat(format("/proc/{}/ns/{}", pid, kind).c_str(), &status) == 0 &&
        std::find(namespaces.begin(), namespaces.end(), status.st_ino) != namespaces.end())
      return true;
  }
  return false;
}

// Adds the children of those that are there, until there are no more.
void add_descendants(std::set<pid_t>& members, const std::map<pid_t, pid_t>& parents) {
  for (bool grown = true; grown;) {
    grown = false;
    for (const auto& [pid, parent] : parents)
      if (members.count(parent) && members.insert(pid).second) grown = true;
  }
}

}  // namespace

std::vector<Process> find_processes(pid_t init, std::span<const std::uint64_t> namespaces) {
  std::map<pid_t, pid_t> parents;
  std::set<pid_t> members{init};
  const sys::Fd proc = sys::open(AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY);
  for (const sys::Entry& entry : sys::list_folder(proc.get())) {
    const auto number = parse_number(entry.name);
    if (!number) continue;
    const auto pid = static_cast<pid_t>(*number);
    if (const auto stat = parse_stat(text_of(pid, "stat"))) parents[pid] = stat->parent;
    if (lives_in(pid, namespaces)) members.insert(pid);
  }
  add_descendants(members, parents);
  return read_processes(std::vector<pid_t>(members.begin(), members.end()));
}

std::vector<Process> read_processes(std::span<const pid_t> pids) {
  std::vector<Process> processes;
  for (const pid_t pid : pids)
    if (auto process = read_process(pid)) processes.push_back(*std::move(process));
  std::stable_sort(processes.begin(), processes.end(), [](const Process& a, const Process& b) { return a.start < b.start; });
  return processes;
}

std::uint64_t memory_of(pid_t pid) {
  for (const std::string_view line : lines(text_of(pid, "smaps_rollup")))
    if (line.starts_with("Pss:"))
      if (const auto amount = parse_number(trimmed(line.substr(4, line.find(" kB") - 4)))) return *amount * 1024;
  const std::vector<std::string> pages = split(text_of(pid, "statm"), ' ');
  const auto resident = pages.size() > 1 ? parse_number(pages[1]) : std::nullopt;
  return resident.value_or(0) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace snug::probe
