#include "relay.hh"

#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::runtime {

std::size_t Pump::fill() {
  const ssize_t count = ::read(from_, buffer_.data() + filled_, buffer_.size() - filled_);
  if (count > 0) filled_ += static_cast<std::size_t>(count);
  // EIO: the last process that had the terminal's inner end is gone.
  if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) ended_ = true;
  return static_cast<std::size_t>(std::max<ssize_t>(count, 0));
}

void Pump::drain() {
  const ssize_t count = ::write(to_, buffer_.data() + done_, filled_ - done_);
  if (count > 0) done_ += static_cast<std::size_t>(count);
  if (count < 0 && errno != EAGAIN && errno != EINTR) ended_ = true, done_ = filled_;
  if (done_ == filled_) done_ = filled_ = 0;
}

void Pump::append(std::string_view bytes) {
  for (const char byte : bytes)
    if (filled_ < buffer_.size()) buffer_[filled_++] = byte;
}

RawTerminal::RawTerminal(int input, int output, std::string_view title) : input_(input), output_(output) {
  known_ = ::tcgetattr(input_, &saved_) == 0;
  if (!title.empty() && ::isatty(output_)) title_ = printable(title);
}

RawTerminal::~RawTerminal() { restore(); }

void RawTerminal::enter() {
  if (!known_ || raw_) return;
  if (const pid_t foreground = ::tcgetpgrp(input_); foreground > 0 && foreground != ::getpgrp()) return;
  termios raw = saved_;
  ::cfmakeraw(&raw);
  raw_ = ::tcsetattr(input_, TCSADRAIN, &raw) == 0;
  // XTWINOPS 22 and 23 put the title on a stack and take it from there; OSC 2 sets it.
  if (raw_ && !title_.empty()) static_cast<void>(sys::write_all(output_, format("\x1b[22;2t\x1b]2;{}\x1b\\", title_)));
}

void RawTerminal::restore() {
  if (!raw_) return;
  if (!title_.empty()) static_cast<void>(sys::write_all(output_, "\x1b[23;2t"));
  ::tcsetattr(input_, TCSADRAIN, &saved_);
  raw_ = false;
}

}  // namespace snug::runtime
