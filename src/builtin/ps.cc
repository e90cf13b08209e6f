#include <dirent.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <ctime>
#include <functional>
#include <map>
#include <memory>

#include "files.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "system.hh"

namespace snug::builtin {
namespace {

struct Process {
  std::uint64_t pid = 0, parent = 0, ticks = 0, pages = 0;
  uid_t uid = 0;
  std::uint64_t start = 0, group = 0, session = 0, terminal = 0;
  std::string state, name, words;
};

// "PID (NAME) STATE PPID …": the name may hold blanks and brackets itself.
bool parse_stat(std::string_view text, Process& process) {
  const std::size_t open = text.find('('), close = text.rfind(')');
  if (open == std::string_view::npos || close == std::string_view::npos || close + 2 > text.size()) return false;
  process.name = text.substr(open + 1, close - open - 1);
  const std::vector<std::string> fields = split(trimmed(text.substr(close + 2)), ' ');
  constexpr std::size_t parent = 1, group = 2, session = 3, terminal = 4, user_time = 11, system_time = 12, start = 19, pages = 21;
  if (fields.size() <= pages) return false;
  process.state = fields[0];
  process.parent = parse_number(fields[parent]).value_or(0);
  process.ticks = parse_number(fields[user_time]).value_or(0) + parse_number(fields[system_time]).value_or(0);
  process.pages = parse_number(fields[pages]).value_or(0);
  process.group = parse_number(fields[group]).value_or(0);
  process.session = parse_number(fields[session]).value_or(0);
  process.terminal = parse_number(fields[terminal]).value_or(0);
  process.start = parse_number(fields[start]).value_or(0);
  return true;
}

std::vector<Process> read_processes() {
  const std::unique_ptr<DIR, int (*)(DIR*)> proc(::opendir("/proc"), ::closedir);
  std::vector<Process> all;
  if (!proc || !sys::find_status(::dirfd(proc.get()), "self")) throw Failure("/proc is not mounted here, and nothing else tells of processes");
  while (const dirent* entry = ::readdir(proc.get())) {
    const auto pid = parse_number(entry->d_name);
    if (!pid) continue;
    Process process{.pid = *pid, .state = {}, .name = {}, .words = {}};
    const std::string folder = format("/proc/{}", *pid);
    const auto text = sys::find_file_text((folder + "/stat").c_str());
    const auto status = find_stat(folder, true);
    if (!text || !status || !parse_stat(*text, process)) continue;  // has just ended
    process.uid = status->st_uid;
    process.words = sys::find_file_text((folder + "/cmdline").c_str()).value_or("");
    while (process.words.ends_with('\0')) process.words.pop_back();
    std::replace(process.words.begin(), process.words.end(), '\0', ' ');
    if (process.words.empty()) process.words = format("[{}]", process.name);
    all.push_back(std::move(process));
  }
  std::sort(all.begin(), all.end(), [](const Process& a, const Process& b) { return a.pid < b.pid; });
  return all;
}

std::string time_of(std::uint64_t ticks) {
  const std::uint64_t seconds = ticks / static_cast<std::uint64_t>(std::max(1L, ::sysconf(_SC_CLK_TCK)));
  return format("{}:{:02}", seconds / 60, seconds % 60);
}

// A pseudo-terminal by its number, and others by those of the device.
std::string terminal_of(std::uint64_t device) {
  if (device == 0) return "?";
  const unsigned major = ::major(device), minor = ::minor(device);
  constexpr unsigned first_pts = 136, last_pts = 143;
  return major >= first_pts && major <= last_pts ? format("pts/{}", (major - first_pts) * 256 + minor) : format("{}:{}", major, minor);
}

std::string start_of(std::uint64_t ticks) {
  timespec now{}, up{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  ::clock_gettime(CLOCK_BOOTTIME, &up);
  return time_text(now.tv_sec - up.tv_sec + static_cast<std::int64_t>(ticks / static_cast<std::uint64_t>(std::max(1L, ::sysconf(_SC_CLK_TCK)))));
}

std::string field(const std::string& name, const Process& process, const Accounts& accounts) {
  if (name == "pid") return format("{}", process.pid);
  if (name == "ppid") return format("{}", process.parent);
  if (name == "user") return accounts.user(process.uid);
  if (name == "uid") return format("{}", process.uid);
  if (name == "stat" || name == "s") return process.state;
  if (name == "rss") return format("{}", process.pages * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)) / 1024);
  if (name == "time") return time_of(process.ticks);
  if (name == "comm") return process.name;
  if (name == "args" || name == "cmd" || name == "command") return process.words;
  if (name == "pgid") return format("{}", process.group);
  if (name == "sid") return format("{}", process.session);
  if (name == "tty" || name == "tt") return terminal_of(process.terminal);
  if (name == "start" || name == "lstart") return start_of(process.start);
  throw Failure(format("{} is no field: pid ppid pgid sid user uid stat rss time start tty comm args", quoted(name)), 2);
}

std::string heading(std::string name) {
  for (char& each : name) each = static_cast<char>(each >= 'a' && each <= 'z' ? each - 32 : each);
  return name == "ARGS" || name == "CMD" ? "COMMAND" : name;
}

// Of -p, -C and -u one has to fit.
bool is_wanted(const Process& process, const Options& options, const Accounts& accounts, bool all) {
  if (all || !options.last_of("pCu")) return true;
  const auto fits = [&](char letter, const auto& is_it) {
    if (!options.has(letter)) return false;
    for (const std::string& list : options.all(letter))
      for (const std::string& each : split(list, ','))
        if (is_it(each)) return true;
    return false;
  };
  return fits('p', [&](const std::string& each) { return process.pid == static_cast<std::uint64_t>(number_of(each)); }) ||
         fits('C', [&](const std::string& each) { return process.name == each; }) ||
         fits('u', [&](const std::string& each) { return process.uid == accounts.find_user(each); });
}

// Each below who started it, as far as that is here.
std::vector<Process> as_forest(const std::vector<Process>& all) {
  std::map<std::uint64_t, std::vector<const Process*>> children;
  for (const Process& each : all) {
    const bool has_parent = std::any_of(all.begin(), all.end(), [&](const Process& other) { return other.pid == each.parent; });
    children[has_parent ? each.parent : 0].push_back(&each);
  }
  std::vector<Process> forest;
  const std::function<void(std::uint64_t, std::size_t)> add = [&](std::uint64_t parent, std::size_t depth) {
    for (const Process* child : children[parent]) {
      forest.push_back(*child);
      if (depth) forest.back().words.insert(0, std::string(2 * depth - 1, ' ') + "\\_ ");
      add(child->pid, depth + 1);
    }
  };
  add(0, 0);
  return forest;
}

constexpr char forest = '=';  // has no letter

}  // namespace

int list_processes(Call& call) {
  // ps aux, without a dash, is another language: f draws a tree there, and u is no user.
  const bool typed = call.words.size() > 1 && (call.words[1] == "-aux" || call.words[1] == "-ax");  // as many type it, and as procps takes it
  const bool plain = typed || (call.words.size() > 1 && !call.words[1].empty() && call.words[1][0] != '-');
  if (plain && !typed) call.words[1].insert(0, "-");
  const Options options(call, plain ? "afuxwo:=" : "AC:aefo:p:u:w=", {{"user", 'u'}, {"pid", 'p'}, {"format", 'o'}, {"forest", forest}});
  options.need(0, 0);
  const std::vector<std::string> fields = options.has('o') ? split(options.value('o'), ',') : std::vector<std::string>{"pid", "ppid", "user", "stat", "rss", "time", "args"};
  const Accounts accounts;
  std::vector<std::vector<std::string>> rows(1);
  for (const std::string& name : fields) rows[0].push_back(heading(name));
  std::vector<Process> processes = read_processes();
  std::erase_if(processes, [&](const Process& each) { return !is_wanted(each, options, accounts, plain); });
  if (options.has(forest) || (plain && options.has('f'))) processes = as_forest(processes);
  for (const Process& process : processes) {
    std::vector<std::string> row;
    for (const std::string& name : fields) row.push_back(printable(field(name, process, accounts)));
    rows.push_back(std::move(row));
  }
  call.out.put(render_columns(rows));
  return 0;
}

}  // namespace snug::builtin
