#include <fcntl.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <list>
#include <optional>
#include <utility>

#include "log_line.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/runtime/log.hh"
#include "snug/sys/file.hh"
#include "waiting.hh"

namespace snug::runtime {
namespace {

using sys::Fd;

constexpr std::size_t block_size = 65536;
constexpr std::size_t longest_line = 1U << 20U;  // ours are far shorter
constexpr int most_tries = 1000;                // who was killed in a rotation leaves it as it was
constexpr int unheard_wait = 1000;               // milliseconds, where a signal may come between the question and the waiting
constexpr int blind_wait = 200;                  // milliseconds, where nobody tells of changes

bool same_file(int one, int other) {
  const auto a = sys::find_status(one, ""), b = sys::find_status(other, "");
  return a && b && a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/// The files of a log. While it is read they move on by rotation: log.json becomes log.json.1, and so on.
class LogFiles {
 public:
  explicit LogFiles(const std::string& folder) : folder_(sys::open(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY)) {}

  [[nodiscard]] int folder() const { return folder_.get(); }

  [[nodiscard]] Fd open(unsigned number) const {
    const std::string name = number ? format("{}.{}", log_name, number) : std::string(log_name);
    return sys::try_open(folder_.get(), name.c_str(), O_RDONLY | O_NOFOLLOW);
  }

  /// All of them, the oldest first.
  [[nodiscard]] std::list<Fd> open_all() const {
    std::list<Fd> files;
    for (int tries = 0; tries < most_tries; ++tries) {
      files.clear();
      for (unsigned number = 0;; ++number) {
        Fd file = open(number);
        if (!file && !open(number + 1)) break;  // a rotation leaves one gap, which moves towards the first
        const bool met = file && !files.empty() && same_file(files.front().get(), file.get());  // it has moved on meanwhile
        if (file && !met) files.push_front(std::move(file));
      }
      // Where one has ended meanwhile, the first is another.
      const Fd first = open(0);
      if (files.empty() ? !first : same_file(files.back().get(), first.get())) break;
    }
    return files;
  }

  /// The one that was begun after `file`; empty where that is the newest. `passed`: how many were begun since and are there; 0: `file` is there.
  [[nodiscard]] Fd open_next(int file, std::size_t& passed) const {
    const Fd newest = open(0);
    if (newest && same_file(newest.get(), file)) return {};
    std::list<Fd> files = open_all();
    const auto same = std::find_if(files.begin(), files.end(), [&](const Fd& each) { return same_file(each.get(), file); });
    const auto next = same == files.end() ? files.begin() : std::next(same);
    passed = same == files.end() ? files.size() : 0;
    return next == files.end() ? Fd() : std::move(*next);
  }

 private:
  Fd folder_;
};

/// Reads lines from one file after another.
class LineReader {
 public:
  using Take = std::function<void(std::string_view)>;

  void begin(Fd file, off_t at = 0) {
    file_ = std::move(file);
    at_ = at;
    rest_.clear();
  }
  [[nodiscard]] int file() const { return file_.get(); }

  /// Reads up to where the file ends now.
  void read(const Take& take) {
    std::array<char, block_size> block;
    ssize_t count = 0;
    while ((count = ::pread(file_.get(), block.data(), block.size(), at_)) > 0) {
      at_ += count;
      rest_.append(block.data(), static_cast<std::size_t>(count));
      std::size_t front = 0;
      for (std::size_t end = 0; (end = rest_.find('\n', front)) != std::string::npos; front = end + 1)
        take(std::string_view(rest_).substr(front, end - front));
      rest_.erase(0, front);
      if (rest_.size() > longest_line) rest_.clear();
    }
    if (count < 0) throw system_error("read the log", errno);
  }

 private:
  Fd file_;
  off_t at_ = 0;
  std::string rest_;
};

/// Finds where the last lines of a log begin, going back from its end, one file after the other.
class Tail {
 public:
  explicit Tail(std::uint64_t wanted) : wanted_(wanted) {}

  /// Nothing where all of the file is wanted, and maybe more.
  std::optional<off_t> find(int file) {
    const auto status = sys::find_status(file, "");
    off_t front = status ? status->st_size : 0;
    std::string text;
    for (bool last = true; front > 0;) {
      std::string block(static_cast<std::size_t>(std::min<off_t>(front, block_size)), '\0');
      front -= static_cast<off_t>(block.size());
      if (::pread(file, block.data(), block.size(), front) != static_cast<ssize_t>(block.size())) return 0;
      text.insert(0, block);
      // What has no line feed yet is half a record.
      if (last) text.resize(text.rfind('\n') + 1);
      last = last && text.empty();
      if (const auto found = look_at(text, front == 0)) return front + static_cast<off_t>(*found);
    }
    return {};
  }

 private:
  // Takes whole records away from the end of the text, until a line ends that is not wanted.
  std::optional<std::size_t> look_at(std::string& text, bool whole) {
    while (!text.empty()) {
      const std::size_t before = text.size() < 2 ? std::string::npos : text.rfind('\n', text.size() - 2);
      if (before == std::string::npos && !whole) return {};
      const std::size_t begin = before == std::string::npos ? 0 : before + 1;
      if (ends_line(std::string_view(text).substr(begin, text.size() - begin - 1)) && wanted_-- == 0) return text.size();
      text.resize(begin);
    }
    return {};
  }

  // A long line is in several records; the very last may have no end.
  bool ends_line(std::string_view record) {
    const auto line = parse_log_line(record);
    if (!line) return false;
    return std::exchange(newest_, false) || line->text.ends_with('\n');
  }

  std::uint64_t wanted_;
  bool newest_ = true;
};

/// Sleeps until something in a folder changes, or a process ends.
class Watch {
 public:
  Watch(int folder, int process, bool may_be_left) : process_(process), may_be_left_(may_be_left), changes_(process < 0 ? -1 : ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
    const std::string path = format("/proc/self/fd/{}", folder);
    if (changes_ && ::inotify_add_watch(changes_.get(), path.c_str(), IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0) changes_.reset();
  }

  /// False when the process has ended.
  [[nodiscard]] bool sleep() const {
    Waiting waiting;
    waiting.want(process_, POLLIN);
    waiting.want(changes_.get(), POLLIN);
    if (!waiting.sleep(!changes_ ? blind_wait : may_be_left_ ? unheard_wait : -1)) return true;
    static_cast<void>(rotations());
    return !waiting.got(process_, POLLIN);
  }

  /// How often the log was rotated since this was made; nothing where that cannot be told.
  [[nodiscard]] std::optional<std::uint64_t> rotations() const {
    alignas(inotify_event) std::array<char, 4096> events;
    ssize_t count = 0;
    while (changes_ && (count = ::read(changes_.get(), events.data(), events.size())) > 0)
      for (ssize_t at = 0; at < count;) {
        inotify_event event;
        std::memcpy(&event, events.data() + at, sizeof event);
        if (event.mask & IN_Q_OVERFLOW) missed_ = true;
        if ((event.mask & IN_MOVED_TO) && std::string_view(events.data() + at + sizeof event) == log_name) ++rotations_;
        at += static_cast<ssize_t>(sizeof event + event.len);
      }
    return changes_ && !missed_ ? std::optional(rotations_) : std::nullopt;
  }

 private:
  int process_;
  bool may_be_left_;  ///< by a signal
  Fd changes_;
  mutable std::uint64_t rotations_ = 0;
  mutable bool missed_ = false;
};

std::list<Fd> open_wanted(const LogFiles& files, const LogWish& wish, off_t& at) {
  std::list<Fd> all = files.open_all();
  if (!wish.tail) return all;
  std::list<Fd> wanted;
  for (Tail tail(*wish.tail); !all.empty(); all.pop_back()) {
    wanted.push_front(std::move(all.back()));
    const auto found = tail.find(wanted.front().get());
    at = found.value_or(0);
    if (found) break;
  }
  return wanted;
}

/// Reads one log from its first wanted line to the last.
class LogReader {
 public:
  LogReader(const std::string& folder, const LogWish& wish, const std::function<void(const LogLine&)>& take)
      : files_(folder), wish_(wish), take_(take), watch_(files_.folder(), wish.monitor, wish.enough != nullptr) {}

  bool read() {
    begun_ = watch_.rotations();
    off_t at = 0;
    std::list<Fd> parts = open_wanted(files_, wish_, at);
    if (parts.empty()) return false;
    for (; !parts.empty(); parts.pop_front(), at = 0) {
      lines_.begin(std::move(parts.front()), at);
      read_lines();
    }
    for (bool lives = wish_.monitor >= 0; lives && !(wish_.enough && wish_.enough());) {
      lives = watch_.sleep();
      read_lines();
      while (go_on()) read_lines();
    }
    return true;
  }

 private:
  void read_lines() {
    lines_.read([this](std::string_view text) {
      const auto line = parse_log_line(text);
      if (!line || (wish_.since && line->time < *wish_.since) || (wish_.until && line->time > *wish_.until)) return;
      last_ = line->time;
      take_(*line);
    });
  }

  // To the next file. Where the log was rotated oftener since this one was begun than there are files now, others came between and went unread.
  bool go_on() {
    std::size_t passed = 0;
    Fd next = files_.open_next(lines_.file(), passed);
    if (!next) return false;
    read_lines();  // what came between the two
    const auto rotations = watch_.rotations();
    if (passed && (!begun_ || !rotations || *rotations - *begun_ > passed))
      take_({.text = "snug: lines are missing here: the log was rotated faster than it was read\n", .error = true, .time = last_});
    begun_ = !rotations ? std::nullopt : passed ? std::optional(*rotations - (passed - 1)) : begun_ ? std::optional(*begun_ + 1) : std::nullopt;
    lines_.begin(std::move(next));
    return true;
  }

  LogFiles files_;
  const LogWish& wish_;
  const std::function<void(const LogLine&)>& take_;
  Watch watch_;
  LineReader lines_;
  std::optional<std::uint64_t> begun_;  ///< after how many rotations the file that is read was
  LogTime last_ = 0;
};

}  // namespace

bool read_log(const std::string& folder, const LogWish& wish, const std::function<void(const LogLine&)>& take) {
  return LogReader(folder, wish, take).read();
}

}  // namespace snug::runtime
