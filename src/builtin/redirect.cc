#include "redirect.hh"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "call.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::builtin {
namespace {

constexpr int first_aside = 10;

// A file that is there is kept; a device or a pipe has nothing to be kept.
int open_new(const std::string& path) {
  const int made = ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (made >= 0) return made;
  if (errno != EEXIST) throw failure(path, errno);
  sys::Fd file(::open(path.c_str(), O_WRONLY | O_CLOEXEC | O_NOCTTY));
  if (!file) throw failure(path, errno);
  const auto status = sys::find_status(file.get(), "");
  if (!status || S_ISREG(status->st_mode)) throw Failure(format("{}: is there, and kept by 'set -C'; >| overwrites it", printable(path)));
  return file.release();
}

int open_target(const Redirection& redirection, const std::string& path) {
  using Kind = Redirection::Kind;
  const int flags = redirection.kind == Kind::read ? O_RDONLY
                    : redirection.kind == Kind::read_write ? O_RDWR | O_CREAT
                    : redirection.kind == Kind::append ? O_WRONLY | O_CREAT | O_APPEND
                                                       : O_WRONLY | O_CREAT | O_TRUNC;
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC | O_NOCTTY, 0666);
  if (fd < 0) throw failure(path, errno);
  return fd;
}

// In memory: no file of the root is needed, and a pipe would not hold more than it holds before somebody reads.
int open_document(const Word& document, const Surroundings& surroundings) {
  sys::Fd file(::memfd_create("lines", MFD_CLOEXEC));
  if (!file) throw failure("the lines of <<", errno);
  if (const int error = sys::write_all(file.get(), expand_whole(document, surroundings))) throw failure("the lines of <<", error);
  ::lseek(file.get(), 0, SEEK_SET);
  return file.release();
}

}  // namespace

int keep_aside(int fd) noexcept { return ::fcntl(fd, F_DUPFD_CLOEXEC, first_aside); }

Redirected::Redirected(const std::vector<Redirection>& redirections, const Surroundings& surroundings, bool for_ever) : for_ever_(for_ever) {
  try {
    for (const Redirection& each : redirections) apply(each, surroundings);
  } catch (...) {
    restore();
    throw;
  }
}

Redirected::~Redirected() {
  if (for_ever_)
    for (const auto& [fd, copy] : saved_) ::close(copy);
  else
    restore();
}

void Redirected::restore() noexcept {
  for (auto each = saved_.rbegin(); each != saved_.rend(); ++each) {
    if (each->second < 0) {
      ::close(each->first);
      continue;
    }
    ::dup2(each->second, each->first);
    ::close(each->second);
  }
  saved_.clear();
}

void Redirected::apply(const Redirection& redirection, const Surroundings& surroundings) {
  const bool has_lines = redirection.kind == Redirection::Kind::document;
  const std::string target = has_lines ? "<<" : expand_whole(redirection.target, surroundings);
  const int fd = redirection.fd;
  if (redirection.kind == Redirection::Kind::duplicate) {
    const auto number = parse_number(target);
    if (target != "-" && (!number || *number >= first_aside)) throw Failure(format("{} is no descriptor from 0 to 9, and not '-'", quoted(target)));
    saved_.emplace_back(fd, keep_aside(fd));
    if (target == "-") ::close(fd);
    else if (::dup2(static_cast<int>(*number), fd) < 0) throw failure(target, errno);
    return;
  }
  saved_.emplace_back(fd, keep_aside(fd));  // first: what was closed is what is opened next
  sys::Fd opened(has_lines ? open_document(*redirection.document, surroundings) : redirection.kind == Redirection::Kind::write && surroundings.keeps_files() ? open_new(target)
                                                                                                              : open_target(redirection, target));
  if (opened.get() == fd) {
    ::fcntl(opened.release(), F_SETFD, 0);
    return;
  }
  if (::dup2(opened.get(), fd) < 0) throw failure(target, errno);
}

}  // namespace snug::builtin
