#include "relay.hh"

#include <unistd.h>

#include <cerrno>

namespace snug::runtime {

void Pump::fill() {
  const ssize_t count = ::read(from_, buffer_.data() + filled_, buffer_.size() - filled_);
  if (count > 0) filled_ += static_cast<std::size_t>(count);
  // EIO: the last process that had the terminal's inner end is gone.
  if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) ended_ = true;
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

RawTerminal::RawTerminal(int fd) : fd_(fd) { known_ = ::tcgetattr(fd_, &saved_) == 0; }

RawTerminal::~RawTerminal() { restore(); }

void RawTerminal::enter() {
  if (!known_ || raw_) return;
  termios raw = saved_;
  ::cfmakeraw(&raw);
  raw_ = ::tcsetattr(fd_, TCSADRAIN, &raw) == 0;
}

void RawTerminal::restore() {
  if (raw_) ::tcsetattr(fd_, TCSADRAIN, &saved_);
  raw_ = false;
}

}  // namespace snug::runtime
