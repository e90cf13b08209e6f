#include <dirent.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <memory>

#include "files.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::builtin {
namespace {

constexpr unsigned most_deep = 4000;  // a descriptor and a frame of the stack each

/// Goes down by descriptors: whoever puts a link in the place of a folder meanwhile leads nowhere.
class Remover {
 public:
  Remover(Call& call, const RemoveChoice& choice) : call_(call), choice_(choice) {}

  bool remove(int folder, const std::string& name, const std::string& shown, unsigned depth) {
    if (choice_.asks && !is_folder(folder, name) && !agrees(call_, format("remove '{}'", printable(shown)))) return false;
    if (choice_.asks && is_folder(folder, name) && !agrees(call_, format("descend into directory '{}'", printable(shown)))) return false;
    if (::unlinkat(folder, name.c_str(), 0) == 0) return tell("removed", shown), true;
    if (choice_.quiet && errno == ENOENT) return true;
    const int error = errno;
    if (error != EISDIR && error != EPERM) return call_.complain(shown, error), false;
    const int fd = ::openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return call_.complain(shown, errno == ENOTDIR ? error : errno), false;
    if (depth >= most_deep) {
      ::close(fd);
      return call_.complain(format("{}: folders lie too deep in each other", printable(shown))), false;
    }
    if (!empty(fd, shown, depth)) return false;  // what is left in it was told
    if (choice_.asks && !agrees(call_, format("remove directory '{}'", printable(shown)))) return false;
    if (::unlinkat(folder, name.c_str(), AT_REMOVEDIR) != 0) return call_.complain(shown, errno), false;
    tell("removed directory", shown);
    return true;
  }

 private:
  static bool is_folder(int folder, const std::string& name) {
    const auto status = sys::find_status(folder, name.c_str());
    return status && S_ISDIR(status->st_mode);
  }

  void tell(std::string_view what, const std::string& shown) {
    if (choice_.verbose) call_.out.line(call_.out.name(format("{} '{}'", what, shown)));
  }

  // Takes the descriptor over.
  bool empty(int fd, const std::string& shown, unsigned depth) {
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(fd), ::closedir);
    if (!entries) return call_.complain(shown, errno), false;
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(entries.get()))
      if (const std::string_view name = entry->d_name; name != "." && name != "..") names.emplace_back(name);
    bool all = true;
    for (const std::string& name : names) all &= remove(fd, name, join_path(shown, name), depth + 1);
    return all;
  }

  Call& call_;
  const RemoveChoice& choice_;
};

void remove_empty(Call& call, const std::string& path, const RemoveChoice& choice) {
  if (choice.asks && !agrees(call, format("remove directory '{}'", printable(path)))) return;
  if (::rmdir(path.c_str()) != 0) call.complain(path, errno);
  else if (choice.verbose) call.out.line(call.out.name(format("removed directory '{}'", path)));
}

}  // namespace

void remove_entry(Call& call, const std::string& path, const RemoveChoice& choice) {
  const auto status = find_stat(path);
  if (status && S_ISDIR(status->st_mode) && !choice.recursive) return call.complain(path, EISDIR);
  if (rlimit files{}; ::getrlimit(RLIMIT_NOFILE, &files) == 0) files.rlim_cur = files.rlim_max, static_cast<void>(::setrlimit(RLIMIT_NOFILE, &files));
  Remover(call, choice).remove(AT_FDCWD, path, path, 0);
}

int remove_files(Call& call) {
  const Options options(call, "IRdfirv", {{"recursive", 'r'}, {"force", 'f'}, {"verbose", 'v'}, {"dir", 'd'}});
  if (!options.has('f')) options.need(1, SIZE_MAX);
  const char asks = options.last_of("Iif");
  const RemoveChoice choice{.recursive = options.has('r') || options.has('R'), .quiet = options.has('f'), .asks = asks == 'i', .verbose = options.has('v')};
  const auto& operands = options.operands();
  if (asks == 'I' && (operands.size() > 3 || choice.recursive) && !agrees(call, format("remove {} argument{}{}", operands.size(), operands.size() == 1 ? "" : "s", choice.recursive ? " recursively" : "")))
    return 0;
  for (const std::string& path : operands) {
    const std::string_view name = base_name(path);
    if (name == "." || name == ".." || name == "/") {
      call.complain(format("{}: is not removed", printable(path)));
      continue;
    }
    std::string plain = path;
    while (plain.size() > 1 && plain.ends_with('/')) plain.pop_back();
    const auto status = find_stat(plain);
    const bool folder = status && S_ISDIR(status->st_mode);
    if (status && !folder && plain != path) call.complain(path, ENOTDIR);  // what a link leads to is not removed by way of it
    else if (folder && options.has('d') && !choice.recursive) remove_empty(call, plain, choice);
    else remove_entry(call, plain, choice);
  }
  return call.status;
}

}  // namespace snug::builtin
