#include "files.hh"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "input.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "tar_index.hh"

namespace snug::transport {
namespace {

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

std::shared_ptr<const Files> open_files(const std::string& path, const image::Store& store) {
  sys::Fd file = open_input(path);
  if (is_folder(file.get())) return std::make_shared<FolderFiles>(path, std::move(file));
  try {
    Input input = make_seekable(std::move(file), Keep::plain, store);
    return std::make_shared<ArchiveFiles>(path == "-" ? "standard input" : path, std::move(input.file), input.size);
  } catch (Error& error) {
    throw error.during(format("reading the archive {}", quoted(path)));
  }
}

}  // namespace snug::transport
