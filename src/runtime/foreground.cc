// A container in the foreground uses its caller's descriptors as they are; but it never holds a terminal of the host, which
// it could type into. With a terminal of its own, the caller's relays to that; else what is a terminal is relayed by a pipe.

#include "foreground.hh"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <csignal>
#include <utility>

#include "signals.hh"
#include "snug/base/signals.hh"
#include "snug/sys/file.hh"
#include "snug/sys/process.hh"

namespace snug::runtime {

void Foreground::prepare(Context& context) {
  context.stdio = outside_.streams;
  plan_.terminal ? prepare_terminal(context) : prepare_pipes(context);
}

void Foreground::prepare_terminal(Context& context) {
  for (const int fd : {0, 1, 2})
    if (::ioctl(fd, TIOCGWINSZ, &context.size) == 0) break;
  // In the background they are those of a shell that edits its lines.
  const pid_t front = ::tcgetpgrp(0);
  context.has_attributes = (front < 0 || front == ::getpgrp()) && ::tcgetattr(0, &context.attributes) == 0;
  const bool all = !::isatty(0) || !::isatty(1);
  context.on_terminal = {true, true, all || ::isatty(2)};
}

void Foreground::prepare_pipes(Context& context) {
  if (plan_.null_input) {
    null_ = sys::open(AT_FDCWD, "/dev/null", O_RDONLY);
    context.stdio[0] = null_.get();
  } else if (::isatty(outside_.streams[0])) {
    input_ = sys::make_pipe();
    context.stdio[0] = input_.first.get();
  }
  for (const std::size_t fd : {1U, 2U}) {
    if (!::isatty(outside_.streams[fd])) continue;
    output_[fd] = sys::make_pipe();
    context.stdio[fd] = output_[fd].second.get();
  }
}

void Foreground::close_child_ends() {
  input_.first.reset();
  for (sys::FdPair& pipe : output_) pipe.second.reset();
  null_.reset();
}

Pump& Foreground::add_pump(int from, int to) {
  pumps_.push_back(std::make_unique<Pump>(from, to));
  return *pumps_.back();
}

void Foreground::take_terminal(sys::Fd outer) {
  outer_ = std::move(outer);
  ::fcntl(outer_.get(), F_SETFL, O_NONBLOCK);
  output_pumps_.push_back(&add_pump(outer_.get(), 1));
  terminal_input_ = &add_pump(0, outer_.get());
  if (::isatty(0)) raw_.emplace(0, 1, outside_.title), raw_->enter();
}

void Foreground::begin(int) {
  for (const int fd : {1, 2})
    if (const int source = output_[static_cast<std::size_t>(fd)].first.get(); source >= 0) output_pumps_.push_back(&add_pump(source, fd));
  if (!input_.second) return;
  ::fcntl(input_.second.get(), F_SETFL, O_NONBLOCK);
  input_pump_ = &add_pump(0, input_.second.get());
}

void Foreground::ask(Waiting& waiting) {
  if (is_in_background()) go_on();
  for (const auto& pump : pumps_) {
    const bool others = pump.get() == terminal_input_ && is_in_background();  // who reads from there is stopped
    if (!others) waiting.want(pump->source(), POLLIN);
    waiting.want(pump->sink(), POLLOUT);
  }
}

void Foreground::answer(const Waiting& waiting) {
  for (const auto& pump : pumps_) move(*pump, waiting);
}

void Foreground::move(Pump& pump, const Waiting& waiting) {
  const bool fills = waiting.got(pump.source(), POLLIN);
  const bool drains = waiting.got(pump.sink(), POLLOUT);
  if (fills) pump.fill();
  if (&pump == terminal_input_ && pump.source_ended() && !std::exchange(input_is_over_, true) && !::isatty(0)) {
    // A terminal has no end of its own: the first key ends a line that is not finished, the second the input.
    pump.append("\x04\x04");
    ends_to_type_ = 8;
  }
  // Who edits lines forgets what was typed before he took the terminal over, and shows that he has done so.
  if (fills && ends_to_type_ > 0 && &pump == output_pumps_.front() && takes_over()) --ends_to_type_, terminal_input_->append("\x04");
  if (drains) pump.drain();
  if (&pump == input_pump_ && pump.ended()) input_.second.reset();  // the end of the caller's input is the end of the payload's
}

bool Foreground::takes_over() {
  termios mode{};
  const bool edits = ::tcgetattr(outer_.get(), &mode) == 0 && (mode.c_lflag & ICANON) == 0;
  return !std::exchange(is_edited_, edits) && edits;
}

void Foreground::resize() {
  winsize size{};
  if (outer_ && ::ioctl(0, TIOCGWINSZ, &size) == 0) ::ioctl(outer_.get(), TIOCSWINSZ, &size);
}

void Foreground::stop(int init) {
  if (raw_) raw_->restore();
  {
    const UnreapedChildren unreaped;
    suffer(SIGTSTP, true);  // who waits for this process may not be the shell that counts
  }
  go_on();
  static_cast<void>(sys::send_signal(init, SIGCONT));
}

void Foreground::go_on() {
  if (!raw_) return;
  raw_->enter();
  if (raw_->is_entered()) resize();
}

void Foreground::drain() {
  // More does not fit into a pipe: then it comes from somebody whom the command of an exec has left behind.
  constexpr std::size_t most = 1 << 20;
  for (Pump* pump : output_pumps_) {
    for (std::size_t read = 0; !pump->ended() && read < most;) {
      const bool waits = pump->sink() >= 0;
      Waiting waiting;
      waiting.want(pump->source(), POLLIN);
      waiting.want(pump->sink(), POLLOUT);
      if (!waiting.sleep(waits ? -1 : 0)) continue;
      const bool fills = waiting.got(pump->source(), POLLIN);
      const bool drains = waiting.got(pump->sink(), POLLOUT);
      if (!fills && !drains) break;
      if (fills) read += pump->fill();
      if (drains) pump->drain();
    }
  }
}

}  // namespace snug::runtime
