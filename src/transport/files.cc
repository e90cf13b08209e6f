#include "files.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "compress.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "tar_index.hh"

namespace snug::transport {
namespace {

using image::Store;

class FolderFiles : public Files {
 public:
  FolderFiles(std::string name, sys::Fd folder) : name_(std::move(name)), folder_(std::move(folder)) {}

  const std::string& name() const override { return name_; }

  std::optional<File> find(const std::string& path) const override {
    sys::Fd file = sys::try_open_in_root(folder_.get(), path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (!file && errno == ENOENT) return {};
    if (!file) throw system_error(format("open {} in {}", quoted(path), quoted(name_)), errno);
    const auto status = sys::find_status(file.get(), "");
    if (!status || !S_ISREG(status->st_mode)) throw Error(format("{} in {} is no file", quoted(path), quoted(name_)));
    const Extent extent{file.get(), 0, static_cast<std::uint64_t>(status->st_size)};
    return File{std::move(file), extent};
  }

 private:
  std::string name_;
  sys::Fd folder_;
};

class ArchiveFiles : public Files {
 public:
  ArchiveFiles(std::string name, sys::Fd file, std::uint64_t size) : name_(std::move(name)), file_(std::move(file)), index_(file_.get(), size) {}

  const std::string& name() const override { return name_; }

  std::optional<File> find(const std::string& path) const override {
    const auto extent = index_.find(path);
    if (!extent) return {};
    return File{{}, *extent};
  }

 private:
  std::string name_;
  sys::Fd file_;
  TarIndex index_;
};

struct stat status_of(int file) {
  const auto status = sys::find_status(file, "");
  if (!status) throw system_error("look at the archive", errno);
  return *status;
}

sys::Fd open_input(const std::string& path) {
  sys::Fd file = path == "-" ? sys::Fd(::fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1)) : sys::open(AT_FDCWD, path, O_RDONLY | O_NOCTTY);
  if (!file) throw system_error("read from standard input", errno);
  if (::isatty(file.get()))
    throw UsageError(path == "-" ? "standard input is a terminal, not an archive" : format("{} is a terminal, not an archive", quoted(path)),
                     "-i FILE names an archive");
  return file;
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

/// A file in the staging folder that has no name.
sys::Fd make_nameless(const Store& store) {
  const image::Staged staged = image::Staged::open_file(store, format("archive-{}", sys::random_name()));
  ::unlink(staged.path().c_str());
  sys::Fd file(::fcntl(staged.fd(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  if (!file) throw system_error("copy a descriptor", errno);
  return file;
}

sys::Fd copy_plain(int from, const Store& store) {
  sys::Fd to = make_nameless(store);
  Crew crew;
  Stage writer(crew, [&](const Piece& piece) {
    if (const int error = sys::write_all(to.get(), piece->view())) throw system_error("copy the archive into the store", error);
  });
  try {
    auto piece = read_piece(from);
    const image::Compression compression = find_compression(piece->view());
    std::optional<Inflater> inflater;
    if (compression != image::Compression::none) inflater.emplace(compression, [&](Piece plain) { writer.put(std::move(plain)); });
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
  std::array<char, 4> head{};
  const ssize_t count = ::pread(file, head.data(), head.size(), 0);
  return count > 0 && find_compression({head.data(), static_cast<std::size_t>(count)}) != image::Compression::none;
}

}  // namespace

std::string Files::read(const std::string& path, std::uint64_t limit) const {
  const auto file = find(path);
  if (!file) throw Error(format("it has no {}", quoted(path)));
  try {
    return read_text(file->extent, limit);
  } catch (Error& error) {
    throw error.during(format("reading {}", quoted(path)));
  }
}

std::shared_ptr<const Files> open_files(const std::string& path, const Store& store) {
  sys::Fd file = open_input(path);
  const struct stat status = status_of(file.get());
  if (S_ISDIR(status.st_mode)) return std::make_shared<FolderFiles>(path, std::move(file));
  try {
    const bool in_place = S_ISREG(status.st_mode) && ::lseek(file.get(), 0, SEEK_CUR) == 0 && !is_compressed(file.get());
    if (!in_place) file = copy_plain(file.get(), store);
    return std::make_shared<ArchiveFiles>(path == "-" ? "standard input" : path, std::move(file), static_cast<std::uint64_t>(status_of(file.get()).st_size));
  } catch (Error& error) {
    throw error.during(format("reading the archive {}", quoted(path)));
  }
}

}  // namespace snug::transport
