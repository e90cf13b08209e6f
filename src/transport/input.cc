#include "input.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "compress.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::transport {
namespace {

using image::Store;

struct stat status_of(int file) {
  const auto status = sys::find_status(file, "");
  if (!status) throw system_error("look at the archive", errno);
  return *status;
}

// Reads as much as there is, up to the size of a piece.
std::shared_ptr<Buffer> read_piece(int file) {
  auto buffer = std::make_shared<Buffer>();
  while (buffer->size < piece_size) {
    const ssize_t count = ::read(file, buffer->bytes.get() + buffer->size, piece_size - buffer->size);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw system_error("read the archive", errno);
    if (count == 0) break;
    buffer->size += static_cast<std::size_t>(count);
  }
  return buffer;
}

// As for the files of a layer: a few bytes may inflate to more than there is, and others want some of the disk.
std::uint64_t room_for(int file) {
  struct statvfs disk {};
  if (::fstatvfs(file, &disk) != 0) throw system_error("ask for the free room in the store", errno);
  return std::uint64_t{disk.f_bavail} * disk.f_frsize / 10 * 9;
}

// Others read these, and a registry has none of them.
void refuse_others(std::string_view head) {
  using namespace std::string_view_literals;
  for (const auto& [magic, program] : {std::pair{"\xfd" "7zXZ\0"sv, "xz"}, std::pair{"BZh"sv, "bzip2"}, std::pair{"\x04\x22\x4d\x18"sv, "lz4"}})
    if (head.starts_with(magic)) throw Error(format("the archive is compressed with {}, which snug does not read here", program), format("{} -dc FILE | snug load, or snug import", program));
}

sys::Fd copy(int from, Keep keep, const Store& store) {
  sys::Fd to = make_nameless(store);
  const std::uint64_t room = room_for(to.get());
  std::uint64_t size = 0;
  Crew crew;
  Stage writer(crew, [&](const Piece& piece) {
    if ((size += piece->size) > room)
      throw Error(format("it is larger than the {} bytes that it may fill: nine tenths of what is free where the store lies", room), "'snug df' tells what images and containers take, and 'snug gc' removes what nothing needs");
    if (const int error = sys::write_all(to.get(), piece->view())) throw system_error("copy the archive into the store", error);
  });
  try {
    auto piece = read_piece(from);
    refuse_others(piece->view());
    const image::Compression compression = find_compression(piece->view());
    std::optional<Inflater> inflater;
    if (keep == Keep::plain && compression != image::Compression::none) inflater.emplace(compression, [&](Piece plain) { writer.put(std::move(plain)); });
    for (; piece->size > 0; piece = read_piece(from)) {
      if (inflater) inflater->add(piece->view());
      else writer.put(std::move(piece));
    }
    if (inflater) inflater->finish();
    writer.finish();
  } catch (const Stopped&) {
    crew.rethrow();
    throw;
  }
  return to;
}

bool is_compressed(int file) {
  std::array<char, 6> head{};
  const ssize_t count = ::pread(file, head.data(), head.size(), 0);
  const std::string_view start(head.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
  refuse_others(start);
  return find_compression(start) != image::Compression::none;
}

}  // namespace

sys::Fd open_input(const std::string& path) {
  sys::Fd file = path == "-" ? sys::Fd(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)) : sys::open(AT_FDCWD, path, O_RDONLY | O_NOCTTY);
  if (!file) throw system_error("read from standard input", errno);
  if (::isatty(file.get()))
    throw UsageError(path == "-" ? "standard input is a terminal, not an archive" : format("{} is a terminal, not an archive", quoted(path)),
                     "give it one: < FILE");
  return file;
}

sys::Fd make_nameless(const Store& store) {
  const image::Staged staged = image::Staged::open_file(store, format("archive-{}", sys::random_name()));
  ::unlink(staged.path().c_str());
  sys::Fd file(::fcntl(staged.fd(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  if (!file) throw system_error("copy a descriptor", errno);
  return file;
}

bool is_folder(int file) { return S_ISDIR(status_of(file).st_mode); }

Input make_seekable(sys::Fd file, Keep keep, const Store& store) {
  const bool serves = S_ISREG(status_of(file.get()).st_mode) && ::lseek(file.get(), 0, SEEK_CUR) == 0;
  if (!serves || (is_compressed(file.get()) && keep == Keep::plain)) file = copy(file.get(), keep, store);
  const auto size = static_cast<std::uint64_t>(status_of(file.get()).st_size);
  return {std::move(file), size};
}

}  // namespace snug::transport
