#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "files.hh"
#include "growing.hh"
#include "keys.hh"
#include "snug/base/text.hh"
#include "snug/base/utf8.hh"
#include "snug/sys/file.hh"
#include "text.hh"

namespace snug::builtin {
namespace {

std::string expanded(std::string_view line) {
  std::string out;
  for (const char each : line)
    if (each == '\t') out.append(8 - out.size() % 8, ' ');
    else out += each;
  return out;
}

/// Shows one text after the other, and takes keys while more of it comes.
class Pager {
 public:
  Pager(Call& call, Keys& keys, std::vector<std::string> paths, bool numbered) : call_(call), keys_(keys), paths_(std::move(paths)), numbered_(numbered) {}

  // What cannot be read is told, and passed over.
  void run() {
    while (!text_ && !paths_.empty()) {
      try {
        show(0);
      } catch (const Failure& failure) {
        call_.complain(failure.message());
        paths_.erase(paths_.begin());
      }
    }
    if (!text_) return;
    for (;;) {
      measure();
      if (!drawn_) draw();
      const char key = keys_.next(wants_more() ? text_->fd() : -1);
      if (key == 0) take_more();
      else if (!obey(key)) break;
      else drawn_ = false;
    }
    call_.out.put("\r\033[K");
  }

 private:
  void show(std::size_t number) {
    text_.emplace(paths_[number], numbered_);
    number_ = number;
    top_ = 0;
    to_end_ = searches_ = drawn_ = false;
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
      open_input(paths_[number]).reset();  // the text that is shown stays where this fails
      show(number);
    } catch (const Failure& failure) {
      note_ = failure.message();
    }
  }

  // A text of some size is read at once, to know its end; of one that never ends, what is looked at.
  [[nodiscard]] bool wants_more() const {
    constexpr std::size_t at_once = std::size_t{1} << 20U;
    return !text_->has_ended() && (to_end_ || searches_ || text_->size() < at_once || text_->lines().size() < top_ + 2 * rows_);
  }

  void take_more() {
    const bool was_short = text_->lines().size() < top_ + rows_;
    try {
      text_->read();
    } catch (const Failure& failure) {
      note_ = failure.message();
    }
    if (searches_) search();
    if (was_short || text_->has_ended()) drawn_ = false;
  }

  void measure() {
    winsize size{};
    const bool known = ::ioctl(1, TIOCGWINSZ, &size) == 0 && size.ws_row > 1 && size.ws_col;
    rows_ = known ? size.ws_row - 1U : 23;
    columns_ = known ? size.ws_col : 80;
    const std::size_t count = text_->lines().size(), last = count > rows_ ? count - rows_ : 0;
    if (to_end_ && text_->has_ended()) to_end_ = false, top_ = last;
    top_ = std::min(top_, last);
  }

  // A line each, cut at the edge: what is longer is seen with 'fold' or in parts.
  void draw() {
    const auto& lines = text_->lines();
    call_.out.put("\033[H\033[2J");
    for (std::size_t row = 0; row < rows_; ++row)
      call_.out.line(top_ + row < lines.size() ? fitting(printable(expanded(lines[top_ + row])), columns_) : "~");
    const std::size_t last = std::min(top_ + rows_, lines.size());
    const bool ended = text_->has_ended();
    const std::string place = to_end_ || searches_ ? "reading on; a key stops it"
                              : !ended             ? format("{}-{}, and more to come", std::min(top_ + 1, last), last)
                              : last >= lines.size() ? format("(END) {} lines", lines.size())
                                                     : format("{}-{} of {}", top_ + 1, last, lines.size());
    call_.out.put(format("\033[7m{}\033[0m", fitting(note_.empty() ? place : note_ + "  " + place, columns_)));
    if (ended) note_.clear();
    call_.out.flush();
    drawn_ = true;
  }

  bool obey(char key) {
    if (key != 'r') note_.clear();
    if (key != 'r') to_end_ = searches_ = false;
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
      case 'G': to_end_ = true; break;
      case ':':
        if (const auto command = keys_.line(call_.out, key)) change(*command);
        break;
      case '/':
        if (const auto text = keys_.line(call_.out, key); !text) break;
        else if (!text->empty()) wanted_ = *text;
        [[fallthrough]];
      case 'n':
        searched_ = top_ + 1;
        search();
        break;
      default: break;
    }
    return true;
  }

  // In what is here; where it is not there yet, again when more has come.
  void search() {
    searches_ = false;
    const auto& lines = text_->lines();
    for (; searched_ < lines.size() && !wanted_.empty(); ++searched_)
      if (lines[searched_].find(wanted_) != std::string::npos) {
        top_ = searched_;
        drawn_ = false;
        return;
      }
    searches_ = !wanted_.empty() && !text_->has_ended();
    if (!searches_) note_ = wanted_.empty() ? "nothing was looked for yet" : format("{} is not below", quoted(wanted_));
  }

  Call& call_;
  Keys& keys_;
  std::vector<std::string> paths_;
  bool numbered_;
  std::optional<GrowingText> text_;
  std::size_t number_ = 0, top_ = 0, rows_ = 23, columns_ = 80, searched_ = 0;
  bool to_end_ = false, searches_ = false, drawn_ = false;
  std::string wanted_, note_;
};

// Where there is no screen: what comes, as it comes.
int print_all(Call& call, const Options& options) {
  const bool terminal = call.out.is_terminal();
  std::size_t number = 0;
  for_each_input(call, options.operands(), [&](int fd, const std::string&) {
    for_each_whole_line(fd, [&](std::string_view line) {
      if (options.has('N')) call.out.put(format("{:>7} ", ++number));
      const bool whole = line.ends_with('\n');
      call.out.put(terminal ? printable(expanded(line.substr(0, line.size() - whole))) + (whole ? "\n" : "") : std::string(line));
      if (terminal) call.out.flush();
      return true;
    });
    number = 0;
  });
  return call.status;
}

}  // namespace

int show_pages(Call& call) {
  const Options options(call, "N");
  std::vector<std::string> paths = options.operands();
  if (paths.empty()) paths.emplace_back("-");
  if (paths[0] == "-" && ::isatty(0)) throw Failure("the name of a file is needed", 2);
  sys::Fd terminal = ::isatty(0) ? sys::Fd(::fcntl(0, F_DUPFD_CLOEXEC, 3)) : sys::try_open(AT_FDCWD, "/dev/tty", O_RDWR | O_NOCTTY);
  if (call.out.is_terminal() && terminal && !has_screen(call)) static_cast<void>(sys::write_all(2, "less: this terminal is not known to have a screen: all follows at once\n"));
  if (!has_screen(call) || !terminal) return print_all(call, options);
  Keys keys(std::move(terminal));
  Pager(call, keys, std::move(paths), options.has('N')).run();
  return call.status;
}

}  // namespace snug::builtin
