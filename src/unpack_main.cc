#include <fcntl.h>
#include <unistd.h>

#include <exception>
#include <string>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/image/unpack.hh"
#include "snug/sys/file.hh"

// snug-unpack: unpacks the archive on descriptor 0 into the folder that it stands in. It is the payload of a
// container of its own, pivoted into that folder: there is no /proc, no loader and nothing to trust in its tree.
// On 1 it tells the program that started it "entries N devices N owners N xattrs N"; where it fails it exits with 1
// and says on 2 why, in one escaped line without a line feed, to be put behind the archive's name.

namespace {

int explain(std::string_view text) {
  constexpr std::size_t longest = 2000;
  static_cast<void>(snug::sys::write_all(STDERR_FILENO, text.substr(0, longest)));
  return 1;
}

}  // namespace

int main() {
  try {
    const snug::sys::Fd target = snug::sys::open(AT_FDCWD, ".", O_RDONLY | O_DIRECTORY);
    const snug::image::Unpacked done = snug::image::unpack(STDIN_FILENO, target.get());
    const std::string line = snug::format("entries {} devices {} owners {} xattrs {}\n", done.entries, done.devices,
                                          done.owners, done.xattrs);
    if (const int error = snug::sys::write_all(STDOUT_FILENO, line)) throw snug::system_error("tell the counts", error);
    return 0;
  } catch (const snug::Error& error) {
    return explain(error.message());
  } catch (const std::exception& error) {
    return explain(snug::format("gave up: {}", error.what()));
  }
}
