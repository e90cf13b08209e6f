#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <map>
#include <set>
#include <tuple>

#include "files.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::builtin {
namespace {

bool is_newer(const struct stat& one, const struct stat& other) {
  return one.st_mtim.tv_sec != other.st_mtim.tv_sec ? one.st_mtim.tv_sec > other.st_mtim.tv_sec : one.st_mtim.tv_nsec > other.st_mtim.tv_nsec;
}

/// Which links are followed to what they lead to: none, those on the command line, or those met on the way, too.
enum class Followed { none, named, all };

struct CopyChoice {
  bool recursive = false, keeps = false, keeps_links = false, force = false, verbose = false, asks = false, newer_only = false, stays = false, spares = false;
  Followed followed = Followed::named;
};

/// Copies files and trees; what cannot be copied is told.
class Copier {
 public:
  Copier(Call& call, const CopyChoice& choice) : call_(call), choice_(choice) {}

  void copy(const std::string& from, const std::string& to) {
    made_.reset();
    device_.reset();
    copy(from, to, true);
  }

 private:
  // `top`: named on the command line.
  void copy(const std::string& from, const std::string& to, bool top) {
    const auto status = find_stat(from, choice_.followed == Followed::all || (top && choice_.followed == Followed::named));
    if (!status) return call_.complain(from, errno);
    if (const auto there = find_stat(to, !S_ISLNK(status->st_mode)); there && there->st_dev == status->st_dev && there->st_ino == status->st_ino)
      return call_.complain(format("{} and {} are the same file", quoted(from), quoted(to)));
    if (!device_) device_ = status->st_dev;
    if (S_ISDIR(status->st_mode)) return copy_folder(from, to, *status);
    if (!may_replace(to, *status)) return;
    if (link_again(to, *status)) return tell(from, to);
    if (const auto there = find_stat(to); there && links_.contains({there->st_dev, there->st_ino}))
      return call_.complain(format("{} is a link that was just made: {} is not copied through it", quoted(to), quoted(from)));
    const bool done = S_ISREG(status->st_mode) ? copy_file(from, to, *status) : copy_other(from, to, *status);
    if (!done) return;
    if (choice_.keeps) keep(to, *status);
    if (choice_.keeps_links && status->st_nlink > 1) copied_.try_emplace(key_of(*status), to);
    tell(from, to);
  }

  void tell(const std::string& from, const std::string& to) {
    if (choice_.verbose) tell_pair(call_, "", from, to);
  }

  bool may_replace(const std::string& to, const struct stat& status) {
    const auto there = find_stat(to);
    if (!there) return true;
    if (choice_.spares) return false;
    if (choice_.newer_only && !is_newer(status, *there)) return false;
    return !choice_.asks || agrees(call_, format("overwrite '{}'", printable(to)));
  }

  // The number of a file that was removed meanwhile is another's: the time of the last change tells them apart.
  using Key = std::tuple<dev_t, ino_t, time_t, long>;
  static Key key_of(const struct stat& status) { return {status.st_dev, status.st_ino, status.st_mtim.tv_sec, status.st_mtim.tv_nsec}; }

  // Another name of what was copied already.
  bool link_again(const std::string& to, const struct stat& status) {
    const auto known = choice_.keeps_links ? copied_.find(key_of(status)) : copied_.end();
    if (known == copied_.end()) return false;
    const auto first = find_stat(known->second), there = find_stat(to);
    if (!first) return false;
    if (there && there->st_dev == first->st_dev && there->st_ino == first->st_ino) return true;  // it has that name already
    ::unlink(to.c_str());
    if (::linkat(AT_FDCWD, known->second.c_str(), AT_FDCWD, to.c_str(), 0) != 0) call_.complain(to, errno);
    return true;
  }

  void copy_folder(const std::string& from, const std::string& to, const struct stat& status) {
    if (!choice_.recursive) return call_.complain(format("{} is a folder: -r copies it", quoted(from)));
    if (made_ && status.st_dev == made_->st_dev && status.st_ino == made_->st_ino) return call_.complain(format("{} is not copied into itself", quoted(from)));
    try {
      above_.enter(from, status, [&] { fill_folder(from, to, status); });
    } catch (const Failure& problem) {
      call_.complain(problem.message());
    }
  }

  void fill_folder(const std::string& from, const std::string& to, const struct stat& status) {
    const bool is_new = ::mkdir(to.c_str(), 0700) == 0;
    if (!is_new && (errno != EEXIST || !is_folder(to))) return call_.complain(to, errno == EEXIST ? ENOTDIR : errno);
    if (!made_) made_ = find_stat(to);
    if (is_new) tell(from, to);
    if (!choice_.stays || status.st_dev == *device_)
      for (const std::string& name : list_folder(from)) copy(join_path(from, name), join_path(to, name), false);
    if (choice_.keeps) return keep(to, status);
    if (is_new) ::chmod(to.c_str(), status.st_mode & 0777U & ~current_mask());
  }

  bool copy_file(const std::string& from, const std::string& to, const struct stat& status) {
    const sys::Fd source = sys::try_open(AT_FDCWD, from.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (!source) return call_.complain(from, errno), false;
    ::fcntl(source.get(), F_SETFL, 0);
    sys::Fd target = open_target(to, status.st_mode & 0777U);
    if (!target && choice_.force && ::unlink(to.c_str()) == 0) target = open_target(to, status.st_mode & 0777U);
    if (!target) return call_.complain(to, errno), false;
    const auto kind = sys::find_status(target.get(), "");
    const bool holds_holes = kind && S_ISREG(kind->st_mode);
    std::array<char, 65536> buffer;
    while (const std::size_t count = read_some(source.get(), buffer.data(), buffer.size())) {
      const bool is_hole = holds_holes && std::all_of(buffer.data(), buffer.data() + count, [](char each) { return each == 0; });
      if (is_hole && ::lseek(target.get(), static_cast<off_t>(count), SEEK_CUR) >= 0) continue;
      if (const int error = sys::write_all(target.get(), {buffer.data(), count})) return call_.complain(to, error), false;
    }
    if (holds_holes && ::ftruncate(target.get(), ::lseek(target.get(), 0, SEEK_CUR)) != 0) return call_.complain(to, errno), false;
    return true;
  }

  // What a link promises is not made through it.
  static sys::Fd open_target(const std::string& to, mode_t mode) {
    const int how = find_stat(to, true) ? O_TRUNC : O_EXCL;
    return sys::try_open(AT_FDCWD, to.c_str(), O_WRONLY | O_CREAT | O_NOCTTY | how, mode);
  }

  bool copy_other(const std::string& from, const std::string& to, const struct stat& status) {
    int result = 0;
    if (S_ISLNK(status.st_mode)) {
      result = ::symlink(link_of(from).c_str(), to.c_str());
      if (result != 0 && errno == EEXIST && ::unlink(to.c_str()) == 0) result = ::symlink(link_of(from).c_str(), to.c_str());
      if (const auto made = result == 0 ? find_stat(to) : std::nullopt) links_.emplace(made->st_dev, made->st_ino);
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
  std::optional<dev_t> device_;
  std::map<Key, std::string> copied_;  ///< files with more than one name
  std::set<std::pair<dev_t, ino_t>> links_;  ///< that were made here: a stranger's, who may have put behind them what is to be written through
  Above above_;
};

// Hands each source and its target to `work`: into the last operand where that is a folder, or into that of -t.
template <typename Work>
void for_each_pair(const Options& options, Call& call, Work&& work) {
  const bool named = options.has('t');
  options.need(named ? 1 : 2, SIZE_MAX);
  std::vector<std::string> sources = options.operands();
  const std::string target = named ? options.value('t') : sources.back();
  if (!named) sources.pop_back();
  const bool into = is_folder(target) && !options.has('T');
  if (!into && (sources.size() > 1 || named)) throw Failure(format("{} is no folder", quoted(target)));
  for (const std::string& source : sources) {
    try {
      work(source, into ? join_path(target, base_name(source)) : target);
    } catch (const Failure& problem) {
      call.complain(problem.message());
    }
  }
}

// Of -f, -i and -n the last counts; -u leaves what is as new alone.
bool may_move(Call& call, const Options& options, const std::string& from, const std::string& to) {
  const auto there = find_stat(to), own = find_stat(from);
  if (!there || !own) return true;
  if (options.has('u') && !is_newer(*own, *there)) return false;
  const char how = options.last_of("fin");
  return how != 'n' && (how != 'i' || agrees(call, format("overwrite '{}'", printable(to))));
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.find_last_not_of('/') == std::string::npos ? 0 : path.rfind('/', path.find_last_not_of('/'));
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

// rename(2) does nothing where both are names of one file; through two mounts it is not tried, and the names may be one.
bool is_same(Call& call, const std::string& from, const std::string& to) {
  const auto own = find_stat(from), there = find_stat(to);
  if (!own || !there || own->st_dev != there->st_dev || own->st_ino != there->st_ino) return false;
  const auto folder = find_stat(folder_of(from), true), other = find_stat(folder_of(to), true);
  const bool one_name = base_name(from) == base_name(to) && folder && other && folder->st_dev == other->st_dev && folder->st_ino == other->st_ino;
  if (one_name || S_ISDIR(own->st_mode) || ::rename(from.c_str(), to.c_str()) != 0) call.complain(format("{} and {} are the same file", quoted(from), quoted(to)));
  else if (::unlink(from.c_str()) != 0) call.complain(from, errno);
  return true;
}

// As rename(2) does: nothing is written into what is there.
bool make_way(Call& call, const std::string& from, const std::string& to) {
  const auto own = find_stat(from), there = find_stat(to);
  if (!own || !there) return true;
  const bool folder = S_ISDIR(own->st_mode);
  if (folder != S_ISDIR(there->st_mode)) return call.complain(to, folder ? ENOTDIR : EISDIR), false;
  if ((folder ? ::rmdir(to.c_str()) : ::unlink(to.c_str())) == 0) return true;
  return call.complain(to, errno), false;
}

// Whether it did.
bool move_entry(Call& call, Copier& copier, const std::string& from, const std::string& to) {
  const int before = std::exchange(call.status, 0);
  if (!is_same(call, from, to) && ::rename(from.c_str(), to.c_str()) != 0) {
    if (errno != EXDEV) call.complain(format("{} to {}: {}", quoted(from), quoted(to), reason(errno)));
    else if (make_way(call, from, to)) copier.copy(from, to);
    if (call.status == 0) remove_entry(call, from, {.recursive = true});  // it is another file system's
  }
  return std::exchange(call.status, call.status | before) == 0;
}

}  // namespace

int copy_files(Call& call) {
  const Options options(call, "HLPRTadfinprt:uvx",
                        {{"recursive", 'r'}, {"archive", 'a'}, {"force", 'f'}, {"verbose", 'v'}, {"dereference", 'L'}, {"no-dereference", 'P'}, {"no-clobber", 'n'}, {"interactive", 'i'},
                         {"update", 'u'}, {"target-directory", 't'}, {"no-target-directory", 'T'}, {"one-file-system", 'x'}});
  const bool all = options.has('a'), recursive = all || options.has('r') || options.has('R');
  const char follow = options.last_of("HLPad"), how = options.last_of("fin");
  const CopyChoice choice{.recursive = recursive,
                          .keeps = all || options.has('p'),
                          .keeps_links = all || options.has('d'),
                          .force = options.has('f'),
                          .verbose = options.has('v'),
                          .asks = how == 'i',
                          .newer_only = options.has('u'),
                          .stays = options.has('x'),
                          .spares = options.has('n'),
                          .followed = follow == 'L' || (!follow && !recursive) ? Followed::all : follow == 'H' ? Followed::named : Followed::none};
  Copier copier(call, choice);
  for_each_pair(options, call, [&](const std::string& from, const std::string& to) { copier.copy(from, to); });
  return call.status;
}

int move_files(Call& call) {
  const Options options(call, "Tfint:uv", {{"force", 'f'}, {"verbose", 'v'}, {"no-clobber", 'n'}, {"interactive", 'i'}, {"update", 'u'}, {"target-directory", 't'}, {"no-target-directory", 'T'}});
  const CopyChoice choice{.recursive = true, .keeps = true, .keeps_links = true, .force = true, .followed = Followed::none};
  Copier copier(call, choice);
  for_each_pair(options, call, [&](const std::string& from, const std::string& to) {
    if (may_move(call, options, from, to) && move_entry(call, copier, from, to) && options.has('v')) tell_pair(call, "renamed ", from, to);
  });
  return call.status;
}

}  // namespace snug::builtin
