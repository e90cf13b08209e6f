#include <fcntl.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <string>
#include <string_view>
#include <vector>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/layer/copy.hh"
#include "snug/layer/pack.hh"
#include "snug/layer/seam.hh"
#include "snug/layer/unpack.hh"
#include "snug/sys/file.hh"

// snug-layer pack|pack-fuse|pack-onto|pack-tree [PATH...]: packs the folder that it stands in, an overlay's upper, a layer or a whole tree, into a tar
// archive on 1; PATHs are left out where they are empty, and those with a slash at their end in any case.
// snug-layer rewrite: reads any archive on 0 and writes it to 1 in the form that snug cp receives.
// snug-layer tree|layer|onto: unpacks the archive on descriptor 0, a root or a layer of an image, into the folder that it
// stands in. It is the payload of a container of its own, pivoted into that folder: there is no /proc, no loader and
// nothing to trust in its tree. On 1 it tells the program that started it "entries N devices N owners N xattrs N marks N",
// and of a layer, in a second line, what layer::render_account gives;
// where it fails it exits with 1 and says on 2 why, in one escaped line without a line feed, to be put behind the archive's name.

namespace {

int explain(std::string_view text) {
  constexpr std::size_t longest = 2000;
  static_cast<void>(snug::sys::write_all(STDERR_FILENO, text.substr(0, longest)));
  return 1;
}

// Nine tenths of what is free: whatever an archive claims to be, others on the disk still find room.
snug::layer::Limits limits_of(int target) {
  snug::layer::Limits limits;
  struct statvfs disk {};
  if (::fstatvfs(target, &disk) != 0) return limits;
  if (disk.f_bavail == 0) throw snug::Error("no room is left for it on the disk where snug keeps its data");
  limits.bytes = std::uint64_t{disk.f_bavail} * disk.f_frsize / 10 * 9;
  if (disk.f_favail > 0) limits.entries = std::min<std::uint64_t>(limits.entries, disk.f_favail / 10 * 9);
  return limits;
}

void unpack(snug::layer::Form form) {
  const snug::sys::Fd target = snug::sys::open(AT_FDCWD, ".", O_RDONLY | O_DIRECTORY);
  const snug::layer::Unpacked done = snug::layer::unpack(STDIN_FILENO, target.get(), form, limits_of(target.get()));
  std::string told = snug::format("entries {} devices {} owners {} xattrs {} marks {}\n", done.entries, done.devices,
                                  done.owners, done.xattrs, done.marks);
  if (form == snug::layer::Form::layer) told += snug::layer::render_account(done);
  if (const int error = snug::sys::write_all(STDOUT_FILENO, told)) throw snug::system_error("tell the counts", error);
}

void pack(snug::layer::Form form, std::vector<std::string> left_out) {
  // Each folder on the way down stays open.
  if (rlimit files{}; ::getrlimit(RLIMIT_NOFILE, &files) == 0) {
    files.rlim_cur = files.rlim_max;
    static_cast<void>(::setrlimit(RLIMIT_NOFILE, &files));
  }
  const snug::sys::Fd tree = snug::sys::open(AT_FDCWD, ".", O_RDONLY | O_DIRECTORY);
  static_cast<void>(snug::layer::pack(tree.get(), STDOUT_FILENO, form, left_out));
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view verb = argc > 1 ? argv[1] : "";
  try {
    if (verb == "tree")
      unpack(snug::layer::Form::tree);
    else if (verb == "layer")
      unpack(snug::layer::Form::layer);
    else if (verb == "onto")
      unpack(snug::layer::Form::onto);
    else if (verb == "pack")
      pack(snug::layer::Form::layer, {argv + 2, argv + argc});
    else if (verb == "pack-fuse")
      pack(snug::layer::Form::fuse_layer, {argv + 2, argv + argc});
    else if (verb == "pack-onto")
      pack(snug::layer::Form::onto, {argv + 2, argv + argc});
    else if (verb == "pack-tree")
      pack(snug::layer::Form::tree, {argv + 2, argv + argc});
    else if (verb == "rewrite")
      snug::layer::rewrite_archive(STDIN_FILENO, STDOUT_FILENO);
    else
      throw snug::Error("snug-layer is a part of snug, which starts it");
    return 0;
  } catch (const snug::Error& error) {
    return explain(error.message());
  } catch (const std::exception& error) {
    return explain(snug::format("gave up: {}", error.what()));
  }
}
