#include <fcntl.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <list>

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
      unsigned number = 0;
      for (Fd file; (file = open(number)); ++number) files.push_front(std::move(file));
      // In the middle of a rotation there is a gap, and after one the first is another.
      if (!open(number + 1) && (files.empty() || same_file(files.back().get(), open(0).get()))) break;
    }
    return files;
  }

  /// The one that was begun after `file`; empty where that is the newest.
  [[nodiscard]] Fd open_next(int file) const {
    const Fd newest = open(0);
    if (newest && same_file(newest.get(), file)) return {};
    std::list<Fd> files = open_all();
    const auto same = std::find_if(files.begin(), files.end(), [&](const Fd& each) { return same_file(each.get(), file); });
    // What was removed unread meanwhile is lost.
    const auto next = same == files.end() ? files.begin() : std::next(same);
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

// Where the last `wanted` lines of a file begin; of a file with fewer, `wanted` is what is missing then.
off_t find_tail(int file, std::uint64_t& wanted) {
  const auto status = sys::find_status(file, "");
  off_t end = status ? status->st_size : 0;
  std::array<char, block_size> block;
  for (bool last = true; end > 0;) {
    const off_t start = std::max<off_t>(0, end - static_cast<off_t>(block.size()));
    if (::pread(file, block.data(), static_cast<std::size_t>(end - start), start) != end - start) return 0;
    for (off_t at = end; at-- > start; last = false)
      if (block[static_cast<std::size_t>(at - start)] == '\n' && !last && --wanted == 0) return at + 1;
    end = start;
  }
  if (wanted > 0 && status && status->st_size > 0) --wanted;  // the first line has no line feed in front
  return 0;
}

/// Sleeps until something in a folder changes, or a process ends.
class Watch {
 public:
  Watch(int folder, int process) : process_(process), changes_(process < 0 ? -1 : ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
    const std::string path = format("/proc/self/fd/{}", folder);
    if (changes_ && ::inotify_add_watch(changes_.get(), path.c_str(), IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0) changes_.reset();
  }

  /// False when the process has ended.
  [[nodiscard]] bool sleep() const {
    Waiting waiting;
    waiting.want(process_, POLLIN);
    waiting.want(changes_.get(), POLLIN);
    if (!waiting.sleep(changes_ ? -1 : blind_wait)) return true;
    std::array<char, 4096> events;
    while (changes_ && ::read(changes_.get(), events.data(), events.size()) > 0) continue;
    return !waiting.got(process_, POLLIN);
  }

 private:
  int process_;
  Fd changes_;
};

std::list<Fd> open_wanted(const LogFiles& files, const LogWish& wish, off_t& at) {
  std::list<Fd> all = files.open_all();
  if (!wish.tail) return all;
  std::list<Fd> wanted;
  for (std::uint64_t left = *wish.tail; !all.empty(); all.pop_back()) {
    if (left == 0 && !wanted.empty()) break;
    at = left ? find_tail(all.back().get(), left) : ::lseek(all.back().get(), 0, SEEK_END);
    wanted.push_front(std::move(all.back()));
  }
  return wanted;
}

}  // namespace

bool read_log(const std::string& folder, const LogWish& wish, const std::function<void(const LogLine&)>& take) {
  const LogFiles files(folder);
  const Watch watch(files.folder(), wish.monitor);
  off_t at = 0;
  std::list<Fd> parts = open_wanted(files, wish, at);
  if (parts.empty()) return false;
  const auto take_line = [&](std::string_view text) {
    const auto line = parse_log_line(text);
    if (line && (!wish.since || line->time >= *wish.since) && (!wish.until || line->time <= *wish.until)) take(*line);
  };
  LineReader reader;
  for (; !parts.empty(); parts.pop_front(), at = 0) {
    reader.begin(std::move(parts.front()), at);
    reader.read(take_line);
  }
  for (bool lives = wish.monitor >= 0; lives;) {
    lives = watch.sleep();
    reader.read(take_line);
    while (Fd next = files.open_next(reader.file())) {
      reader.read(take_line);  // what came between the two
      reader.begin(std::move(next));
      reader.read(take_line);
    }
  }
  return true;
}

}  // namespace snug::runtime
