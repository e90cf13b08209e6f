#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <optional>

#include "files.hh"
#include "snug/base/text.hh"
#include "snug/base/utf8.hh"
#include "snug/sys/file.hh"
#include "text.hh"

namespace snug::builtin {
namespace {

constexpr std::size_t most_bytes = std::size_t{256} << 20U;

/// The keyboard without echo and without lines, for as long as this lives.
class Keys {
 public:
  explicit Keys(sys::Fd terminal) : terminal_(std::move(terminal)) {
    ::tcgetattr(terminal_.get(), &before_);
    termios raw = before_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    raw.c_cc[VMIN] = 1, raw.c_cc[VTIME] = 0;
    ::tcsetattr(terminal_.get(), TCSADRAIN, &raw);
  }
  ~Keys() { ::tcsetattr(terminal_.get(), TCSADRAIN, &before_); }
  Keys(const Keys&) = delete;
  Keys& operator=(const Keys&) = delete;

  // Arrows and the like as the letter that does the same; 'q' where nobody types any more. What was pasted comes in one piece.
  [[nodiscard]] char next() {
    if (waiting_.empty() && !fill()) return ended_ ? 'q' : 'r';
    if (waiting_[0] != '\033') return take();
    static constexpr std::array<std::pair<std::string_view, char>, 10> known{
        {{"[A", 'k'}, {"[B", 'j'}, {"OA", 'k'}, {"OB", 'j'}, {"[5~", 'b'}, {"[6~", ' '}, {"[H", 'g'}, {"[F", 'G'}, {"OH", 'g'}, {"OF", 'G'}}};
    const std::string sequence = take_sequence();
    for (const auto& [name, key] : known)
      if (sequence == name) return key;
    return 'r';
  }

  // Nothing where it was taken back.
  [[nodiscard]] std::optional<std::string> line(Out& out, char sign) {
    for (std::string text;;) {
      out.put(format("\r\033[K{}{}", sign, printable(text)));
      out.flush();
      if (waiting_.empty() && !fill()) {
        if (ended_) return {};
        continue;
      }
      const char each = waiting_[0] == '\033' ? (take_sequence(), '\0') : take();
      if (each == '\n' || each == '\r') return text;
      if (each == 3 || ((each == 127 || each == 8) && text.empty())) return {};
      if (each == 127 || each == 8) drop_character(text);
      else if (static_cast<unsigned char>(each) >= 32) text += each;
    }
  }

 private:
  // False where a signal came instead, or nobody is there any more.
  bool fill() {
    std::array<char, 256> bytes{};
    const ssize_t count = ::read(terminal_.get(), bytes.data(), bytes.size());
    if (count > 0) waiting_.assign(bytes.data(), static_cast<std::size_t>(count));
    ended_ = count == 0 || (count < 0 && errno != EINTR);
    return count > 0;
  }

  char take() {
    const char first = waiting_[0];
    waiting_.erase(0, 1);
    return first;
  }

  // What follows an escape, up to the letter that ends it.
  std::string take_sequence() {
    std::size_t end = 1;
    if (waiting_.size() > 1 && (waiting_[1] == '[' || waiting_[1] == 'O')) {
      end = 2;
      while (end < waiting_.size() && static_cast<unsigned char>(waiting_[end]) < 0x40) ++end;
      end = std::min(end + 1, waiting_.size());
    }
    std::string sequence = waiting_.substr(1, end - 1);
    waiting_.erase(0, end);
    return sequence;
  }

  static void drop_character(std::string& text) {
    while (text.size() > 1 && (static_cast<unsigned char>(text.back()) & 0xc0U) == 0x80) text.pop_back();
    text.pop_back();
  }

  sys::Fd terminal_;
  termios before_{};
  std::string waiting_;  ///< typed, and not taken yet
  bool ended_ = false;
};

std::vector<std::string> lines_of(const std::string& path, bool numbered) {
  std::vector<std::string> all;
  std::size_t bytes = 0;
  const sys::Fd file = open_input(path);
  for_each_line(file.get(), [&](std::string_view line) {
    if ((bytes += line.size()) > most_bytes) throw Failure("the text is too large to be kept in memory");
    return all.emplace_back(numbered ? format("{:>7} {}", all.size() + 1, line) : std::string(line)), true;
  });
  return all;
}

/// Shows one text after the other.
class Pager {
 public:
  Pager(Call& call, Keys& keys, std::vector<std::string> paths, bool numbered) : call_(call), keys_(keys), paths_(std::move(paths)), numbered_(numbered) { show(0); }

  void run() {
    for (;;) {
      measure();
      draw();
      if (!obey(keys_.next())) break;
    }
    call_.out.put("\r\033[K");
  }

 private:
  void show(std::size_t number) {
    lines_ = lines_of(paths_[number], numbered_);
    number_ = number;
    top_ = 0;
    if (paths_.size() > 1) note_ = format("{} (file {} of {})", printable(paths_[number]), number + 1, paths_.size());
  }

  // :n and :p
  void change(const std::string& command) {
    if (command == "n" && number_ + 1 < paths_.size()) return show_or_tell(number_ + 1);
    if (command == "p" && number_ > 0) return show_or_tell(number_ - 1);
    note_ = command == "n" ? "there is no next file" : command == "p" ? "there is no file before it" : ":n and :p go from file to file";
  }

  void show_or_tell(std::size_t number) {
    try {
      show(number);
    } catch (const Failure& failure) {
      note_ = failure.message();
    }
  }

  void measure() {
    winsize size{};
    const bool known = ::ioctl(1, TIOCGWINSZ, &size) == 0 && size.ws_row > 1 && size.ws_col;
    rows_ = known ? size.ws_row - 1U : 23;
    columns_ = known ? size.ws_col : 80;
    top_ = std::min(top_, lines_.size() > rows_ ? lines_.size() - rows_ : 0);
  }

  // A line each, cut at the edge: what is longer is seen with 'fold' or in parts.
  void draw() {
    call_.out.put("\033[H\033[2J");
    for (std::size_t row = 0; row < rows_; ++row)
      call_.out.line(top_ + row < lines_.size() ? fitting(printable(expanded(lines_[top_ + row])), columns_) : "~");
    const bool end = top_ + rows_ >= lines_.size();
    const std::string place = end ? format("(END) {} lines", lines_.size()) : format("{}-{} of {}", top_ + 1, top_ + rows_, lines_.size());
    call_.out.put(format("\033[7m{}\033[0m", fitting(note_.empty() ? place : note_ + "  " + place, columns_)));
    note_.clear();
    call_.out.flush();
  }

  static std::string expanded(const std::string& line) {
    std::string out;
    for (const char each : line)
      if (each == '\t') out.append(8 - out.size() % 8, ' ');
      else out += each;
    return out;
  }

  bool obey(char key) {
    switch (key) {
      case 'q':
      case 3: return false;
      case ' ':
      case 'f': top_ += rows_; break;
      case 'b': top_ -= std::min(top_, rows_); break;
      case 'j':
      case '\n':
      case '\r': ++top_; break;
      case 'k': top_ -= std::min<std::size_t>(top_, 1); break;
      case 'g': top_ = 0; break;
      case 'G': top_ = lines_.size(); break;
      case ':':
        if (const auto command = keys_.line(call_.out, key)) change(*command);
        break;
      case '/':
        if (const auto text = keys_.line(call_.out, key); !text) break;
        else if (!text->empty()) wanted_ = *text;
        [[fallthrough]];
      case 'n': search(); break;
      default: break;
    }
    return true;
  }

  void search() {
    for (std::size_t at = top_ + 1; at < lines_.size() && !wanted_.empty(); ++at)
      if (lines_[at].find(wanted_) != std::string::npos) {
        top_ = at;
        return;
      }
    note_ = wanted_.empty() ? "nothing was looked for yet" : format("{} is not below", quoted(wanted_));
  }

  Call& call_;
  Keys& keys_;
  std::vector<std::string> paths_, lines_;
  bool numbered_;
  std::size_t number_ = 0, top_ = 0, rows_ = 23, columns_ = 80;
  std::string wanted_, note_;
};

}  // namespace

int show_pages(Call& call) {
  const Options options(call, "N");
  std::vector<std::string> paths = options.operands();
  if (paths.empty()) paths.emplace_back("-");
  if (paths[0] == "-" && ::isatty(0)) throw Failure("the name of a file is needed", 2);
  sys::Fd terminal = ::isatty(0) ? sys::Fd(::fcntl(0, F_DUPFD_CLOEXEC, 3)) : sys::try_open(AT_FDCWD, "/dev/tty", O_RDWR | O_NOCTTY);
  if (!call.out.is_terminal() || !terminal) {
    for (const std::string& path : paths)
      for (const std::string& line : lines_of(path, options.has('N'))) call.out.line(line);
    return 0;
  }
  Keys keys(std::move(terminal));
  Pager(call, keys, std::move(paths), options.has('N')).run();
  return 0;
}

}  // namespace snug::builtin
