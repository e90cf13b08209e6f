// A container's cgroup. Two, in fact: PARENT/snug-ID has the limits, and PARENT/snug-ID/container the processes. The second is what the
// container sees as the root of all, with the same numbers in it for programs that look; what is written there from inside raises nothing,
// for the first holds.
//
// A cgroup that has processes cannot hand controllers on (cgroups(7), "no internal processes"). Where the parent has some, they are
// moved into PARENT/snug-outside, and back with the end of the last container. Whoever makes or removes anything in a parent has a lock
// on that folder; and one on the container's own, for as long as the container lives: one without was left by a crash, and is removed by the next.

#include "cgroup.hh"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <optional>
#include <string_view>

#include "scope.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::runtime {
namespace {

using sys::Fd;

constexpr std::string_view prefix = "snug-";
constexpr const char* inner_name = "container";
constexpr const char* outside_name = "snug-outside";  // whom a parent had in it
constexpr const char* cgroup_root = "/sys/fs/cgroup";
constexpr int patience = 5000;  // milliseconds

Fd open_folder(int parent, const char* name) { return sys::try_open(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW); }

std::string text_of(int folder, const char* name) {
  const Fd file = sys::try_open(folder, name, O_RDONLY);
  try {
    return file ? sys::read_all(file.get()) : std::string();
  } catch (const Error&) {
    return {};
  }
}

int write_setting(int folder, const char* name, std::string_view value) { return sys::write_file(folder, name, value); }

bool lock(const Fd& folder, int how) {
  int code = 0;
  do code = ::flock(folder.get(), how);
  while (code != 0 && errno == EINTR);
  return code == 0;
}

std::vector<std::string> subfolders(int folder) {
  std::vector<std::string> names;
  const Fd again = sys::try_open(folder, ".", O_RDONLY | O_DIRECTORY);
  if (!again) return names;
  for (sys::Entry& entry : sys::list_folder(again.get()))
    if (entry.type == DT_DIR) names.push_back(std::move(entry.name));
  return names;
}

// Waits until the cgroup is so: a line of cgroup.events, which tells of changes to whoever has it open and has read it.
bool becomes(int folder, std::string_view wanted) {
  const Fd events = sys::try_open(folder, "cgroup.events", O_RDONLY);
  for (int left = patience / 100; events && left > 0; --left) {
    char text[256];
    const ssize_t count = ::pread(events.get(), text, sizeof text, 0);
    if (count < 0) return false;
    if (std::string_view(text, static_cast<std::size_t>(count)).find(wanted) != std::string_view::npos) return true;
    pollfd change{events.get(), POLLPRI, 0};
    static_cast<void>(::poll(&change, 1, 100));
  }
  return false;
}

// What the container has made below it goes too.
void remove_below(int parent, const char* name) {
  if (const Fd folder = open_folder(parent, name))
    for (const std::string& each : subfolders(folder.get())) remove_below(folder.get(), each.c_str());
  ::unlinkat(parent, name, AT_REMOVEDIR);
}

// Nothing of a container outlives it, not even with the host's process namespace.
void remove_whole(int parent, const char* name) {
  if (const Fd folder = open_folder(parent, name)) {
    static_cast<void>(write_setting(folder.get(), "cgroup.kill", "1"));
    static_cast<void>(becomes(folder.get(), "populated 0"));
  }
  remove_below(parent, name);
}

// "snug-" and an id: others may have cgroups that begin so.
bool is_container(std::string_view name) {
  constexpr std::size_t id_length = 12;
  return name.size() == prefix.size() + id_length && name.starts_with(prefix) &&
         name.find_first_not_of("0123456789abcdef", prefix.size()) == std::string_view::npos;
}

// Whoever can open a folder can lock it, and have others wait: that of the parent is anybody's to open, this one in it is not.
Fd lock_parent(int parent) {
  for (;;) {
    if (::mkdirat(parent, outside_name, 0700) != 0 && errno != EEXIST) return {};
    Fd folder = open_folder(parent, outside_name);
    if (!folder && errno == ENOENT) continue;  // who had the lock has removed it
    if (!folder || !lock(folder, LOCK_EX)) return {};
    const auto locked = sys::find_status(folder.get(), ""), there = sys::find_status(parent, outside_name);
    if (locked && there && locked->st_ino == there->st_ino) return folder;
  }
}

// The parent is locked.
void sweep(int parent) {
  for (const std::string& name : subfolders(parent)) {
    if (!is_container(name)) continue;
    const Fd folder = open_folder(parent, name.c_str());
    if (folder && sys::find_status(folder.get(), inner_name) && lock(folder, LOCK_EX | LOCK_NB)) remove_whole(parent, name.c_str());
  }
}

// Until there are no more: who forks meanwhile has children where he was.
int move_all(int from, int to) {
  for (int round = 0; round < 100; ++round) {
    const std::string pids = text_of(from, "cgroup.procs");
    if (pids.empty()) return 0;
    for (const std::string_view pid : lines(pids))
      if (const int error = write_setting(to, "cgroup.procs", pid); error && error != ESRCH) return pid == "0" ? EBUSY : error;
  }
  return EBUSY;
}

int make_room(int parent) {
  const Fd outside = open_folder(parent, outside_name);
  return outside ? move_all(parent, outside.get()) : errno;
}

// As it was before the first container came. The parent is locked: its folder for those outside is the only one, or nothing is done.
void put_back(int parent) {
  if (subfolders(parent).size() > 1) return;  // other containers, or cgroups of somebody else's that have these controllers, too
  const Fd outside = open_folder(parent, outside_name);
  if (!outside) return;
  for (const std::string& name : split(trimmed(text_of(parent, "cgroup.subtree_control")), ' '))
    static_cast<void>(write_setting(parent, "cgroup.subtree_control", "-" + name));
  if (move_all(outside.get(), parent) == 0) ::unlinkat(parent, outside_name, AT_REMOVEDIR);
}

// The root of all has no type, and may have both.
bool is_crowded(int folder) { return !text_of(folder, "cgroup.type").empty() && !text_of(folder, "cgroup.procs").empty(); }

// The kernel refuses some controllers where processes live; the others it enables, and then takes no process below: room is made before.
int enable(int folder, const std::vector<std::string>& controllers) {
  const std::vector<std::string> enabled = split(trimmed(text_of(folder, "cgroup.subtree_control")), ' ');
  for (const std::string& name : controllers) {
    if (std::find(enabled.begin(), enabled.end(), name) != enabled.end()) continue;
    if (const int error = is_crowded(folder) ? make_room(folder) : 0) return error;
    if (const int error = write_setting(folder, "cgroup.subtree_control", "+" + name)) return error;
  }
  return 0;
}

// The kernel takes processors that are not there, and then gives others.
bool has_processors(int folder) { return text_of(folder, "cpuset.cpus") == text_of(folder, "cpuset.cpus.effective"); }

bool has_no_limit(std::string_view value) { return value.empty() || value == "100" || value.starts_with("max"); }

int write_limit(int folder, const plan::CgroupSetting& setting) {
  int error = write_setting(folder, setting.file.c_str(), setting.value.empty() ? "\n" : setting.value);
  if (error == ENOENT && setting.file == "io.weight") error = write_setting(folder, "io.bfq.weight", setting.value);
  if (error == ENOENT && (has_no_limit(setting.value) || setting.file == "memory.swap.max")) return 0;  // no swap is accounted here
  if (!error && setting.file == "cpuset.cpus" && !setting.value.empty() && !has_processors(folder)) return ERANGE;
  return error;
}

int write_limits(int folder, const std::vector<plan::CgroupSetting>& settings, std::string& reason) {
  for (const plan::CgroupSetting& setting : settings)
    if (const int error = write_limit(folder, setting)) return reason = format("{} {}", setting.file, setting.value), error;
  return 0;
}

// Where this process is now; "" where it cannot be named.
std::string own_cgroup() {
  const std::string groups = sys::find_file_text("/proc/self/cgroup").value_or("");
  for (const std::string_view line : lines(groups))
    if (line.starts_with("0::/")) return std::string(line.substr(3));
  return {};
}

// Of a container that has just ended, systemd may not have noticed yet.
int enter_fresh_scope(const std::string& manager, const std::string& scope, std::string& reason) {
  constexpr timespec moment{0, 20'000'000};
  int error = 0;
  for (int left = patience / 20; (error = enter_scope(manager, scope, reason)) == EEXIST && left > 0; --left) ::nanosleep(&moment, nullptr);
  return error;
}

// A monitor that starts its container anew is there already, moved aside.
int find_scope(const plan::MakeCgroup& step, const std::string& name, std::string& parent, std::string& reason) {
  const std::string scope = name + ".scope";
  if (own_cgroup().find("/" + scope) == std::string::npos)
    if (const int error = enter_fresh_scope(step.manager, scope, reason)) return error;
  const std::string own = own_cgroup();
  const std::size_t at = own.find("/" + scope);
  if (at == std::string::npos) return reason = "systemd has not moved this process", EACCES;
  parent = cgroup_root + own.substr(0, at + 1 + scope.size());
  return 0;
}

}  // namespace

int Cgroup::make(const plan::MakeCgroup& step, const std::string& id, std::string& reason) {
  const std::string name = std::string(prefix) + id;
  parent_path_ = step.parent;
  tidies_ = step.manager.empty();
  if (!tidies_)
    if (const int error = find_scope(step, name, parent_path_, reason)) return error;
  const int error = make_in(step, name, reason);
  if (error) remove();
  return error;
}

int Cgroup::make_in(const plan::MakeCgroup& step, const std::string& name, std::string& reason) {
  const Fd parent = open_folder(AT_FDCWD, parent_path_.c_str());
  if (!parent) return errno;
  const Fd locked = lock_parent(parent.get());
  if (!locked) return errno;
  sweep(parent.get());
  if (::mkdirat(parent.get(), name.c_str(), 0700) != 0 && errno != EEXIST) return errno;
  path_ = format("{}/{}", parent_path_, name);
  outer_ = open_folder(parent.get(), name.c_str());
  if (!outer_ || !lock(outer_, LOCK_EX | LOCK_NB)) return errno;
  if (const int error = enable(parent.get(), step.controllers)) return error;
  if (const int error = write_limits(outer_.get(), step.settings, reason)) return error;
  // Or what is nested in it could become too much to remove.
  for (const auto& [file, most] : {std::pair{"cgroup.max.depth", "32"}, std::pair{"cgroup.max.descendants", "1000"}})
    if (const int error = write_setting(outer_.get(), file, most)) return reason = file, error;
  if (const int error = enable(outer_.get(), step.controllers)) return error;
  if (::mkdirat(outer_.get(), inner_name, 0755) != 0) return errno;
  inner_ = open_folder(outer_.get(), inner_name);
  return inner_ ? write_limits(inner_.get(), step.settings, reason) : errno;
}

std::uint64_t Cgroup::out_of_memory_kills() const {
  constexpr std::string_view key = "oom_kill ";
  const std::string events = text_of(outer_.get(), "memory.events");
  for (const std::string_view line : lines(events))
    if (line.starts_with(key)) return parse_number(line.substr(key.size())).value_or(0);
  return 0;
}

void Cgroup::remove() noexcept {
  if (path_.empty()) return;
  try {
    const Fd parent = open_folder(AT_FDCWD, parent_path_.c_str());
    if (const Fd locked = parent ? lock_parent(parent.get()) : Fd()) {
      remove_whole(parent.get(), path_.substr(path_.rfind('/') + 1).c_str());
      if (tidies_) put_back(parent.get());
    }
  } catch (const std::exception&) {  // the next container's start removes it
  }
  path_.clear();
  inner_.reset();
  outer_.reset();
}

std::string cgroup_path(const plan::MakeCgroup& step, const std::string& id) {
  return step.manager.empty() ? format("{}/{}{}", step.parent, prefix, id) : std::string();
}

void remove_dead_cgroup(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos || !is_container(std::string_view(path).substr(slash + 1))) return;
  const Fd parent = open_folder(AT_FDCWD, path.substr(0, slash).c_str());
  const Fd locked = parent ? lock_parent(parent.get()) : Fd();
  if (!locked) return;
  const Fd folder = open_folder(parent.get(), path.substr(slash + 1).c_str());
  if (folder && lock(folder, LOCK_EX | LOCK_NB)) remove_whole(parent.get(), path.substr(slash + 1).c_str());
  put_back(parent.get());
}

void freeze_cgroup(const std::string& path, bool frozen) {
  const Fd folder = sys::open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (const int error = write_setting(folder.get(), "cgroup.freeze", frozen ? "1" : "0"))
    throw system_error(format("{} the cgroup {}", frozen ? "freeze" : "thaw", quoted(path)), error);
  if (!frozen) return;
  if (becomes(folder.get(), "frozen 1")) return;
  static_cast<void>(write_setting(folder.get(), "cgroup.freeze", "0"));
  throw Error(format("the processes in the cgroup {} do not stop", quoted(path)), "one of them waits in the kernel for a device or a file system");
}

void limit_cgroup(const std::string& path, const std::vector<std::string>& controllers, const std::vector<plan::CgroupSetting>& settings) {
  const Fd outer = sys::open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  const Fd parent = sys::open(outer.get(), "..", O_RDONLY | O_DIRECTORY), inner = sys::open(outer.get(), inner_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  const Fd locked = lock_parent(parent.get());
  if (!locked) throw system_error(format("lock the cgroup above {}", quoted(path)), errno);
  for (const Fd* each : {&parent, &outer})
    if (const int error = enable(each->get(), controllers)) throw system_error(format("give the cgroup {} {}", quoted(path), join(controllers, ", ")), error);
  std::string reason;
  for (const Fd* each : {&outer, &inner})
    if (const int error = write_limits(each->get(), settings, reason)) throw system_error(format("set the limit {}", reason), error);
}

Fd open_cgroup_door(const plan::JoinCgroup& step, std::string& reason) {
  const std::string_view path(step.path);
  // The nearest cgroup above both, the caller's and the container's, has to be the caller's: here the slice of his scopes.
  const std::size_t unit = path.find("/user@");
  const std::string slice(step.manager.empty() || unit == std::string_view::npos ? path.substr(0, 0) : path.substr(0, path.find('/', unit + 1)));
  if (!slice.empty() && !(cgroup_root + own_cgroup() + "/").starts_with(slice + "/"))
    if (const int error = enter_scope(step.manager, format("{}visit-{}.scope", prefix, sys::random_name()), reason)) return errno = error, Fd();
  return sys::try_open(AT_FDCWD, format("{}/{}/cgroup.procs", step.path, inner_name).c_str(), O_WRONLY);
}

}  // namespace snug::runtime
