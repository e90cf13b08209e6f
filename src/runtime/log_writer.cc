#include "log_writer.hh"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <ctime>

#include "log_line.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/base/utf8.hh"
#include "snug/sys/file.hh"

namespace snug::runtime {
namespace {

constexpr int flags = O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW;

std::string now() {
  timespec time{};
  ::clock_gettime(CLOCK_REALTIME, &time);
  return render_log_time(LogTime{time.tv_sec} * 1'000'000'000 + time.tv_nsec);
}

// How much of a line that is too long goes into one part: no character is cut in two.
std::size_t part_of(std::string_view text) {
  for (std::size_t back = 1; back < 4; ++back)
    if (const std::size_t at = longest_log_part - back; utf8_length(text.substr(at)) > back) return at;
  return longest_log_part;
}

}  // namespace

LogWriter::LogWriter(int folder, const plan::LogChoice& choice) : folder_(folder), choice_(choice) {
  if (!choice_.kept) return;
  file_ = sys::open(folder_, log_name, flags, 0600);
  const auto status = sys::find_status(file_.get(), "");
  size_ = status ? static_cast<std::uint64_t>(status->st_size) : 0;
  // A monitor that was killed may have left half a line: nothing is put behind that.
  char last = '\n';
  if (size_ && ::pread(file_.get(), &last, 1, static_cast<off_t>(size_ - 1)) == 1 && last != '\n' && !sys::write_all(file_.get(), "\n")) ++size_;
}

void LogWriter::write(int stream, std::string_view bytes) noexcept {
  if (!file_) return;
  std::string& rest = unfinished_[static_cast<std::size_t>(stream)];
  if (rest.empty()) return append_parts(stream, bytes, false), put();
  rest += bytes;
  const std::string all = std::exchange(rest, {});
  append_parts(stream, all, false);
  put();
}

void LogWriter::finish() noexcept {
  if (!file_) return;
  for (const int stream : {1, 2}) append_parts(stream, std::exchange(unfinished_[static_cast<std::size_t>(stream)], {}), true);
  put();
}

void LogWriter::append_parts(int stream, std::string_view bytes, bool all) {
  const std::string time = now();
  while (!bytes.empty()) {
    std::size_t end = bytes.substr(0, longest_log_part).find('\n');
    if (end != std::string_view::npos) ++end;
    else if (bytes.size() >= longest_log_part) end = part_of(bytes);
    else if (all) end = bytes.size();
    else break;
    append_log_line(ready_, bytes.substr(0, end), stream == 2 ? "stderr" : "stdout", time);
    bytes.remove_prefix(end);
  }
  unfinished_[static_cast<std::size_t>(stream)] = bytes;
}

void LogWriter::put() {
  if (ready_.empty()) return;
  if (lost_) {
    std::string note;
    append_log_line(note, format("snug: {} lines before this one could not be kept: {}\n", lost_, errno_text(error_)), "stderr", now());
    ready_.insert(0, note);
  }
  for (std::string_view rest = ready_; !rest.empty();) {
    std::string_view part = rest.substr(0, fitting(rest));
    if (part.empty()) {
      rotate();
      part = rest.substr(0, std::max(fitting(rest), rest.find('\n') + 1));
    }
    if (!append(part)) {
      const bool with_note = lost_ > 0;  // which is made anew
      lost_ += static_cast<std::uint64_t>(std::count(rest.begin(), rest.end(), '\n')) - (with_note ? 1 : 0);
      break;
    }
    lost_ = 0;
    rest.remove_prefix(part.size());
  }
  ready_.clear();
}

// How much of these lines the file has room for.
std::size_t LogWriter::fitting(std::string_view lines) const {
  const std::uint64_t room = choice_.size > size_ ? choice_.size - size_ : 0;
  if (lines.size() <= room) return lines.size();
  const std::size_t feed = room ? lines.rfind('\n', static_cast<std::size_t>(room) - 1) : std::string_view::npos;
  return feed == std::string_view::npos ? 0 : feed + 1;
}

// A line stands there whole or not at all, or no reader could make sense of those behind it.
bool LogWriter::append(std::string_view lines) {
  error_ = sys::write_all(file_.get(), lines);
  if (!error_) return size_ += lines.size(), true;
  if (::ftruncate(file_.get(), static_cast<off_t>(size_)) != 0) rotate();
  return false;
}

// A new file each time: who reads the old one reads it to its end.
void LogWriter::rotate() {
  const auto numbered = [](unsigned number) { return number ? format("{}.{}", log_name, number) : std::string(log_name); };
  // Made under another name: whoever reads finds a log at any moment, the old one or the new.
  constexpr const char* fresh_name = "log.new";
  sys::Fd fresh = sys::try_open(folder_, fresh_name, flags, 0600);
  if (!fresh) return;
  for (unsigned number = std::max(choice_.files, 1U); --number > 0;) ::renameat(folder_, numbered(number - 1).c_str(), folder_, numbered(number).c_str());
  if (::renameat(folder_, fresh_name, folder_, log_name) != 0) return;
  file_ = std::move(fresh);
  size_ = 0;
}

}  // namespace snug::runtime
