// An overlay may have more layers than one string has room for, so there are three ways to make it (LowersBy): the one that
// every kernel knows where it is enough, else the one without a limit of its own, else, on a kernel that does not know
// that yet, mount(2).

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <string_view>
#include <utility>

#include "mounts.hh"
#include "snug/sys/file.hh"
#include "snug/sys/mount.hh"

namespace snug::runtime {
namespace {

using sys::Fd;

constexpr std::size_t option_size = 256;  // of a string of fsconfig(2), with the NUL
constexpr std::size_t page_size = 4096;   // of the options of mount(2): what is longer is cut off without a word
constexpr std::string_view fd_folder = "/proc/self/fd/";

// Text that is put together without allocating; what does not fit is remembered.
template <std::size_t size>
class Text {
 public:
  Text& add(std::string_view text) noexcept {
    if (length_ + text.size() >= size) {
      full_ = true;
    } else {
      std::memcpy(text_ + length_, text.data(), text.size());
      length_ += text.size();
    }
    return *this;
  }
  Text& add(int number) noexcept {
    char digits[16];
    return add({digits, static_cast<std::size_t>(std::to_chars(digits, digits + sizeof digits, number).ptr - digits)});
  }
  [[nodiscard]] bool full() const noexcept { return full_; }
  [[nodiscard]] const char* c_str() noexcept {
    text_[length_] = '\0';
    return text_;
  }

 private:
  char text_[size];
  std::size_t length_ = 0;
  bool full_ = false;
};

using FdPath = Text<32>;
FdPath path_of(int fd) noexcept { return FdPath().add(fd_folder).add(fd); }

Fd open_layer(const Context& context, const plan::Layer& layer) noexcept {
  const int below = layer.mount ? context.slots[*layer.mount] : layer.path.starts_with('/') ? AT_FDCWD : context.folder;
  return sys::try_open(below, layer.path.c_str(), O_PATH | O_DIRECTORY);
}

// Opens all layers, the lowers first. They stay open until the mount is made: the names lead through them.
int open_layers(Context& context, const plan::MakeOverlay& step) noexcept {
  const auto open = [&](const plan::Layer& layer) noexcept {
    const int fd = open_layer(context, layer).release();
    if (fd < 0) return errno;
    context.layers.push_back(fd);  // has room for them all
    return 0;
  };
  for (const plan::Layer& layer : step.lowers)
    if (const int error = open(layer)) return error;
  if (!step.upper) return 0;
  if (const int error = open(*step.upper)) return error;
  return open(*step.work);
}

void close_layers(Context& context) noexcept {
  for (const int fd : context.layers) ::close(fd);
  context.layers.clear();
}

template <std::size_t size>
void add_lowers(Text<size>& text, const Context& context, std::size_t count, std::string_view folder) noexcept {
  for (std::size_t at = 0; at < count; ++at) text.add(at ? ":" : "").add(folder).add(context.layers[at]);
}

int set_lowers(const Context& context, int filesystem, std::size_t count, LowersBy way) noexcept {
  if (way == LowersBy::one_option) {
    Text<option_size> joined;
    add_lowers(joined, context, count, fd_folder);
    return joined.full() ? E2BIG : sys::set_option(filesystem, "lowerdir", joined.c_str());
  }
  for (std::size_t at = 0; at < count; ++at)
    if (const int error = sys::set_option(filesystem, "lowerdir+", path_of(context.layers[at]).c_str())) return error;
  return 0;
}

// `upper`: the descriptors of upper and work; null where there are none.
int set_options(const Context& context, int filesystem, const plan::MakeOverlay& step, const int* upper, LowersBy way) noexcept {
  if (const int error = sys::set_option(filesystem, "source", "snug")) return error;
  if (const int error = set_lowers(context, filesystem, step.lowers.size(), way)) return error;
  if (upper) {
    if (const int error = sys::set_option(filesystem, "upperdir", path_of(upper[0]).c_str())) return error;
    if (const int error = sys::set_option(filesystem, "workdir", path_of(upper[1]).c_str())) return error;
    // Thrown away with the container: nothing need reach the disk before the mount goes.
    if (const int error = step.kept ? 0 : sys::set_option(filesystem, "volatile", "")) return error;
  }
  return sys::set_option(filesystem, "userxattr", "");
}

int make_by_options(const Context& context, const plan::MakeOverlay& step, const int* upper, LowersBy way, Report& report, Fd& mount) noexcept {
  const Fd filesystem = sys::open_filesystem("overlay");
  if (!filesystem) return errno;
  int error = set_options(context, filesystem.get(), step, upper, way);
  if (!error) {
    mount = sys::make_mount(filesystem.get(), attributes_of(step.flags));
    error = mount ? 0 : errno;
  }
  if (error) sys::read_reason(filesystem.get(), report.reason.data(), report.reason.size());
  return error;
}

// A folder in memory to mount on, which nobody sees.
Fd make_place(const char* name) noexcept {
  const Fd filesystem = sys::open_filesystem("tmpfs");
  Fd place = filesystem ? sys::make_mount(filesystem.get(), MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC) : Fd();
  if (!place) return {};
  if (const int error = stage(place.get())) return errno = error, Fd();
  return ::mkdirat(place.get(), name, 0700) == 0 ? std::move(place) : Fd();
}

// The names are relative to /proc/self/fd, "12:13:14", so that five hundred fit into the page.
int make_by_mount(const Context& context, const plan::MakeOverlay& step, const int* upper, Fd& mount) noexcept {
  Text<page_size> options;
  add_lowers(options.add("userxattr,lowerdir="), context, step.lowers.size(), "");
  if (upper) options.add(",upperdir=").add(upper[0]).add(",workdir=").add(upper[1]).add(step.kept ? "" : ",volatile");
  if (options.full()) return E2BIG;
  constexpr const char* name = "overlay";
  const Fd place = make_place(name);
  if (!place) return errno;
  FdPath target = path_of(place.get()).add("/").add(name);
  if (::chdir("/proc/self/fd") != 0) return errno;
  const int error = ::mount("snug", target.c_str(), "overlay", 0, options.c_str()) == 0 ? 0 : errno;
  if (::chdir("/") != 0) return errno;
  if (error) return error;
  mount = sys::clone_tree(place.get(), name, false);
  if (!mount) return errno;
  if (::umount2(target.c_str(), MNT_DETACH) != 0) return errno;
  return sys::set_mount_attributes(mount.get(), attributes_of(step.flags), false);
}

// The kernel takes no overlay of one lower folder, which would be that folder.
int show_alone(const Context& context, const plan::MakeOverlay& step, Fd& mount) noexcept {
  mount = sys::clone_tree(context.layers[0], "", false);
  plan::MountFlags flags = step.flags;
  flags.read_only = true;
  return mount ? sys::set_mount_attributes(mount.get(), attributes_of(flags), false) : errno;
}

}  // namespace

LowersBy first_way(std::size_t lowers) noexcept {
  constexpr std::size_t longest = fd_folder.size() + 5;  // ":" and four digits
  return lowers * longest < option_size ? LowersBy::one_option : LowersBy::many_options;
}

int make_overlay(Context& context, const plan::MakeOverlay& step, LowersBy way, Report& report, Fd& mount) noexcept {
  int error = open_layers(context, step);
  const int* upper = step.upper && !error ? &context.layers[step.lowers.size()] : nullptr;
  if (!error && !upper && step.lowers.size() == 1)
    error = show_alone(context, step, mount);
  else if (!error)
    error = way == LowersBy::mount_call ? make_by_mount(context, step, upper, mount) : make_by_options(context, step, upper, way, report, mount);
  close_layers(context);
  return error;
}

int apply(Context& context, const plan::MakeOverlay& step, Report& report) noexcept {
  constexpr std::size_t most = 500;  // OVL_MAX_STACK
  if (step.lowers.size() > most) return E2BIG;
  const LowersBy way = first_way(step.lowers.size());
  Fd mount;
  if (!step.program.empty()) {
    const int error = make_served(context, step, report, mount);
    return error ? error : fill(context, step.slot, std::move(mount), true);
  }
  int error = make_overlay(context, step, way, report, mount);
  if (error == EINVAL && way == LowersBy::many_options) {
    const int other = make_overlay(context, step, LowersBy::mount_call, report, mount);
    if (!other) report.reason[0] = '\0';
    error = other;
  }
  return error ? error : fill(context, step.slot, std::move(mount), step.upper || step.lowers.size() > 1);
}

}  // namespace snug::runtime
