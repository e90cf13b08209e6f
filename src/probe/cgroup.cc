#include "snug/probe/cgroup.hh"

#include <dirent.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::probe {
namespace {

using plan::CgroupFacts;

bool is_cgroup2(const char* path) {
  struct statfs status {};
  return ::statfs(path, &status) == 0 && status.f_type == CGROUP2_SUPER_MAGIC;
}

std::string text_of(const std::string& path, const char* name) {
  try {
    return sys::find_file_text(format("{}/{}", path, name).c_str()).value_or("");
  } catch (const Error&) {
    return {};  // gone while it was read
  }
}

std::vector<std::string> words_of(const std::string& path, const char* name) {
  std::vector<std::string> words = split(trimmed(text_of(path, name)), ' ');
  std::erase(words, "");
  return words;
}

bool is_writable(const std::string& path, const char* name) { return ::access(format("{}/{}", path, name).c_str(), W_OK) == 0; }

// Where this process is; what lies above the root of its own view is nobody's to name.
std::string own_cgroup() {
  const std::string groups = sys::find_file_text("/proc/self/cgroup").value_or("");
  for (const std::string_view line : lines(groups))
    if (line.starts_with("0::/") && line.find("/..") == std::string_view::npos) return std::string(line.substr(line == "0::/" ? 4 : 3));
  return {};
}

/// A cgroup in which others could be made.
struct Candidate {
  std::string path;
  std::vector<std::string> controllers, enabled;
  bool crowded = false;  ///< processes live in it, and would have to be moved aside before any is enabled
};

bool has(const std::vector<std::string>& list, const std::string& word) { return std::find(list.begin(), list.end(), word) != list.end(); }

Candidate look_at(const std::string& path) {
  Candidate found{path, words_of(path, "cgroup.controllers"), words_of(path, "cgroup.subtree_control"), false};
  if (!is_writable(path, "cgroup.subtree_control")) found.controllers = found.enabled;
  // The root of all has no type, and may have both.
  found.crowded = !text_of(path, "cgroup.type").empty() && !text_of(path, "cgroup.procs").empty();
  return found;
}

// The more of what is needed the better; and then, the less has to be done for it.
int worth(const Candidate& candidate, const std::vector<std::string>& needed) {
  int points = 0;
  bool ready = true;
  for (const std::string& each : needed) {
    points += has(candidate.controllers, each) ? 4 : 0;
    ready &= has(candidate.enabled, each) || !has(candidate.controllers, each);
  }
  return points + (ready ? 2 : candidate.crowded ? 0 : 1);
}

// From the caller's own cgroup upwards, as far as he may write; of equals the nearest.
void find_own(CgroupFacts& facts, const std::vector<std::string>& needed) {
  std::string path = facts.root + own_cgroup();
  facts.parent = path;
  int best = -1;
  for (;;) {
    if (::access(path.c_str(), W_OK) != 0 || !is_writable(path, "cgroup.procs")) return;
    const Candidate candidate = look_at(path);
    if (const int points = worth(candidate, needed); points > best) {
      best = points;
      facts.place = CgroupFacts::Place::own;
      facts.parent = path;
      facts.controllers = candidate.controllers;
      facts.enabled = candidate.enabled;
    }
    if (path.size() <= facts.root.size()) return;
    path.resize(path.rfind('/'));
  }
}

std::string manager_unit(HostId uid) { return format("user@{}.service", uid.value); }

bool has_file(const std::string& path, const char* name) { return ::access(format("{}/{}", path, name).c_str(), F_OK) == 0; }

bool find_scopes(CgroupFacts& facts, HostId uid) {
  const std::string unit = format("{}/user.slice/user-{}.slice/{}", facts.root, uid.value, manager_unit(uid));
  for (const auto& [socket, cgroup] : {std::pair{format("/run/user/{}/systemd/private", uid.value), unit}, std::pair{std::string("/run/systemd/private"), facts.root}}) {
    if (::access(socket.c_str(), W_OK) != 0) continue;
    facts.controllers = words_of(cgroup, "cgroup.controllers");
    if (facts.controllers.empty()) continue;
    facts.place = CgroupFacts::Place::manager;
    facts.manager = socket;
    facts.accounts_swap = accounts_swap(cgroup);
    return true;
  }
  return false;
}

std::optional<std::uint64_t> number_of(const std::string& path, const char* name) { return parse_number(trimmed(text_of(path, name))); }

// A line "KEY VALUE".
std::uint64_t entry_of(const std::string& path, const char* name, std::string_view key) {
  const std::string text = text_of(path, name);
  for (const std::string_view line : lines(text))
    if (line.starts_with(key) && line.size() > key.size() && line[key.size()] == ' ') return parse_number(line.substr(key.size() + 1)).value_or(0);
  return 0;
}

void add_processes(const std::string& path, std::vector<pid_t>& found) {
  const std::string text = text_of(path, "cgroup.procs");
  for (const std::string_view line : lines(text))
    if (const auto number = parse_number(line); number && *number > 0) found.push_back(static_cast<pid_t>(*number));
  const sys::Fd folder = sys::try_open(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY);
  if (!folder) return;
  for (const sys::Entry& entry : sys::list_folder(folder.get()))
    if (entry.type == DT_DIR) add_processes(format("{}/{}", path, entry.name), found);
}

}  // namespace

CgroupFacts cgroup_facts(HostId uid, const std::vector<std::string>& controllers) {
  CgroupFacts facts;
  facts.systemd = ::access("/run/systemd/system", F_OK) == 0;
  for (const char* path : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"})
    if (facts.root.empty() && is_cgroup2(path)) facts.root = path;
  if (facts.root.empty()) return facts;
  // Where there is a systemd, the tree is its own, but for what it makes for others.
  if (facts.root != "/sys/fs/cgroup" || !find_scopes(facts, uid)) find_own(facts, controllers);
  if (facts.place == CgroupFacts::Place::own) facts.accounts_swap = accounts_swap(facts.parent);
  return facts;
}

std::string find_manager(HostId uid, const std::string& path) {
  CgroupFacts facts;
  facts.root = "/sys/fs/cgroup";
  return path.find(".scope/") != std::string::npos && find_scopes(facts, uid) ? facts.manager : std::string();
}

std::vector<std::string> cgroup_controllers(const std::string& path) { return words_of(path, "cgroup.controllers"); }

// The root of all has no such files; those below it do. A kernel that knows no swap has none to count.
bool accounts_swap(const std::string& path) {
  if (has_file(path, "memory.max")) return has_file(path, "memory.swap.max") || ::access("/proc/swaps", F_OK) != 0;
  const sys::Fd folder = has_file(path, "cgroup.type") ? sys::Fd() : sys::try_open(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY);
  if (!folder) return true;
  for (const sys::Entry& entry : sys::list_folder(folder.get()))
    if (entry.type == DT_DIR && has_file(format("{}/{}", path, entry.name), "memory.max")) return accounts_swap(format("{}/{}", path, entry.name));
  return true;
}

CgroupUse cgroup_use(const std::string& path) {
  CgroupUse use{.processor = entry_of(path, "cpu.stat", "usage_usec"),
                .memory = number_of(path, "memory.current"),
                .memory_limit = number_of(path, "memory.max"),
                .processes = number_of(path, "pids.current"),
                .processes_limit = number_of(path, "pids.max")};
  if (use.memory) *use.memory -= std::min(*use.memory, entry_of(path, "memory.stat", "inactive_file"));
  return use;
}

std::vector<plan::CgroupSetting> cgroup_limits(const std::string& path) {
  std::vector<plan::CgroupSetting> found;
  for (const char* name : {"memory.max", "memory.swap.max", "cpu.max", "cpuset.cpus", "pids.max", "io.weight"})
    if (std::string value(trimmed(text_of(path, name))); !value.empty() && !value.starts_with("max") && value != "default 100")
      found.push_back({name, std::move(value)});
  return found;
}

std::uint64_t out_of_memory_kills(const std::string& path) { return entry_of(path, "memory.events", "oom_kill"); }

bool is_frozen(const std::string& path) { return trimmed(text_of(path, "cgroup.freeze")) == "1"; }

std::vector<pid_t> cgroup_processes(const std::string& path) {
  std::vector<pid_t> found;
  add_processes(path, found);
  return found;
}

}  // namespace snug::probe
