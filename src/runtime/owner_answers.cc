// What chown(2) has been asked for is kept beside the file, and what stat(2) gives is put together from both. Everything else is the kernel's: a
// file without a mark is looked at by the kernel itself, which reads the path anew. Whoever changes it meanwhile learns of another file what
// they could have asked for: no decision hangs on it, and nothing is done but by their own rights over files that are all of one owner.
//
// A path is walked with the root and from the folder of who names it, through no magic link, and ends at a descriptor that only names a file: nothing
// is opened that could have an effect. What was read of a thread's memory, and which thread that is, holds if the call still waits afterwards.

#include "owner_answers.hh"

#include <fcntl.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>

#include "snug/sys/file.hh"

namespace snug::runtime {
namespace {

using sys::Fd;
using Kind = OwnerRequest::Kind;

constexpr std::uint32_t as_it_is = UINT32_MAX;

/// The name of an open file by which it can be changed, though it was opened to be named only: in the current folder, a /proc.
class OpenName {
 public:
  explicit OpenName(int file) noexcept { *std::to_chars(text_.data() + 8, text_.data() + text_.size() - 1, file).ptr = '\0'; }
  [[nodiscard]] const char* c_str() const noexcept { return text_.data(); }

 private:
  std::array<char, 24> text_{"self/fd/"};
};

std::optional<OwnerMark> find_mark(int file) noexcept {
  std::array<char, 64> text;
  const ssize_t size = ::getxattr(OpenName(file).c_str(), owner_xattr, text.data(), text.size());
  return size > 0 ? parse_owner_mark({text.data(), static_cast<std::size_t>(size)}) : std::nullopt;
}

// 0 or errno. No mark is kept that says what is so without it.
int keep_mark(int file, const OwnerMark& mark) noexcept {
  const OpenName name(file);
  if (mark == OwnerMark{}) return ::removexattr(name.c_str(), owner_xattr) == 0 || errno == ENODATA ? 0 : errno;
  const OwnerText text(mark);
  return ::setxattr(name.c_str(), owner_xattr, text.view().data(), text.view().size(), 0) == 0 ? 0 : errno;
}

// What can have a mark. Of what belongs to others nobody here can say anything.
bool is_ours(const struct stat& status) noexcept { return (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode)) && status.st_uid == 0; }

template <typename Status>
std::span<const char> bytes_of(const Status& status) noexcept {
  return {reinterpret_cast<const char*>(&status), sizeof status};
}

// The thread's own, which a file is made with: /proc/THREAD/status.
std::uint32_t umask_of(pid_t thread) noexcept {
  constexpr std::string_view word = "\nUmask:\t";
  std::array<char, 24> path{};
  std::array<char, 1024> text;
  char* const end = std::to_chars(path.data(), path.data() + 12, thread).ptr;
  std::memcpy(end, "/status", 7);
  const Fd file = sys::try_open(AT_FDCWD, path.data(), O_RDONLY);
  const ssize_t size = file ? ::read(file.get(), text.data(), text.size()) : -1;
  const std::string_view status(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  std::uint32_t mask = 022;
  if (const std::size_t at = status.find(word); at != std::string_view::npos) std::from_chars(status.data() + at + word.size(), status.data() + status.size(), mask, 8);
  return mask;
}

}  // namespace

void OwnerAnswers::take() noexcept {
  if (!sys::receive_call(listener_, call_)) return;
  const Answer given = call_.thread > 0 ? answer(read_request(call_.number, call_.arguments)) : Answer();
  root_.leave();
  given ? sys::answer_call(listener_, call_.id, *given) : sys::pass_call(listener_, call_.id);
}

OwnerAnswers::Answer OwnerAnswers::answer(const OwnerRequest& request) noexcept {
  if (request.kind == Kind::none || !find_path(request)) return {};
  switch (request.kind) {
    case Kind::none: return {};
    case Kind::set_attribute: return set_attribute(request);
    case Kind::give: return give(request);
    case Kind::set_mode: return set_mode(request);
    case Kind::look:
    case Kind::look_wide: return look(request);
    case Kind::make_device: return make_device(request);
  }
  return {};
}

// What cannot be read, or is not there to be named, is for the kernel to refuse.
bool OwnerAnswers::find_path(const OwnerRequest& request) noexcept {
  itself_ = !request.path || (*request.path == 0 && request.may_be_empty);
  if (!itself_ && !sys::read_text(call_.thread, *request.path, path_.buffer())) return false;
  if (!itself_ && path_.buffer()[0] == '\0') {
    if (!request.may_be_empty) return false;
    itself_ = true;
  }
  if (itself_) return path_.set(call_.thread, request.folder), true;
  path_.set_with_path(call_.thread, request.folder, request.follow);
  return root_.share(call_.thread);
}

// Whether what the thread has open is known to have no mark: sooner than by its folder in /proc, which the kernel makes for whoever looks.
bool OwnerAnswers::is_plain(int number) noexcept {
  if (thread_number_ != call_.thread || !thread_) thread_ = sys::open_thread(call_.thread);
  Fd file = sys::copy_descriptor(thread_.get(), number);
  if (!file && errno == ESRCH) {  // that one has ended, and this one has its number
    thread_ = sys::open_thread(call_.thread);
    file = sys::copy_descriptor(thread_.get(), number);
  }
  thread_number_ = call_.thread;
  return file && ::fgetxattr(file.get(), owner_xattr, nullptr, 0) < 0 && errno != EBADF;  // what was opened to be named only
}

// A walk that opens nothing, for most files have none. Whether the call still waits is not asked: what comes of it then is nothing.
bool OwnerAnswers::is_marked(const OwnerRequest& request) noexcept {
  std::array<char, 64> text;
  if (itself_ && request.folder != AT_FDCWD && is_plain(request.folder)) return false;
  const bool follow = request.follow || *path_.rest() == '\0';  // a link in /proc is followed, to what it is open on
  const char* const whole = path_.whole();
  return whole && (follow ? ::getxattr(whole, owner_xattr, text.data(), text.size()) : ::lgetxattr(whole, owner_xattr, text.data(), text.size())) > 0;
}

OwnerAnswers::Answer OwnerAnswers::look(const OwnerRequest& request) noexcept {
  if (!is_marked(request)) return {};
  const Fd file = path_.open(request.follow);
  const auto mark = file ? find_mark(file.get()) : std::nullopt;
  if (!mark) return {};
  return tell(request, file.get(), *mark);
}

OwnerAnswers::Answer OwnerAnswers::tell(const OwnerRequest& request, int file, OwnerMark mark) noexcept {
  struct stat status {};
  struct statx wide {};
  if (::fstatat(file, "", &status, AT_EMPTY_PATH) != 0 || !is_ours(status)) return {};
  if (mark.is_device() && status.st_size != 0) mark.mode.reset();  // who wrote into it has made a file of it
  const std::uint32_t mode = mark.shown_mode(status.st_mode);
  if (request.kind == Kind::look) {
    status.st_uid = mark.uid, status.st_gid = mark.gid, status.st_mode = mode;
    if (mark.is_device()) status.st_rdev = makedev(mark.major, mark.minor), status.st_size = status.st_blocks = 0;
  } else {
    if (::statx(file, "", AT_EMPTY_PATH | request.flags, request.mask, &wide) != 0) return {};
    wide.stx_uid = mark.uid, wide.stx_gid = mark.gid, wide.stx_mode = static_cast<std::uint16_t>(mode);
    if (mark.is_device()) wide.stx_rdev_major = mark.major, wide.stx_rdev_minor = mark.minor, wide.stx_size = wide.stx_blocks = 0;
  }
  if (!is_waiting()) return {};
  const auto bytes = request.kind == Kind::look ? bytes_of(status) : bytes_of(wide);
  return sys::write_memory(call_.thread, request.buffer, bytes) ? 0 : EFAULT;
}

// To its own root, which the kernel allows, and which does all else that giving away does: set-user-ID and capabilities go, the time of the
// change is set, and what may not be changed is refused. Then what was meant is kept.
OwnerAnswers::Answer OwnerAnswers::give(const OwnerRequest& request) noexcept {
  const Fd file = path_.open(request.follow);
  if (!file) return !itself_ && path_.names_process() ? Answer(0) : Answer();  // else it is for the kernel to refuse
  struct stat status {};
  if (::fstatat(file.get(), "", &status, AT_EMPTY_PATH) != 0) return errno;
  if (!is_waiting()) return {};
  // As with `static`: what can keep nothing is said to have changed.
  if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) return 0;
  OwnerMark mark = find_mark(file.get()).value_or(OwnerMark{status.st_uid, status.st_gid});
  if (request.uid != as_it_is) mark.uid = request.uid;
  if (request.gid != as_it_is) mark.gid = request.gid;
  const auto own = [](std::uint32_t id) { return id == as_it_is ? as_it_is : 0U; };
  if (::chown(OpenName(file.get()).c_str(), own(request.uid), own(request.gid)) != 0) return errno;
  if (S_ISREG(status.st_mode) && !mark.is_device()) mark.mode.reset();
  const int error = keep_mark(file.get(), mark);
  return error == ENOTSUP ? 0 : error;
}

// The kernel sets it, bits and all: they are not among what could not be had any more.
OwnerAnswers::Answer OwnerAnswers::set_mode(const OwnerRequest& request) noexcept {
  if (!is_marked(request)) return {};
  const Fd file = path_.open(request.follow);
  auto mark = file ? find_mark(file.get()) : std::nullopt;
  if (!mark || !mark->mode || mark->is_device() || !is_waiting()) return {};
  mark->mode.reset();
  if (const int error = keep_mark(file.get(), *mark)) return error;
  return {};
}

// A list of who may use a file (acl(5)) may name ids that are not there to be named: then what it says of the others is done, as by
// the kernel, which makes the file's mode of it, and the rest is not. The mask is that of others, too: of the group it takes what is too much.
OwnerAnswers::Answer OwnerAnswers::set_list(const OwnerRequest& request, bool of_new_files) noexcept {
  struct {
    posix_acl_xattr_header header;
    std::array<posix_acl_xattr_entry, 256> entries;
  } list{};
  const std::size_t size = static_cast<std::size_t>(request.size), count = (std::max(size, sizeof list.header) - sizeof list.header) / sizeof list.entries[0];
  if (size > sizeof list || !sys::read_memory(call_.thread, request.buffer, {reinterpret_cast<char*>(&list), size}) || list.header.a_version != POSIX_ACL_XATTR_VERSION) return {};
  bool names_others = false;
  std::uint32_t owner = 0, group = 0, others = 0;
  std::optional<std::uint32_t> mask;
  for (std::size_t at = 0; at < count; ++at) {
    const auto& [tag, allowed, id] = list.entries[at];
    if (tag == ACL_USER || tag == ACL_GROUP) names_others |= id != 0;
    if (tag == ACL_USER_OBJ) owner = allowed;
    if (tag == ACL_GROUP_OBJ) group = allowed;
    if (tag == ACL_MASK) mask = allowed;
    if (tag == ACL_OTHER) others = allowed;
  }
  const Fd file = names_others ? path_.open(request.follow) : Fd();
  struct stat status {};
  if (!file || ::fstatat(file.get(), "", &status, AT_EMPTY_PATH) != 0 || !is_waiting()) return {};
  const mode_t mode = of_new_files ? status.st_mode & 07777U : (status.st_mode & 07000U) | (owner & 7U) << 6U | (group & mask.value_or(7U) & 7U) << 3U | (others & 7U);
  return ::chmod(OpenName(file.get()).c_str(), mode) == 0 ? 0 : errno;
}

// Those of the machine's root alone are said to be set, or gone, and are not, of any file that is there. The rest is the kernel's, and what others rely
// on: capabilities and labels, which it may keep, and the marks of overlays.
OwnerAnswers::Answer OwnerAnswers::set_attribute(const OwnerRequest& request) noexcept {
  std::array<char, 256> buffer{};
  if (!sys::read_text(call_.thread, request.name, buffer)) return {};
  const std::string_view name(buffer.data());
  if (request.size > 0 && (name == "system.posix_acl_access" || name == "system.posix_acl_default")) return set_list(request, name == "system.posix_acl_default");
  const bool kept = name == "security.capability" || name == "security.selinux" || name.starts_with("trusted.overlay.");
  if (kept || !(name.starts_with("trusted.") || name.starts_with("security."))) return {};
  return path_.open(request.follow) ? Answer(0) : Answer();
}

// An empty file stands for it, without bits that the mark has. Where it is made is for Landlock to say, which does not bind this process: who asks has
// that right below the container's root, not below one that he has chosen, which an open folder of the host may be.
OwnerAnswers::Answer OwnerAnswers::make_device(const OwnerRequest& request) noexcept {
  const char* const name = path_.cut_name();
  const Fd folder = path_.open(true);
  if (!folder) return errno;
  if (*name == '\0') return EEXIST;
  if (!root_.reaches(folder.get())) return EACCES;
  const std::uint32_t mode = request.mode & 07777U & ~umask_of(call_.thread);
  if (!is_waiting()) return {};
  const Fd file = sys::try_open(folder.get(), name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode & 0777U);
  if (!file) return errno;
  const OwnerMark mark{.mode = (request.mode & S_IFMT) | mode, .major = major(request.device), .minor = minor(request.device)};
  const int error = keep_mark(file.get(), mark);
  if (error) static_cast<void>(::unlinkat(folder.get(), name, 0));
  return error == ENOTSUP ? 0 : error;
}

}  // namespace snug::runtime
