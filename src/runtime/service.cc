// A detached container writes into pipes, or to a terminal, whose other ends are here: what comes goes into the log and to all who
// are attached (visitor.hh has the theory of slow ones), and what they type goes in. All of it in the monitor's one loop,
// nothing in which blocks; while nobody writes it sleeps. Visitors come through the door, a socket in the container's folder.

#include "service.hh"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <utility>

#include "snug/sys/file.hh"
#include "snug/sys/process.hh"

namespace snug::runtime {
namespace {

constexpr std::size_t most_visitors = 64;
constexpr std::size_t most_typed = 65536;
constexpr std::uint64_t nudge_time = 50'000'000;

void unblock(int fd) { ::fcntl(fd, F_SETFL, O_NONBLOCK); }

// What takes the shorter time; -1 is for ever.
int sooner(int one, int other) { return one < 0 ? other : other < 0 ? one : std::min(one, other); }

}  // namespace

Background::Background(const plan::Plan& plan, const Outside& outside)
    : plan_(plan), service_(*outside.service), folder_(sys::open(AT_FDCWD, service_.folder, O_RDONLY | O_DIRECTORY)),
      log_(folder_.get(), service_.log), takes_input_(plan.terminal || !plan.null_input) {}

void Background::prepare(Context& context) {
  door_.emplace(folder_.get());
  if (service_.visitor >= 0) welcome(sys::Fd(service_.visitor));
  null_ = sys::open(AT_FDCWD, "/dev/null", O_RDWR);
  context.stdio.fill(null_.get());
  if (plan_.terminal) {
    context.on_terminal = {true, true, true};
    context.size = size_;
    return;
  }
  if (!plan_.null_input) {
    input_ = sys::make_pipe();
    unblock(input_.second.get());
    context.stdio[0] = input_.first.get();
  }
  output_ = sys::make_pipe();
  error_ = sys::make_pipe();
  unblock(output_.first.get());
  unblock(error_.first.get());
  context.stdio[1] = output_.second.get();
  context.stdio[2] = error_.second.get();
}

void Background::close_child_ends() {
  input_.first.reset();
  output_.second.reset();
  error_.second.reset();
  null_.reset();
}

void Background::take_terminal(sys::Fd outer) {
  outer_ = std::move(outer);
  unblock(outer_.get());
  ::ioctl(outer_.get(), TIOCSWINSZ, &size_);
}

bool Background::is_delayed() const {
  return std::any_of(visitors_.begin(), visitors_.end(), [](const Visitor& each) { return each.delays(); });
}

void Background::ask(Waiting& waiting) const {
  if (!is_delayed())
    for (const sys::Fd* from : {&output_.first, &error_.first, &outer_}) waiting.want(from->get(), POLLIN);
  if (!typed_.empty()) waiting.want(outer_ ? outer_.get() : input_.second.get(), POLLOUT);
  if (door_ && !crowded_ && visitors_.size() < most_visitors) waiting.want(door_->fd(), POLLIN);
  for (const Visitor& visitor : visitors_) {
    if (typed_.size() < most_typed && visitor.kind() != Visitor::Kind::leaving) waiting.want(visitor.fd(), POLLIN);
    if (visitor.has_something()) waiting.want(visitor.fd(), POLLOUT);
  }
}

int Background::patience() const {
  int least = -1;
  if (nudge_end_) {
    const std::uint64_t now = sys::monotonic_time();
    least = nudge_end_ > now ? static_cast<int>((nudge_end_ - now) / 1'000'000 + 1) : 0;
  }
  for (const Visitor& visitor : visitors_)
    if (visitor.delays()) least = sooner(least, visitor.patience());
  return least;
}

void Background::answer(const Waiting& waiting) {
  for (Visitor& visitor : visitors_) {
    const bool speaks = waiting.got(visitor.fd(), POLLIN), listens = waiting.got(visitor.fd(), POLLOUT);
    if (speaks) listen_to(visitor);
    if (listens && visitor.drain()) show_again(visitor), nudge();
    if (visitor.delays() && visitor.patience() == 0) visitor.lose_patience();
  }
  if (door_ && waiting.got(door_->fd(), POLLIN)) {
    if (sys::Fd socket = door_->admit())
      welcome(std::move(socket));
    else if (errno == EMFILE || errno == ENFILE)
      crowded_ = true;  // until somebody leaves: else the door would have us look again and again
  }
  if (waiting.got(outer_ ? outer_.get() : input_.second.get(), POLLOUT)) write_input();
  if (waiting.got(output_.first.get(), POLLIN)) read_output(1, output_.first);
  if (waiting.got(error_.first.get(), POLLIN)) read_output(2, error_.first);
  if (waiting.got(outer_.get(), POLLIN)) read_output(1, outer_);
  if (nudge_end_ && sys::monotonic_time() >= nudge_end_) end_nudge();
  drop_the_gone();
}

void Background::welcome(sys::Fd socket) {
  unblock(socket.get());
  listen_to(visitors_.emplace_back(std::move(socket)));
}

void Background::listen_to(Visitor& visitor) {
  Packet packet;
  // So many at once, and then it is somebody else's turn.
  for (int count = 0; count < 16 && visitor.fd() >= 0 && typed_.size() < most_typed && packet.receive(visitor.fd()); ++count) take(visitor, packet);
  if (packet.ended()) part_from(visitor);
}

// The last who held it is told when it has ended: whoever that is may want to start it again at once.
void Background::part_from(Visitor& visitor) {
  const bool held = visitor.kind() == Visitor::Kind::holding;
  visitor.linger();
  if (!held || !deserted()) return visitor.leave();
  if (service_.left) service_.left();
}

bool Background::deserted() const {
  return service_.until_left && was_held_ && !stays_ &&
         std::none_of(visitors_.begin(), visitors_.end(), [](const Visitor& each) { return each.kind() == Visitor::Kind::holding && each.fd() >= 0; });
}

void Background::take(Visitor& visitor, const Packet& packet) {
  switch (packet.word()) {
    case Word::attach: return attach(visitor, packet.value<Wish>());
    case Word::hold:
      if (visitor.kind() != Visitor::Kind::unknown) return;
      if (deserted()) return visitor.leave();  // it is being ended
      visitor.hold();
      was_held_ = true;
      return visitor.tell(make_packet(Word::welcome, Welcome{}));
    case Word::stay:
      if (visitor.kind() != Visitor::Kind::unknown) return;
      if (deserted()) return visitor.leave();
      visitor.request();
      return visitor.tell(make_packet(Word::answer, stay()));
    case Word::input:
      if (takes_input_ && !input_ends_) typed_ += packet.data();
      return write_input();
    case Word::input_end: return input_ends_ = !plan_.terminal, write_input();
    case Word::size: return nudge_end_ = 0, set_size(packet.value<winsize>());
    case Word::signal:
      if (init_ >= 0) static_cast<void>(sys::send_signal(init_, packet.value<int>()));
      return;
    case Word::go_on:
      if (std::exchange(stopped_, false)) static_cast<void>(sys::send_signal(init_, SIGCONT));
      return;
    case Word::request:
      if (visitor.kind() != Visitor::Kind::unknown) return;
      visitor.request();
      if (std::exchange(asked_, true)) return visitor.tell(make_packet(Word::answer, "it is just being changed by somebody else"));
      request_ = packet.data();
      return;
    default: return visitor.leave();
  }
}

bool Background::note(std::string_view line) {
  log_.write(2, line);
  tell_all(Word::error, line);
  return true;
}

std::string_view Background::stay() {
  stays_ = !service_.sleeps;
  return stays_ ? "" : "its own command sleeps";
}

void Background::answer_request(std::string_view refusal) {
  asked_ = false;
  for (Visitor& visitor : visitors_)
    if (visitor.kind() == Visitor::Kind::requesting) visitor.tell(make_packet(Word::answer, refusal.substr(0, packet_size)));
}

void Background::attach(Visitor& visitor, const Wish& wish) {
  if (visitor.kind() != Visitor::Kind::unknown) return;
  visitor.attach(wish);
  visitor.tell(make_packet(Word::welcome, Welcome{.terminal = plan_.terminal, .input = takes_input_}));
  show_again(visitor);
  const bool same = !wish.has_size || std::memcmp(&wish.size, &size_, sizeof size_) == 0;
  if (wish.has_size) set_size(wish.size);
  if (same) nudge();
}

void Background::show_again(Visitor& visitor) {
  if (!plan_.terminal) return;
  const std::string shown = scrollback_.render(visitor.wish().has_size ? visitor.wish().size.ws_row : size_.ws_row);
  for (std::size_t at = 0; at < shown.size(); at += packet_size)
    visitor.tell(make_packet(Word::output, std::string_view(shown).substr(at, packet_size)));
}

// A program that has the screen to itself draws all of it when the size changes: it changes for a moment.
void Background::nudge() {
  if (!outer_ || !scrollback_.on_second_screen() || size_.ws_row < 2) return;
  winsize less = size_;
  --less.ws_row;
  ::ioctl(outer_.get(), TIOCSWINSZ, &less);
  nudge_end_ = sys::monotonic_time() + nudge_time;
}

void Background::end_nudge() {
  nudge_end_ = 0;
  set_size(size_);
}

void Background::set_size(const winsize& size) {
  size_ = size;
  if (outer_) ::ioctl(outer_.get(), TIOCSWINSZ, &size_);
}

void Background::drop_the_gone() {
  for (auto each = visitors_.begin(); each != visitors_.end();) {
    if (each->fd() >= 0) {
      ++each;
      continue;
    }
    crowded_ = false;
    each = visitors_.erase(each);
  }
  const bool controlled = std::any_of(visitors_.begin(), visitors_.end(), [](const Visitor& each) { return each.wish().job_control; });
  if (stopped_ && !controlled) stopped_ = false, static_cast<void>(sys::send_signal(init_, SIGCONT));
}

// Ctrl-Z stops those who are attached and can be stopped; the first to go on has the payload go on. Where nobody is, nobody could.
void Background::stop(int init) {
  init_ = init;
  if (std::exchange(stopped_, true)) return;  // they know
  for (Visitor& visitor : visitors_)
    if (visitor.wish().job_control) visitor.tell(make_packet(Word::stopped));
  drop_the_gone();
}

void Background::read_output(int stream, sys::Fd& from) {
  std::array<char, packet_size> bytes;
  const ssize_t count = ::read(from.get(), bytes.data(), bytes.size());
  if (count < 0 && (errno == EINTR || (errno == EAGAIN && !finishing_))) return;
  if (count <= 0) return from.reset();
  const std::string_view data(bytes.data(), static_cast<std::size_t>(count));
  log_.write(stream, data);
  if (plan_.terminal) scrollback_.take(data);
  tell_all(stream == 2 ? Word::error : Word::output, data);
}

void Background::tell_all(Word word, std::string_view data) {
  SharedPacket packet;
  for (Visitor& visitor : visitors_) {
    if (visitor.kind() != Visitor::Kind::attached) continue;
    if (!packet) packet = std::make_shared<const std::string>(make_packet(word, data));
    visitor.show(packet);
  }
}

void Background::write_input() {
  const int to = outer_ ? outer_.get() : input_.second.get();
  while (to >= 0 && !typed_.empty()) {
    const ssize_t count = ::write(to, typed_.data(), typed_.size());
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) return end_input();  // nobody reads any more
    typed_.erase(0, static_cast<std::size_t>(count));
  }
  if (to >= 0 && input_ends_) end_input();
}

void Background::end_input() {
  takes_input_ = false;
  typed_.clear();
  input_.second.reset();
}

void Background::drain() {
  door_.reset();
  finishing_ = true;
  while (output_.first || error_.first || outer_) {
    Waiting waiting;
    ask(waiting);
    if (!is_delayed()) {
      if (output_.first) read_output(1, output_.first);
      if (error_.first) read_output(2, error_.first);
      if (outer_) read_output(1, outer_);
    } else if (waiting.sleep(patience())) {
      answer(waiting);
    }
  }
  log_.finish();
}

// Whoever has nothing to take any more, or does not take it, is told the end, and let go.
void Background::see_off(const Exited& exited) {
  const auto end = std::make_shared<const std::string>(make_packet(Word::ended, End{.code = exited.code, .killed = exited.init_killed, .out_of_memory = exited.out_of_memory}));
  for (;;) {
    for (Visitor& visitor : visitors_)
      if (!visitor.has_something() || visitor.patience() == 0) visitor.part(end);
    visitors_.remove_if([](const Visitor& each) { return each.fd() < 0; });
    if (visitors_.empty()) return;
    Waiting waiting;
    int patience = -1;
    for (const Visitor& visitor : visitors_) {
      waiting.want(visitor.fd(), POLLOUT);
      patience = sooner(patience, visitor.patience());
    }
    if (!waiting.sleep(patience)) continue;
    for (Visitor& visitor : visitors_)
      if (waiting.got(visitor.fd(), POLLOUT)) static_cast<void>(visitor.drain());
  }
}

}  // namespace snug::runtime
