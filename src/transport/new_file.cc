#include "snug/transport/new_file.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::transport {
namespace {

constexpr unsigned mode = 0666;  // and what umask leaves of it

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

std::string base_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

bool is_special(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
}

}  // namespace

NewFile::NewFile(const std::string& path) : path_(path) {
  if (path == "-") fd_ = sys::Fd(::fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
  else if (is_special(path)) fd_ = sys::open(AT_FDCWD, path, O_WRONLY | O_NOCTTY);
  else {
    if (base_of(path).empty()) throw UsageError(format("{} names no file", quoted(path)));
    folder_ = sys::open(AT_FDCWD, folder_of(path), O_RDONLY | O_DIRECTORY);
    open_unnamed();
  }
  if (!fd_) throw system_error("write to standard output", errno);
  if (::isatty(fd_.get())) throw UsageError("an archive is not for a terminal", "> FILE behind the command writes it into a file");
}

NewFile::NewFile(sys::Fd folder, std::string name) : path_(std::move(name)), folder_(std::move(folder)) { open_unnamed(); }

NewFile::~NewFile() {
  if (!temporary_.empty()) ::unlinkat(folder_.get(), temporary_.c_str(), 0);
}

void NewFile::open_unnamed() {
  fd_ = sys::try_open(folder_.get(), ".", O_TMPFILE | O_WRONLY, mode);
  if (fd_) return;
  temporary_ = make_name();  // a file system without such files
  fd_ = sys::try_open(folder_.get(), temporary_.c_str(), O_CREAT | O_EXCL | O_WRONLY, mode);
  if (fd_) return;
  temporary_.clear();
  throw system_error(format("write {}", quoted(path_)), errno);
}

std::string NewFile::make_name() const { return format(".{}.{}", base_of(path_).substr(0, 200), sys::random_name()); }

void NewFile::finish() {
  if (!folder_) return;
  if (::fsync(fd_.get()) != 0) throw system_error(format("write {}", quoted(path_)), errno);
  if (temporary_.empty()) {
    temporary_ = make_name();
    if (::linkat(AT_FDCWD, format("/proc/self/fd/{}", fd_.get()).c_str(), folder_.get(), temporary_.c_str(), AT_SYMLINK_FOLLOW) != 0)
      throw system_error(format("write {}", quoted(path_)), errno);
  }
  if (::renameat(folder_.get(), temporary_.c_str(), folder_.get(), base_of(path_).c_str()) != 0)
    throw system_error(format("write {}", quoted(path_)), errno);
  temporary_.clear();
  ::fsync(folder_.get());
}

}  // namespace snug::transport
