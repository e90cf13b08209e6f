#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <memory>

#include "files.hh"
#include "snug/base/text.hh"

namespace snug::builtin {
namespace {

constexpr unsigned most_deep = 4000;  // a descriptor and a frame of the stack each

/// Goes down by descriptors: whoever puts a link in the place of a folder meanwhile leads nowhere.
class Remover {
 public:
  Remover(Call& call, bool quiet) : call_(call), quiet_(quiet) {}

  void remove(int folder, const std::string& name, const std::string& shown, unsigned depth) {
    if (::unlinkat(folder, name.c_str(), 0) == 0 || (quiet_ && errno == ENOENT)) return;
    const int error = errno;
    if (error != EISDIR && error != EPERM) return call_.complain(shown, error);
    const int fd = ::openat(folder, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) return call_.complain(shown, errno == ENOTDIR ? error : errno);
    if (depth >= most_deep) {
      ::close(fd);
      return call_.complain(format("{}: folders lie too deep in each other", printable(shown)));
    }
    empty(fd, shown, depth);
    if (::unlinkat(folder, name.c_str(), AT_REMOVEDIR) != 0) call_.complain(shown, errno);
  }

 private:
  // Takes the descriptor over.
  void empty(int fd, const std::string& shown, unsigned depth) {
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(::fdopendir(fd), ::closedir);
    if (!entries) return call_.complain(shown, errno);
    std::vector<std::string> names;
    while (const dirent* entry = ::readdir(entries.get()))
      if (const std::string_view name = entry->d_name; name != "." && name != "..") names.emplace_back(name);
    for (const std::string& name : names) remove(fd, name, join_path(shown, name), depth + 1);
  }

  Call& call_;
  bool quiet_;
};

}  // namespace

void remove_entry(Call& call, const std::string& path, bool recursive, bool quiet) {
  if (recursive) return Remover(call, quiet).remove(AT_FDCWD, path, path, 0);
  if (::unlink(path.c_str()) != 0 && !(quiet && errno == ENOENT)) call.complain(path, errno);
}

int remove_files(Call& call) {
  const Options options(call, "Rdfirv", {{"recursive", 'r'}, {"force", 'f'}, {"verbose", 'v'}});
  if (options.has('i')) throw Failure("nobody is asked here: leave -i out", 2);
  if (!options.has('f')) options.need(1, SIZE_MAX);
  for (const std::string& path : options.operands()) {
    const std::string_view name = base_name(path);
    if (name == "." || name == ".." || name == "/") {
      call.complain(format("{}: is not removed", printable(path)));
      continue;
    }
    const int before = std::exchange(call.status, 0);
    if (options.has('d') && ::rmdir(path.c_str()) == 0) continue;
    std::string plain = path;
    while (plain.size() > 1 && plain.ends_with('/')) plain.pop_back();
    remove_entry(call, plain, options.has('r') || options.has('R'), options.has('f'));
    if (options.has('v') && call.status == 0) call.out.line(call.out.name(format("removed '{}'", path)));
    call.status |= before;
  }
  return call.status;
}

}  // namespace snug::builtin
