#include <fcntl.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

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

  // Arrows and the like as the letter that does the same; 'q' where nobody types any more.
  [[nodiscard]] char next() const {
    static constexpr std::array<std::pair<std::string_view, char>, 8> known{
        {{"[A", 'k'}, {"[B", 'j'}, {"OA", 'k'}, {"OB", 'j'}, {"[5~", 'b'}, {"[6~", ' '}, {"[H", 'g'}, {"[F", 'G'}}};
    std::array<char, 16> bytes{};
    const ssize_t count = ::read(terminal_.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) return 'r';
    if (count <= 0) return 'q';
    if (bytes[0] != '\033') return bytes[0];
    for (const auto& [sequence, key] : known)
      if (std::string_view(bytes.data() + 1, static_cast<std::size_t>(count) - 1) == sequence) return key;
    return 'r';
  }

  [[nodiscard]] std::string line(Out& out) const {
    std::string text;
    for (char each = 0; (each = next()) != '\n' && each != '\r';) {
      if (each == 127 || each == 8) {
        if (!text.empty()) text.pop_back();
      } else if (each >= 32) {
        text += each;
      }
      out.put(format("\r\033[K/{}", printable(text)));
      out.flush();
    }
    return text;
  }

 private:
  sys::Fd terminal_;
  termios before_{};
};

class Pager {
 public:
  Pager(Call& call, const Keys& keys, std::vector<std::string> all) : call_(call), keys_(keys), lines_(std::move(all)) {}

  void run() {
    for (;;) {
      measure();
      draw();
      if (!obey(keys_.next())) break;
    }
    call_.out.put("\r\033[K");
  }

 private:
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
    call_.out.put(end ? format("\033[7m(END) {} lines\033[0m", lines_.size()) : format("\033[7m{}-{} of {}\033[0m", top_ + 1, top_ + rows_, lines_.size()));
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
      case '/':
        call_.out.put("\r\033[K/");
        call_.out.flush();
        wanted_ = keys_.line(call_.out);
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
  }

  Call& call_;
  const Keys& keys_;
  std::vector<std::string> lines_;
  std::size_t top_ = 0, rows_ = 23, columns_ = 80;
  std::string wanted_;
};

}  // namespace

int show_pages(Call& call) {
  const Options options(call, "N");
  options.need(0, 1);
  const std::string path = options.operands().empty() ? "-" : options.operands()[0];
  if (path == "-" && ::isatty(0)) throw Failure("the name of a file is needed", 2);
  std::vector<std::string> all;
  std::size_t bytes = 0;
  const sys::Fd file = open_input(path);
  for_each_line(file.get(), [&](std::string_view line) {
    if ((bytes += line.size()) > most_bytes) throw Failure("the text is too large to be kept in memory");
    return all.emplace_back(options.has('N') ? format("{:>7} {}", all.size() + 1, line) : std::string(line)), true;
  });
  sys::Fd terminal = ::isatty(0) ? sys::Fd(::fcntl(0, F_DUPFD_CLOEXEC, 3)) : sys::try_open(AT_FDCWD, "/dev/tty", O_RDWR | O_NOCTTY);
  if (!call.out.is_terminal() || !terminal) {
    for (const std::string& line : all) call.out.line(line);
    return 0;
  }
  const Keys keys(std::move(terminal));
  Pager(call, keys, std::move(all)).run();
  return 0;
}

}  // namespace snug::builtin
