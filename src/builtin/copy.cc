#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>

#include "files.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::builtin {
namespace {

bool is_folder(const std::string& path) {
  const auto status = find_stat(path, true);
  return status && S_ISDIR(status->st_mode);
}

class Copier {
 public:
  Copier(Call& call, const CopyChoice& choice) : call_(call), choice_(choice) {}

  // `top`: named on the command line, where a link stands for what it leads to unless -a or -P says otherwise.
  void copy(const std::string& from, const std::string& to, bool top) {
    const auto status = find_stat(from, choice_.follows && top);
    if (!status) return call_.complain(from, errno);
    if (const auto there = find_stat(to, true); there && there->st_dev == status->st_dev && there->st_ino == status->st_ino)
      return call_.complain(format("{} and {} are the same file", quoted(from), quoted(to)));
    if (S_ISDIR(status->st_mode)) return copy_folder(from, to, *status);
    if (choice_.force && ::access(to.c_str(), W_OK) != 0) ::unlink(to.c_str());
    const bool done = S_ISREG(status->st_mode) ? copy_file(from, to, *status) : copy_other(from, to, *status);
    if (!done) return;
    if (choice_.keeps) keep(to, *status);
    if (choice_.verbose) call_.out.line(call_.out.name(format("'{}' -> '{}'", from, to)));
  }

 private:
  void copy_folder(const std::string& from, const std::string& to, const struct stat& status) {
    if (!choice_.recursive) return call_.complain(format("{} is a folder: -r copies it", quoted(from)));
    if (made_ && status.st_dev == made_->st_dev && status.st_ino == made_->st_ino) return call_.complain(format("{} is not copied into itself", quoted(from)));
    const bool is_new = ::mkdir(to.c_str(), 0700) == 0;
    if (!is_new && (errno != EEXIST || !is_folder(to))) return call_.complain(to, errno == EEXIST ? ENOTDIR : errno);
    if (!made_) made_ = find_stat(to);
    std::vector<std::string> names;
    try {
      names = list_folder(from);
    } catch (const Failure& problem) {
      return call_.complain(problem.message());
    }
    for (const std::string& name : names) copy(join_path(from, name), join_path(to, name), false);
    if (choice_.keeps) return keep(to, status);
    const mode_t mask = ::umask(0);
    ::umask(mask);
    if (is_new) ::chmod(to.c_str(), status.st_mode & 0777U & ~mask);
  }

  bool copy_file(const std::string& from, const std::string& to, const struct stat& status) {
    const sys::Fd source = sys::try_open(AT_FDCWD, from.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (!source) return call_.complain(from, errno), false;
    const sys::Fd target = sys::try_open(AT_FDCWD, to.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY, status.st_mode & 0777U);
    if (!target) return call_.complain(to, errno), false;
    std::array<char, 65536> buffer;
    while (const std::size_t count = read_some(source.get(), buffer.data(), buffer.size()))
      if (const int error = sys::write_all(target.get(), {buffer.data(), count})) return call_.complain(to, error), false;
    return true;
  }

  bool copy_other(const std::string& from, const std::string& to, const struct stat& status) {
    int result = 0;
    if (S_ISLNK(status.st_mode)) {
      result = ::symlink(link_of(from).c_str(), to.c_str());
      if (result != 0 && errno == EEXIST && ::unlink(to.c_str()) == 0) result = ::symlink(link_of(from).c_str(), to.c_str());
    } else if (!choice_.recursive) {
      return copy_file(from, to, status);  // what a device or a pipe holds
    } else {
      result = ::mknod(to.c_str(), status.st_mode, status.st_rdev);
    }
    if (result != 0) call_.complain(to, errno);
    return result == 0;
  }

  // The owner goes first: a change of owner takes the set-user-ID bit away.
  void keep(const std::string& to, const struct stat& status) {
    if (::lchown(to.c_str(), status.st_uid, status.st_gid) != 0 && errno != EPERM) call_.complain(to, errno);
    if (!S_ISLNK(status.st_mode) && ::chmod(to.c_str(), status.st_mode & 07777U) != 0) call_.complain(to, errno);
    const std::array<timespec, 2> times{status.st_atim, status.st_mtim};
    if (::utimensat(AT_FDCWD, to.c_str(), times.data(), AT_SYMLINK_NOFOLLOW) != 0) call_.complain(to, errno);
  }

  Call& call_;
  const CopyChoice& choice_;
  std::optional<struct stat> made_;  ///< the first folder that was made: what is copied may lie around it
};

// Hands each source and its target to `work`: into the last operand where that is a folder.
template <typename Work>
void for_each_pair(const Options& options, Call& call, Work&& work) {
  options.need(2, SIZE_MAX);
  const auto& operands = options.operands();
  const std::string& target = operands.back();
  const bool into = is_folder(target) && !options.has('T');
  if (!into && operands.size() > 2) throw Failure(format("{} is no folder", quoted(target)));
  for (std::size_t at = 0; at + 1 < operands.size(); ++at) {
    try {
      work(operands[at], into ? join_path(target, base_name(operands[at])) : target);
    } catch (const Failure& problem) {
      call.complain(problem.message());
    }
  }
}

void move_entry(Call& call, const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) == 0) return;
  if (errno != EXDEV) return call.complain(format("{} to {}: {}", quoted(from), quoted(to), reason(errno)));
  const int before = std::exchange(call.status, 0);
  copy_entry(call, from, to, {.recursive = true, .keeps = true, .follows = false, .force = true});
  if (call.status == 0) remove_entry(call, from, true, false);
  call.status |= before;
}

}  // namespace

void copy_entry(Call& call, const std::string& from, const std::string& to, const CopyChoice& choice) { Copier(call, choice).copy(from, to, true); }

int copy_files(Call& call) {
  const Options options(call, "PRTadfprv", {{"recursive", 'r'}, {"archive", 'a'}, {"force", 'f'}, {"verbose", 'v'}});
  const bool all = options.has('a');
  const CopyChoice choice{.recursive = all || options.has('r') || options.has('R'), .keeps = all || options.has('p'),
                          .follows = !all && !options.has('P') && !options.has('d'), .force = options.has('f'), .verbose = options.has('v')};
  for_each_pair(options, call, [&](const std::string& from, const std::string& to) { copy_entry(call, from, to, choice); });
  return call.status;
}

int move_files(Call& call) {
  const Options options(call, "Tfnv", {{"force", 'f'}, {"verbose", 'v'}});
  for_each_pair(options, call, [&](const std::string& from, const std::string& to) {
    if (options.has('n') && find_stat(to)) return;
    move_entry(call, from, to);
    if (options.has('v')) call.out.line(call.out.name(format("renamed '{}' -> '{}'", from, to)));
  });
  return call.status;
}

}  // namespace snug::builtin
