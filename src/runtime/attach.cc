// Who attaches to a detached container: carries what is typed to its monitor, and what comes from there to standard output and
// error. The monitor's socket is read only when all that came before is written, so that a slow terminal is seen there.

#include "snug/runtime/attach.hh"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <deque>
#include <utility>

#include "detach_keys.hh"
#include "door.hh"
#include "packet.hh"
#include "relay.hh"
#include "screen.hh"
#include "signals.hh"
#include "snug/base/error.hh"
#include "snug/base/signals.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "snug/sys/process.hh"
#include "waiting.hh"

namespace snug::runtime {
namespace {

using sys::Fd;

// A write to a terminal or pipe that is ready for it does not block up to so many bytes.
constexpr std::size_t write_size = 4096;

// So many milliseconds a signal waits for the monitor to say whom it is for.
constexpr int welcome_patience = 2000;

bool find_size(winsize& size) {
  for (const int fd : {1, 0, 2})
    if (::ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_row) return true;
  return false;
}

void send_wish(int socket, const Attaching& how) {
  Wish wish;
  wish.has_size = find_size(wish.size);
  wish.job_control = how.input && ::isatty(0);
  wish.patient = how.patient;
  if (const std::string packet = make_packet(Word::attach, wish); ::send(socket, packet.data(), packet.size(), MSG_NOSIGNAL) < 0)
    throw system_error("speak to the monitor of the container", errno);
}

/// Bytes on their way to one of the caller's descriptors.
class Outlet {
 public:
  explicit Outlet(int to) : to_(to) {}
  [[nodiscard]] int fd() const { return waiting_.empty() ? -1 : to_; }
  void put(std::string_view bytes) { waiting_ += bytes; }
  /// False where nobody reads it any more.
  [[nodiscard]] bool drain() {
    const ssize_t count = ::write(to_, waiting_.data(), std::min(waiting_.size(), write_size));
    if (count < 0) return errno == EAGAIN || errno == EINTR;
    waiting_.erase(0, static_cast<std::size_t>(count));
    return true;
  }

 private:
  int to_;
  std::string waiting_;
};

class Attachment {
 public:
  Attachment(Fd socket, const Attaching& how) : socket_(std::move(socket)), how_(how), keys_(how.detach_keys) {}

  std::variant<Exited, Detached> run() {
    while (!end_) {
      Waiting waiting;
      ask(waiting);
      if (!waiting.sleep(early_signal_ ? welcome_patience : is_in_background() ? RawTerminal::look_again : -1)) continue;
      if (waiting.was_quiet() && early_signal_) heed(*std::exchange(early_signal_, {}));
      if (is_in_background()) go_on();
      answer(waiting);
    }
    leave();
    return *end_;
  }

 private:
  [[nodiscard]] bool all_written() const { return output_.fd() < 0 && error_.fd() < 0; }
  [[nodiscard]] bool reads_input() const { return how_.input && welcomed_ && welcome_.input && !input_ended_ && to_send_.empty() && !is_in_background(); }
  [[nodiscard]] bool is_in_background() const { return raw_ && !raw_->is_entered(); }

  void ask(Waiting& waiting) const {
    waiting.want(signals_.fd(), POLLIN);
    if (all_written()) waiting.want(socket_.get(), POLLIN);
    if (!to_send_.empty()) waiting.want(socket_.get(), POLLOUT);
    if (reads_input()) waiting.want(0, POLLIN);
    waiting.want(output_.fd(), POLLOUT);
    waiting.want(error_.fd(), POLLOUT);
  }

  void answer(const Waiting& waiting) {
    for (Outlet* outlet : {&output_, &error_})
      if (waiting.got(outlet->fd(), POLLOUT) && !outlet->drain()) end_ = Detached{};
    if (waiting.got(socket_.get(), POLLIN)) listen();
    if (waiting.got(socket_.get(), POLLOUT)) flush();
    if (reads_input() && waiting.got(0, POLLIN)) read_input();
    if (waiting.got(signals_.fd(), POLLIN)) handle_signal(signals_.next());
  }

  void listen() {
    Packet packet;
    while (!end_ && all_written() && packet.receive(socket_.get())) take(packet);
    // Nobody told of an end: the monitor was killed, and the container with it.
    if (packet.ended() && !end_) {
      if (!welcomed_) throw Error("the monitor of the container lets nobody in", "it has just ended, or too many are attached");
      end_ = Exited{.code = 128 + SIGKILL, .init_killed = true};
    }
  }

  void take(const Packet& packet) {
    switch (packet.word()) {
      case Word::welcome: return begin(packet.value<Welcome>());
      case Word::output:
        if (welcome_.terminal) modes_.follow(packet.data());
        return output_.put(packet.data());
      case Word::error: return error_.put(packet.data());
      case Word::lost:
        if (!welcome_.terminal) error_.put(format("snug: {} bytes of output are missing here: they came too fast\n", packet.value<std::uint64_t>()));
        return;
      case Word::stopped: return stop(true);
      case Word::ended: {
        const End end = packet.value<End>();
        end_ = Exited{.code = end.code, .init_killed = end.killed, .out_of_memory = end.out_of_memory};
        return;
      }
      default: return;
    }
  }

  void begin(const Welcome& welcome) {
    welcome_ = welcome;
    welcomed_ = true;
    if (welcome_.terminal && how_.input && ::isatty(0)) raw_.emplace(0, 1, how_.title), raw_->enter();
    if (const auto signal = std::exchange(early_signal_, {})) handle_signal(*signal);
  }

  void read_input() {
    std::array<char, packet_size / 2> bytes;
    const ssize_t count = ::read(0, bytes.data(), bytes.size());
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) {
      input_ended_ = true;
      return send(Word::input_end, {});
    }
    std::string typed;
    const std::string_view data(bytes.data(), static_cast<std::size_t>(count));
    if (!raw_)
      typed = data;
    else if (keys_.pass(data, typed))
      end_ = Detached{};
    if (!typed.empty()) send(Word::input, typed);
  }

  void send(Word word, std::string_view data) {
    to_send_.push_back(make_packet(word, data));
    flush();
  }

  void flush() {
    while (!to_send_.empty()) {
      if (::send(socket_.get(), to_send_.front().data(), to_send_.front().size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
        if (errno == EAGAIN || errno == EINTR) return;
        return to_send_.clear();  // what came of that is read from the other side
      }
      to_send_.pop_front();
    }
  }

  void handle_signal(int signal) {
    if (signal == SIGWINCH) return send_size();
    if (signal == SIGTSTP) return stop(false);
    if (signal == SIGCONT) return go_on();
    if (signal == 0) return;
    // Of a terminal the keys are its own business. What ends this process shall not end a container that is shared.
    if (how_.signals && !welcomed_ && !early_signal_)
      early_signal_ = signal;
    else if (how_.signals && welcomed_ && !welcome_.terminal)
      send(Word::signal, {reinterpret_cast<const char*>(&signal), sizeof signal});
    else
      heed(signal);
  }

  // Of one that is not the container's.
  void heed(int signal) {
    if (signal != SIGUSR1 && signal != SIGUSR2 && signal != SIGALRM) end_ = Detached{.signal = signal};
  }

  void send_size() {
    winsize size{};
    if (find_size(size)) send(Word::size, {reinterpret_cast<const char*>(&size), sizeof size});
  }

  // Gives the outer shell its terminal back; when that says so, both go on.
  void stop(bool with_container) {
    if (raw_) raw_->restore();
    suffer(SIGTSTP, true);
    go_on();
    if (with_container) send(Word::go_on, {});
  }

  void go_on() {
    if (raw_) raw_->enter();
    if (welcome_.terminal && !is_in_background()) send_size();
  }

  // What goes first is what the container switched at the terminal, then the terminal's own mode.
  void leave() {
    if (welcome_.terminal && ::isatty(1)) static_cast<void>(sys::write_all(1, modes_.render_way_back() + "\x1b[0m"));
    if (raw_) raw_->restore();
  }

  Fd socket_;
  const Attaching& how_;
  DetachKeys keys_;
  BlockedSignals signals_;
  Welcome welcome_;
  TerminalModes modes_;
  std::optional<RawTerminal> raw_;
  Outlet output_{1}, error_{2};
  std::deque<std::string> to_send_;
  std::optional<std::variant<Exited, Detached>> end_;
  std::optional<int> early_signal_;  ///< that came before the welcome, which tells whether it is the container's
  bool welcomed_ = false, input_ended_ = false;
};

}  // namespace

sys::FdPair make_visit(const Attaching& how) {
  sys::FdPair pair = sys::make_socket_pair();
  send_wish(pair.second.get(), how);
  return pair;
}

sys::FdPair make_hold() {
  sys::FdPair pair = sys::make_socket_pair();
  const std::string packet = make_packet(Word::hold);
  if (::send(pair.second.get(), packet.data(), packet.size(), MSG_NOSIGNAL) < 0) throw system_error("speak to the monitor of the container", errno);
  return pair;
}

Fd visit(const std::string& folder, const Attaching& how) {
  const Fd place = sys::try_open(AT_FDCWD, folder.c_str(), O_PATH | O_DIRECTORY);
  Fd socket = place ? knock(place.get()) : Fd();
  if (socket) send_wish(socket.get(), how);
  return socket;
}

std::variant<Exited, Detached> attach(Fd visit, const Attaching& how) { return Attachment(std::move(visit), how).run(); }

namespace {

// What the monitor answers; nothing where none can be reached, or with EAGAIN in errno where it takes so many seconds.
std::optional<std::string> ask_monitor(const std::string& folder, const std::string& packet, int seconds) {
  const Fd place = sys::try_open(AT_FDCWD, folder.c_str(), O_PATH | O_DIRECTORY);
  const Fd socket = place ? knock(place.get()) : Fd();
  std::array<char, packet_size + 1> answer;
  const timeval patience{seconds, 0};
  if (!socket || ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0) return {};
  if (::send(socket.get(), packet.data(), packet.size(), MSG_NOSIGNAL) < 0) return {};
  errno = 0;
  const ssize_t count = receive_packet(socket.get(), answer.data(), answer.size(), 0);
  if (count < 1 || answer[0] != static_cast<char>(Word::answer)) return {};
  return std::string(answer.data() + 1, static_cast<std::size_t>(count) - 1);
}

}  // namespace

std::optional<std::string> change_networks(const std::string& folder, const std::vector<std::string>& words) {
  const std::string packet = make_packet(Word::request, std::string_view(join(words, std::string(1, '\0'))));
  constexpr int patience = 60;  // pasta and the keeper take a moment; others wait for their turn behind this one
  if (packet.size() > packet_size) return "so much cannot be told to its monitor at once";
  auto answer = ask_monitor(folder, packet, patience);
  return !answer && errno == EAGAIN ? format("its monitor has not answered for {} seconds", patience) : std::move(answer);
}

Staying have_stay(const std::string& folder) {
  constexpr int patience = 10;
  const auto refusal = ask_monitor(folder, make_packet(Word::stay), patience);
  if (!refusal) return errno == EAGAIN ? Staying::silent : Staying::gone;
  return refusal->empty() ? Staying::stays : Staying::asleep;
}

Fd hold(const std::string& folder) {
  const Fd place = sys::try_open(AT_FDCWD, folder.c_str(), O_PATH | O_DIRECTORY);
  Fd socket = place ? knock(place.get()) : Fd();
  char answer = 0;
  if (socket && ::send(socket.get(), "h", 1, MSG_NOSIGNAL) == 1 && receive_packet(socket.get(), &answer, 1, 0) == 1) return socket;
  return Fd();
}

bool let_go(Fd hold, int seconds) {
  const timeval patience{seconds, 0};
  if (::shutdown(hold.get(), SHUT_WR) != 0 || ::setsockopt(hold.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience) != 0) return false;
  for (char word = 0; receive_packet(hold.get(), &word, 1, 0) == 1;)
    if (word == static_cast<char>(Word::ended)) return true;
  return false;
}

}  // namespace snug::runtime
