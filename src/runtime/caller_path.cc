#include "caller_path.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>

#include "snug/sys/file.hh"

namespace snug::runtime {
namespace {

using sys::Fd;

/// Text that is put together in place; what does not fit is cut, and was checked before.
class Text {
 public:
  Text(char* begin, std::size_t size) noexcept : at_(begin), end_(begin + size - 1) { *at_ = '\0'; }

  Text& add(std::string_view text) noexcept {
    const std::size_t size = std::min(text.size(), static_cast<std::size_t>(end_ - at_));
    std::memcpy(at_, text.data(), size);
    at_ += size;
    *at_ = '\0';
    return *this;
  }
  Text& add(int number) noexcept {
    std::array<char, 16> digits;
    const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    return add({digits.data(), static_cast<std::size_t>(end - digits.data())});
  }

 private:
  char* at_;
  char* end_;
};

// Links of /dev into the folder in /proc of whoever looks, which is another one here.
struct Alias {
  std::string_view name, link;
};
constexpr std::array aliases{Alias{"/proc/self/", ""}, Alias{"/proc/thread-self/", ""}, Alias{"/dev/fd/", "fd/"}, Alias{"/dev/stdin", "fd/0"}, Alias{"/dev/stdout", "fd/1"}, Alias{"/dev/stderr", "fd/2"}};

// How much of `path`, below a folder of /proc, names an open file, the folder or the root of that process; 0: it is another thing.
std::size_t open_file_in(std::string_view path) noexcept {
  if (path.starts_with("cwd") || path.starts_with("root")) {
    const std::size_t size = path[0] == 'c' ? 3 : 4;
    return path.size() == size || path[size] == '/' ? size : 0;
  }
  if (!path.starts_with("fd/")) return 0;
  const std::size_t end = std::min(path.find_first_not_of("0123456789", 3), path.size());
  return end > 3 && end < 14 && (end == path.size() || path[end] == '/') ? end : 0;
}

}  // namespace

void CallerPath::set(pid_t thread, int folder) noexcept {
  rest_ = "";
  Text base(base_.data(), base_.size());
  base.add(thread);
  if (folder == AT_FDCWD) static_cast<void>(base.add("/cwd"));
  else base.add("/fd/").add(folder);
}

void CallerPath::set_with_path(pid_t thread, int folder, bool follow) noexcept {
  if (path_[0] != '/') {
    set(thread, folder);
    rest_ = path_.data();
  } else if (!take_open_file(thread, follow)) {
    base_[0] = '\0';
    rest_ = path_.data();
  }
}

// "/proc/self/fd/3/a" is "a" from descriptor 3 on. Without more behind it and not followed, it is the link itself.
bool CallerPath::take_open_file(pid_t thread, bool follow) noexcept {
  const std::string_view path(path_.data());
  for (const Alias& alias : aliases) {
    if (!path.starts_with(alias.name)) continue;
    const std::string_view behind = path.substr(alias.name.size());
    if (!alias.name.ends_with('/') && !behind.empty() && behind[0] != '/') return false;
    std::array<char, 64> link;
    Text text(link.data(), link.size());
    text.add(alias.link).add(behind.substr(0, 20));
    const std::size_t size = open_file_in(link.data());
    if (size < alias.link.size() || size == 0) return false;
    std::string_view rest = behind.substr(size - alias.link.size());
    if (rest.empty() && !follow) return false;
    while (rest.starts_with('/')) rest.remove_prefix(1);
    Text(base_.data(), base_.size()).add(thread).add("/").add({link.data(), size});
    rest_ = path_.data() + path.size() - rest.size();
    return true;
  }
  return false;
}

const char* CallerPath::cut_name() noexcept {
  char* const begin = path_.data() + (rest_ - path_.data());
  const std::string_view rest(rest_);
  const std::size_t name = rest.rfind('/') + 1;  // npos + 1 is 0
  Text(name_.data(), name_.size()).add(rest.size() - name < name_.size() ? rest.substr(name) : "");
  begin[name > 1 ? name - 1 : name] = '\0';  // the root is a slash
  return name_.data();
}

const char* CallerPath::whole() noexcept {
  if (base_[0] == '\0') return rest_;
  if (*rest_ == '\0') return base_.data();
  if (std::strlen(base_.data()) + 1 + std::strlen(rest_) >= PATH_MAX) return nullptr;
  Text(whole_.data(), whole_.size()).add(base_.data()).add("/").add(rest_);
  return whole_.data();
}

Fd CallerPath::open(bool follow) const noexcept {
  const int flags = O_PATH | (follow ? 0 : O_NOFOLLOW);
  if (base_[0] == '\0') return sys::try_open_plainly(AT_FDCWD, rest_, flags);
  Fd base = sys::try_open(AT_FDCWD, base_.data(), O_PATH);
  return !base || *rest_ == '\0' ? std::move(base) : sys::try_open_plainly(base.get(), rest_, flags);
}

CallerRoot::CallerRoot(int processes) noexcept
    : processes_(processes), top_(sys::try_open(AT_FDCWD, "/", O_PATH | O_DIRECTORY)), top_identity_(look("/")), now_(top_identity_) {}

CallerRoot::Identity CallerRoot::look(const char* path) noexcept {
  struct statx status {};
  const bool seen = ::statx(AT_FDCWD, path, AT_STATX_DONT_SYNC, STATX_INO | STATX_MNT_ID, &status) == 0;
  return seen ? Identity{status.stx_mnt_id, status.stx_ino, std::uint64_t{status.stx_dev_major} << 32U | status.stx_dev_minor} : Identity{};
}

bool CallerRoot::share(pid_t thread) noexcept {
  std::array<char, 32> link;
  Text(link.data(), link.size()).add(thread).add("/root");
  const Identity wanted = look(link.data());
  if (wanted == Identity{}) return false;
  if (wanted == now_) return true;
  const Fd root = sys::try_open(AT_FDCWD, link.data(), O_PATH | O_DIRECTORY);
  return root && stand_on(root.get());
}

bool CallerRoot::stand_on(int root) noexcept {
  const bool stands = ::fchdir(root) == 0 && ::chroot(".") == 0;
  if (::fchdir(processes_) != 0) return false;
  now_ = stands ? look("/") : Identity{};
  return stands;
}

void CallerRoot::leave() noexcept {
  if (now_ != top_identity_) static_cast<void>(stand_on(top_.get()));
}

// "(unreachable)" is how the kernel names a folder outside the root.
bool CallerRoot::reaches(int folder) noexcept {
  leave();
  if (now_ != top_identity_) return false;
  std::array<char, PATH_MAX> name{};
  const bool within = ::fchdir(folder) == 0 && ::syscall(SYS_getcwd, name.data(), name.size()) > 0 && name[0] == '/';
  return ::fchdir(processes_) == 0 && within;
}

}  // namespace snug::runtime
