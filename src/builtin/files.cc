#include "files.hh"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>
#include <memory>

#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::builtin {

std::string current_folder() {
  std::array<char, 4096> buffer;
  return ::getcwd(buffer.data(), buffer.size()) && buffer[0] == '/' ? buffer.data() : "";
}

std::string join_path(std::string_view folder, std::string_view name) { return format("{}{}{}", folder, folder.empty() || folder.ends_with('/') ? "" : "/", name); }

std::string_view base_name(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return path == "/" ? path : path.substr(path.rfind('/') + 1);
}

std::vector<std::string> list_folder(const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), ::closedir);
  if (!folder) throw failure(path, errno);
  std::vector<std::string> names;
  const auto next = [&] {
    errno = 0;  // it gives nothing at the end, and where it fails
    return ::readdir(folder.get());
  };
  while (const dirent* entry = next())
    if (const std::string_view name = entry->d_name; name != "." && name != "..") names.emplace_back(name);
  if (errno != 0) throw failure(path, errno);
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<struct stat> find_stat(const std::string& path, bool follows) {
  struct stat status {};
  if (::fstatat(AT_FDCWD, path.c_str(), &status, follows ? 0 : AT_SYMLINK_NOFOLLOW) != 0) return {};
  return status;
}

void Above::enter(const std::string& path, const struct stat& folder, const std::function<void()>& work) {
  const std::pair one(folder.st_dev, folder.st_ino);
  if (std::find(folders_.begin(), folders_.end(), one) != folders_.end()) throw Failure(format("{}: a link leads back to a folder above it", printable(path)));
  folders_.push_back(one);
  try {
    work();
  } catch (...) {
    folders_.pop_back();
    throw;
  }
  folders_.pop_back();
}

bool is_folder(const std::string& path) {
  const auto status = find_stat(path, true);
  return status && S_ISDIR(status->st_mode);
}

std::string link_of(const std::string& path) {
  std::array<char, 4096> buffer;
  const ssize_t length = ::readlink(path.c_str(), buffer.data(), buffer.size());
  return length < 0 ? "" : std::string(buffer.data(), static_cast<std::size_t>(length));
}

sys::Fd open_input(const std::string& path) {
  sys::Fd file = path == "-" ? sys::Fd(::fcntl(0, F_DUPFD_CLOEXEC, 3)) : sys::try_open(AT_FDCWD, path.c_str(), O_RDONLY | O_NOCTTY);
  if (!file) throw failure(path, errno);
  const auto status = sys::find_status(file.get(), "");
  if (status && S_ISDIR(status->st_mode)) throw failure(path, EISDIR);
  return file;
}

bool agrees(Call& call, std::string_view question) {
  call.out.flush();
  static_cast<void>(sys::write_all(2, format("{}: {}? ", call.words.front(), question)));
  std::string answer;
  for (char each = 0; read_some(0, &each, 1) == 1 && each != '\n';) answer += each;
  return answer.starts_with('y') || answer.starts_with('Y');
}

void tell_pair(Call& call, std::string_view what, const std::string& from, const std::string& to) { call.out.line(call.out.name(format("{}'{}' -> '{}'", what, from, to))); }

std::string without_returns(std::string text) {
  const std::size_t feed = std::min(text.find('\n'), text.size());
  if (feed == 0 || text[feed - 1] != '\r') return text;
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at)
    if (text[at] != '\r' || (at + 1 < text.size() && text[at + 1] != '\n')) out += text[at];
  return out;
}

void for_each_input(Call& call, const std::vector<std::string>& paths, const std::function<void(int, const std::string&)>& work) {
  if (paths.empty()) return work(0, "-");
  for (const std::string& path : paths) {
    try {
      const sys::Fd file = open_input(path);
      work(file.get(), path);
    } catch (const Failure& problem) {
      call.complain(problem.message());
    }
  }
}

std::size_t read_some(int fd, char* buffer, std::size_t size) {
  for (;;) {
    const ssize_t count = ::read(fd, buffer, size);
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) throw Failure(format("cannot read: {}", reason(errno)));
  }
}

bool is_output(int fd) {
  struct stat from {}, to {};
  return ::fstat(fd, &from) == 0 && ::fstat(1, &to) == 0 && S_ISREG(to.st_mode) && from.st_dev == to.st_dev && from.st_ino == to.st_ino &&
         ::lseek(fd, 0, SEEK_CUR) < from.st_size;
}

void for_each_whole_line(int fd, const std::function<bool(std::string_view)>& work) {
  std::string waiting;
  std::array<char, 32768> buffer;
  while (const std::size_t count = read_some(fd, buffer.data(), buffer.size())) {
    std::size_t from = waiting.size(), start = 0;
    waiting.append(buffer.data(), count);
    for (std::size_t end = 0; (end = waiting.find('\n', from)) != std::string::npos; start = from = end + 1)
      if (!work(std::string_view(waiting).substr(start, end + 1 - start))) return;
    waiting.erase(0, start);
  }
  if (!waiting.empty()) work(waiting);
}

void for_each_line(int fd, const std::function<bool(std::string_view)>& work) {
  for_each_whole_line(fd, [&](std::string_view line) { return work(line.substr(0, line.size() - line.ends_with('\n'))); });
}

std::vector<std::string> lines_of_inputs(Call& call, const std::vector<std::string>& paths) {
  std::vector<std::string> all;
  for_each_input(call, paths, [&](int fd, const std::string&) {
    for_each_line(fd, [&](std::string_view line) { return all.emplace_back(line), true; });
  });
  return all;
}

char one_character(const std::string& text) {
  if (text == "\\t") return '\t';
  if (text == "\\0") return '\0';
  if (text.size() != 1) throw Failure(format("{} is not one character", quoted(text)), 2);
  return text[0];
}

std::string human_size(std::uint64_t bytes) {
  if (bytes < 1024) return format("{}", bytes);
  double size = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; size >= 1024 && unit < 5; ++unit) size /= 1024;
  return size < 9.95 ? format("{:.1f}{}", size, " KMGTP"[unit]) : format("{:.0f}{}", size, " KMGTP"[unit]);
}

std::string moment_text(const timespec& time) { return format("{}.{:09} +0000", time_text(time.tv_sec, "%Y-%m-%d %H:%M:%S"), time.tv_nsec); }

std::string time_text(std::int64_t seconds, const char* pattern) {
  const time_t time = seconds;
  tm parts{};
  std::array<char, 256> buffer;
  if (!::gmtime_r(&time, &parts)) return "?";
  return {buffer.data(), std::strftime(buffer.data(), buffer.size(), pattern, &parts)};
}

}  // namespace snug::builtin
