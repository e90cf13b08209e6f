// Steps inside the new root. The old root is gone by now, and still no path is trusted: each is resolved by
// openat2(2) below the root, and used as a descriptor.

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <cstring>
#include <string_view>

#include "child.hh"
#include "snug/plan/host_facts.hh"
#include "snug/sys/file.hh"
#include "snug/sys/mount.hh"
#include "snug/sys/process.hh"

namespace snug::runtime {
namespace {

using sys::Fd;

// A path that grows in place: the child does not allocate.
class PathBuffer {
 public:
  [[nodiscard]] bool assign(std::string_view text) noexcept {
    size_ = 0;
    return append(text);
  }
  [[nodiscard]] bool append(std::string_view text) noexcept {
    if (size_ + text.size() >= sizeof text_) return false;
    std::memcpy(text_ + size_, text.data(), text.size());
    size_ += text.size();
    text_[size_] = '\0';
    return true;
  }
  [[nodiscard]] const char* c_str() const noexcept { return text_; }
  [[nodiscard]] std::string_view view() const noexcept { return {text_, size_}; }

 private:
  char text_[PATH_MAX];
  std::size_t size_ = 0;
};

// Whether things may be made in this folder: not on the host's side of a bind.
bool is_own(const Context& context, int folder) noexcept {
  const auto& own = context.own_mounts;
  return std::find(own.begin(), own.end(), sys::mount_id(folder)) != own.end();
}

struct Making {
  bool folder = true;
  std::uint32_t mode = 0755;
};

// Opens the folder that `path`'s last name is in, making the ones that are missing.
Fd open_parent(const Context& context, std::string_view path) noexcept {
  PathBuffer prefix;
  Fd parent = sys::try_open(context.root, ".", O_PATH | O_DIRECTORY);
  for (std::size_t slash = path.find('/', 1); slash != std::string_view::npos; slash = path.find('/', slash + 1)) {
    if (!prefix.assign(path.substr(0, slash))) return errno = ENAMETOOLONG, Fd();
    Fd next = sys::try_open_in_root(context.root, prefix.c_str(), O_PATH | O_DIRECTORY);
    if (!next && errno == ENOENT) {
      if (!is_own(context, parent.get())) return errno = EXDEV, Fd();
      const char* name = prefix.c_str() + prefix.view().rfind('/') + 1;
      if (::mkdirat(parent.get(), name, 0755) != 0) return Fd();
      next = sys::try_open_in_root(context.root, prefix.c_str(), O_PATH | O_DIRECTORY);
    }
    if (!next) return Fd();
    parent = std::move(next);
  }
  return parent;
}

// Makes a folder or an empty file that is not there yet, and opens it.
Fd make_one(int parent, const char* name, Making making) noexcept {
  if (!making.folder) return sys::try_open(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644);
  if (::mkdirat(parent, name, making.mode) != 0) return Fd();
  return sys::try_open(parent, name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
}

// Opens `path` below the root (O_PATH); makes it where it is not there. A link that leads to nothing is followed
// by hand, so that what it names is made, below the root like everything else.
Fd open_or_make(const Context& context, const char* path, Making making) noexcept {
  PathBuffer wanted;
  if (!wanted.assign(path)) return errno = ENAMETOOLONG, Fd();
  for (int hop = 0; hop < 8; ++hop) {
    Fd found = sys::try_open_in_root(context.root, wanted.c_str(), O_PATH);
    if (found || errno != ENOENT) return found;
    const Fd parent = open_parent(context, wanted.view());
    if (!parent) return Fd();
    if (!is_own(context, parent.get())) return errno = EXDEV, Fd();
    const std::size_t slash = wanted.view().rfind('/');
    const char* name = wanted.c_str() + slash + 1;
    found = make_one(parent.get(), name, making);
    if (found || errno != EEXIST) return found;
    char link[PATH_MAX];
    const ssize_t length = ::readlinkat(parent.get(), name, link, sizeof link);
    if (length <= 0) return Fd();
    const std::string_view leads(link, static_cast<std::size_t>(length));
    PathBuffer next;
    const std::string_view base = leads[0] == '/' ? std::string_view() : wanted.view().substr(0, slash + 1);
    if (!next.assign(base) || !next.append(leads)) return errno = ENAMETOOLONG, Fd();
    wanted = next;
  }
  return errno = ELOOP, Fd();
}

bool is_folder(int fd) noexcept {
  const auto status = sys::find_status(fd, "");
  return status && S_ISDIR(status->st_mode);
}

const char* last_name(std::string_view path) noexcept { return path.data() + path.rfind('/') + 1; }

Fd open_target(const Context& context, const plan::Attach& step, int mount) noexcept {
  if (step.missing == plan::Attach::Target::must_exist) return sys::try_open_in_root(context.root, step.target.c_str(), O_PATH);
  const auto status = sys::find_status(mount, "");
  if (!status) return Fd();
  const Making making{S_ISDIR(status->st_mode), 0755};
  if (step.within) return make_one(context.slots[*step.within], last_name(step.target), making);
  return open_or_make(context, step.target.c_str(), making);
}

/// What lies over the things that are hidden: of each kind one, and copies of it.
class Covers {
 public:
  Covers(const Context& context, plan::Slot null) noexcept : context_(context), null_(context.slots[null]) {}

  int hide(const char* path) noexcept {
    const Fd target = sys::try_open_in_root(context_.root, path, O_PATH);
    if (!target) return errno;
    const auto status = sys::find_status(target.get(), "");
    if (!status) return errno;
    return S_ISDIR(status->st_mode) ? hide_folder(target.get()) : hide_file(target.get());
  }

  int make_read_only(const char* path) noexcept {
    const Fd target = sys::try_open_in_root(context_.root, path, O_PATH);
    if (!target) return errno;
    // With what is mounted below: of the host's /proc that is not to be parted from it.
    Fd copy = sys::clone_tree(target.get(), "", true);
    if (!copy) return errno;
    if (const int error = sys::set_mount_attributes(copy.get(), MOUNT_ATTR_RDONLY, true)) return error;
    return attach(std::move(copy), target.get());
  }

 private:
  static int attach(const Fd& mount, int target) noexcept { return mount ? sys::attach_mount(mount.get(), target) : errno; }

  // Only what is attached can be copied (open_tree(2), before Linux 6.15): the first is the original, where that lies in no /dev.
  int hide_file(int target) noexcept {
    const Fd copy = sys::clone_tree(null_, "", false);
    return copy ? sys::attach_mount(copy.get(), target) : errno == EINVAL ? sys::attach_mount(null_, target) : errno;
  }

  // The same.
  int hide_folder(int target) noexcept {
    if (folder_) return attach(sys::clone_tree(folder_.get(), "", false), target);
    const Fd filesystem = sys::open_filesystem("tmpfs");
    if (!filesystem) return errno;
    for (const auto& [key, value] : {std::pair{"mode", "0555"}, std::pair{"size", "4096"}})
      if (const int error = sys::set_option(filesystem.get(), key, value)) return error;
    folder_ = sys::make_mount(filesystem.get(), MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
    return attach(folder_, target);
  }

  const Context& context_;
  int null_;
  Fd folder_;
};

// Does it to `path`, or where that has a "*", to each number in its place up to the first folder of that name that is not there: what is
// to be covered may be missing in one, and there in the next.
template <typename Function>
int for_each_path(int root, std::string_view path, Function&& function) noexcept {
  const std::size_t star = path.find('*');
  for (int number = 0;; ++number) {
    char digits[12];
    const char* end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    PathBuffer each;
    const std::string_view middle(digits, static_cast<std::size_t>(end - digits));
    if (!each.assign(path.substr(0, star)) || (star != std::string_view::npos && !each.append(middle))) return ENAMETOOLONG;
    if (star != std::string_view::npos) {
      if (!sys::try_open_in_root(root, each.c_str(), O_PATH)) return errno == ENOENT || errno == ENOTDIR ? 0 : errno;
      if (!each.append(path.substr(star + 1))) return ENAMETOOLONG;
    }
    int error = function(each.c_str());
    if (error == ENOENT || error == ENOTDIR) error = 0;
    if (error || star == std::string_view::npos) return error;
  }
}

// The container's own memory, or nothing: of one that runs the plan has seen that it is, and knows no numbers of mounts.
Fd open_run(const Context& context) noexcept {
  const Fd root = sys::try_open(AT_FDCWD, "/", O_PATH | O_DIRECTORY);
  Fd run = sys::try_open(root.get(), "run", O_PATH | O_DIRECTORY | O_NOFOLLOW);
  struct statfs filesystem {};
  const bool memory = run && ::fstatfs(run.get(), &filesystem) == 0 && filesystem.f_type == TMPFS_MAGIC;
  return memory && (context.own_mounts.empty() || is_own(context, run.get())) ? std::move(run) : Fd();
}

// Nothing that is mounted there is entered.
Fd open_or_make_within(const Fd& parent, const char* name) noexcept {
  if (::mkdirat(parent.get(), name, 0755) != 0 && errno != EEXIST) return {};
  Fd folder = sys::try_open(parent.get(), name, O_PATH | O_DIRECTORY | O_NOFOLLOW);
  return folder && sys::mount_id(folder.get()) == sys::mount_id(parent.get()) ? std::move(folder) : Fd();
}

}  // namespace

int apply(Context& context, const plan::KeepNamespaces& step, Report& report) noexcept {
  std::array<int, sys::max_descriptors> kept{};
  std::size_t count = 0;
  char path[32] = "self/ns/";
  for (const std::string& kind : step.kinds) {
    int fd = context.root;
    if (kind != plan::KeepNamespaces::root) {
      kind.copy(path + 8, sizeof path - 9);
      path[8 + std::min(kind.size(), sizeof path - 9)] = '\0';
      // Left open, of whom they are anyway: what is left of this process closes all that it does not need.
      fd = sys::try_open(context.slots[step.proc], path, O_RDONLY).release();
      if (fd < 0) return errno;
    }
    kept[count++] = fd;
  }
  report.kind = Report::namespaces;
  const int error = sys::send_message(context.report, {reinterpret_cast<const char*>(&report), sizeof report}, {kept.data(), count});
  report.kind = Report::done;
  return error;
}

int apply(Context& context, const plan::Attach& step, Report&) noexcept {
  const int mount = context.slots[step.slot];
  const bool optional = step.missing == plan::Attach::Target::optional;
  const Fd target = open_target(context, step, mount);
  if (!target) return optional ? 0 : errno;
  if (optional && is_folder(target.get()) != is_folder(mount)) return 0;  // neither fits onto the other
  // Where links lead to "/" the mount would be seen by nobody inside, and be the root of whoever joins later.
  if (!step.within && sys::is_mount_root(target.get()) && sys::mount_id(target.get()) == context.root_mount) return EBUSY;
  if (const int error = sys::attach_mount(mount, target.get())) return error;
  if (context.own[step.slot] && context.own_mounts.size() < context.own_mounts.capacity())
    context.own_mounts.push_back(sys::mount_id(mount));
  return 0;
}

int apply(Context& context, const plan::MakeLink& step, Report&) noexcept {
  const Fd found = step.within ? Fd() : open_parent(context, step.path);
  if (!step.within && !found) return errno;
  const int parent = step.within ? context.slots[*step.within] : found.get();
  const char* name = last_name(step.path);
  if (!step.within && !is_own(context, parent)) return sys::find_status(parent, name) ? 0 : EXDEV;
  return ::symlinkat(step.link.c_str(), parent, name) == 0 || errno == EEXIST ? 0 : errno;
}

int apply(Context& context, const plan::MakeFolder& step, Report&) noexcept {
  const Fd made = open_or_make(context, step.path.c_str(), {true, step.mode});
  return made ? 0 : errno;
}

int apply(Context& context, const plan::PartFolder& step, Report&) noexcept {
  const Fd folder = open_or_make(context, step.path.c_str(), {});
  if (!folder) return errno;
  // Where links lead to "/" all of the root would be parted.
  if (sys::is_mount_root(folder.get())) return sys::mount_id(folder.get()) == context.root_mount ? EBUSY : 0;
  const bool own = is_own(context, folder.get());
  const Fd copy = sys::clone_tree(folder.get(), "", false);
  if (!copy) return errno;
  if (const int error = sys::attach_mount(copy.get(), folder.get())) return error;
  if (own && context.own_mounts.size() < context.own_mounts.capacity()) context.own_mounts.push_back(sys::mount_id(copy.get()));
  return 0;
}

int apply(Context& context, const plan::MaskPaths& step, Report&) noexcept {
  Covers covers(context, step.null);
  for (const std::string& path : step.hidden)
    if (const int error = for_each_path(context.root, path, [&](const char* each) { return covers.hide(each); })) return error;
  for (const std::string& path : step.read_only)
    if (const int error = for_each_path(context.root, path, [&](const char* each) { return covers.make_read_only(each); })) return error;
  return 0;
}

// Of a container that runs /run belongs to whoever lives in it: no link is followed. Without an entry a terminal works all the same, only worse.
int apply(Context& context, const plan::CarryTerminal& step, Report&) noexcept {
  const char first[] = {step.type[0], '\0'};
  const Fd run = open_run(context), all = open_or_make_within(run, last_name(plan::terminfo_folder)), folder = open_or_make_within(all, first);
  if (!folder) return 0;
  const char* name = step.type.c_str();
  ::unlinkat(folder.get(), name, 0);  // where there is something, it is no entry
  const Fd file = sys::try_open(folder.get(), name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644);
  if (file && sys::write_all(file.get(), step.entry) != 0) ::unlinkat(folder.get(), name, 0);
  return 0;
}

int apply(Context& context, const plan::SetMountFlags& step, Report&) noexcept {
  const Fd target = sys::try_open_in_root(context.root, step.target.c_str(), O_PATH);
  if (!target) return errno;
  return sys::set_mount_attributes(target.get(), attributes_of(step.flags), step.flags.recursive);
}

}  // namespace snug::runtime
