#include "history.hh"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <readline/history.h>

#include <memory>

#include "snug/base/text.hh"

namespace snug::shell {
namespace {

constexpr int most_lines = 1000;

std::string state_folder(const Environment& environment) {
  const auto xdg = environment.find("XDG_STATE_HOME");
  if (xdg && xdg->starts_with('/')) return format("{}/snug", *xdg);
  const auto home = environment.find("HOME");
  return home && home->starts_with('/') ? format("{}/.local/state/snug", *home) : std::string();
}

// What stands already stays as it is; what cannot be made shows when it is opened.
void make_folders(const std::string& path) {
  for (std::size_t at = path.find('/', 1); at != std::string::npos; at = path.find('/', at + 1))
    ::mkdir(path.substr(0, at).c_str(), 0700);
  ::mkdir(path.c_str(), 0700);
}

using Folder = std::unique_ptr<DIR, int (*)(DIR*)>;

// Nothing where it is somebody else's: he could read it, or lead us elsewhere.
Folder open_own(const std::string& path) {
  Folder folder(::opendir(path.c_str()), ::closedir);
  struct stat status {};
  if (folder && (::fstat(::dirfd(folder.get()), &status) != 0 || status.st_uid != ::geteuid() || (status.st_mode & 022) != 0))
    folder.reset();
  return folder;
}

}  // namespace

History::History(const Environment& environment) : folder_(state_folder(environment)) {
  ::using_history();
  ::stifle_history(most_lines);
  if (folder_.empty()) return;
  make_folders(folder_);
  if (!open_own(folder_)) return;
  file_ = folder_ + "/history";
  const int made = ::open(file_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  new_ = made >= 0;
  if (made >= 0) ::close(made);
  ::read_history(file_.c_str());
}

void History::keep(const std::string& line) {
  if (line.empty() || line[0] == ' ' || line[0] == '\t') return;
  ::add_history(line.c_str());
  if (file_.empty()) return;
  // The cut replaces the file: what another prompt appends meanwhile would be lost, so both happen under the lock.
  const Folder folder = open_own(folder_);
  const bool locked = folder && ::flock(::dirfd(folder.get()), LOCK_EX) == 0;
  ::append_history(1, file_.c_str());
  if (locked) ::history_truncate_file(file_.c_str(), most_lines);
}

}  // namespace snug::shell
