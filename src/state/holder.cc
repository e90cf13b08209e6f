#include "snug/state/holder.hh"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ctime>
#include <functional>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::state {
namespace {

// Calls `is_wanted` with each process and its folder, until that is true.
ProcessMark find_process(const std::function<bool(const sys::Fd& process)>& is_wanted) {
  const sys::Fd processes = sys::open(AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY);
  for (const sys::Entry& entry : sys::list_folder(processes.get())) {
    const auto pid = parse_number(entry.name);
    const sys::Fd process = pid ? sys::try_open(processes.get(), entry.name.c_str(), O_PATH | O_DIRECTORY) : sys::Fd();
    try {
      if (process && is_wanted(process)) return mark_process(static_cast<pid_t>(*pid));
    } catch (const Error&) {  // it has just ended
    }
  }
  return {};
}

// Whether the descriptor, an entry of /proc/PID/fd, is one of that folder with a lock on it.
bool is_lock_of(const sys::Fd& process, const std::string& number, const struct stat& folder) {
  struct stat status;
  if (::fstatat(process.get(), ("fd/" + number).c_str(), &status, 0) != 0 || status.st_dev != folder.st_dev || status.st_ino != folder.st_ino) return false;
  const sys::Fd info = sys::try_open(process.get(), ("fdinfo/" + number).c_str(), O_RDONLY);
  return info && sys::read_all(info.get()).find("\nlock:") != std::string::npos;
}

// "NSpid:\t4711\t1": its number in each PID namespace that it is in, from ours inward.
bool is_first_inside(std::string_view status) {
  const std::size_t at = status.find("\nNSpid:");
  if (at == std::string_view::npos) return false;
  const std::string_view line = status.substr(at + 1, status.find('\n', at + 1) - at - 1);
  return line.ends_with("\t1") && line.find('\t') != line.rfind('\t');
}

}  // namespace

bool is_held(const std::string& path) {
  const sys::Fd folder = sys::try_open(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  return folder && ::flock(folder.get(), LOCK_SH | LOCK_NB) != 0;
}

ProcessMark find_holder(const std::string& path) {
  const auto folder = sys::find_status(AT_FDCWD, path.c_str());
  if (!folder) return {};
  return find_process([&](const sys::Fd& process) {
    const sys::Fd descriptors = sys::try_open(process.get(), "fd", O_RDONLY | O_DIRECTORY);
    if (!descriptors) return false;
    for (const sys::Entry& each : sys::list_folder(descriptors.get()))
      if (is_lock_of(process, each.name, *folder)) return true;
    return false;
  });
}

ProcessMark find_init(pid_t monitor) {
  if (monitor <= 0) return {};
  const std::string parent = format("\nPPid:\t{}\n", monitor);
  return find_process([&](const sys::Fd& process) {
    const sys::Fd file = sys::try_open(process.get(), "status", O_RDONLY);
    const std::string status = file ? sys::read_all(file.get()) : std::string();
    return status.find(parent) != std::string::npos && is_first_inside(status);
  });
}

std::int64_t start_time(const ProcessMark& mark) {
  timespec since_boot{};
  ::clock_gettime(CLOCK_BOOTTIME, &since_boot);
  return std::time(nullptr) - since_boot.tv_sec + static_cast<std::int64_t>(mark.start) / ::sysconf(_SC_CLK_TCK);
}

}  // namespace snug::state
