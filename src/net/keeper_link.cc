// Who connects, who starts a keeper and a keeper that is about to end take turns, by a lock (flock(2)) on the folder: so nobody connects to
// one that goes, and there are never two.

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "keeper.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/net/membership.hh"
#include "snug/sys/file.hh"
#include "snug/sys/local_socket.hh"
#include "snug/sys/process.hh"

namespace snug::net {
namespace {

using sys::Fd;

constexpr timeval patience{.tv_sec = 10, .tv_usec = 0};

Fd try_connect(int folder) {
  Fd socket = sys::connect_in(folder, keeper_socket);
  for (const int what : {SO_RCVTIMEO, SO_SNDTIMEO})
    if (socket) ::setsockopt(socket.get(), SOL_SOCKET, what, &patience, sizeof patience);
  return socket;
}

Fd open_door(int folder) {
  Fd door = sys::listen_in(folder, keeper_socket, SOMAXCONN, 0);
  if (!door) throw system_error("open the socket of the networks' keeper", errno);
  return door;
}

// The keeper is nobody's child: it outlives whoever starts it.
void start_keeper(const std::string& folder, Fd door) {
  const pid_t middle = ::fork();
  if (middle < 0) throw system_error("start the keeper of the networks", errno);
  if (middle == 0) {
    if (const pid_t keeper = ::fork(); keeper != 0) ::_exit(keeper < 0 ? errno : 0);
    keep_networks(folder, std::move(door));
  }
  int status = 0;
  while (::waitpid(middle, &status, 0) < 0 && errno == EINTR) continue;
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) throw system_error("start the keeper of the networks", WIFEXITED(status) ? WEXITSTATUS(status) : EINTR);
}

Fd reach_keeper(const std::string& folder) {
  const Fd place = sys::open(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY);
  while (::flock(place.get(), LOCK_EX) != 0)
    if (errno != EINTR) throw system_error(format("lock {}", quoted(folder)), errno);
  if (Fd socket = try_connect(place.get())) return socket;
  Fd door = open_door(place.get());
  Fd socket = try_connect(place.get());  // waits for it already: a keeper whom nobody needs would end at once
  if (!socket) throw system_error("connect to the keeper of the networks", errno);
  start_keeper(folder, std::move(door));
  return socket;
}

}  // namespace

std::string KeeperLink::ask(const std::vector<std::string>& words, std::span<const int> descriptors) {
  const std::string question = snug::join(words, std::string(1, '\0'));
  if (question.size() > question_size) return "so many names cannot be told to the keeper of the networks";
  std::array<char, question_size> answer;
  const int error = sys::send_message(socket_.get(), question, descriptors);
  const ssize_t count = error ? -1 : ::recv(socket_.get(), answer.data(), answer.size(), 0);
  if (count > 0) return std::string(answer.data() + 1, static_cast<std::size_t>(count) - 1);
  const int failure = error ? error : errno;
  const std::string reason = count == 0 ? "it has ended" : failure == EAGAIN ? format("not within {} seconds", patience.tv_sec) : errno_text(failure);
  drop();
  return format("the keeper of the networks does not answer: {}", reason);
}

std::string KeeperLink::reach() {
  if (socket_) return {};
  try {
    sys::FdPair names = sys::make_socket_pair();
    socket_ = reach_keeper(folder_);
    const int theirs = names.second.get();
    std::string refusal = ask({"names"}, {&theirs, 1});
    refusal.empty() ? static_cast<void>(names_ = std::move(names.first)) : drop();
    return refusal;
  } catch (const Error& error) {
    return error.message();
  }
}

std::string KeeperLink::join(const Membership& membership, int user, int net) {
  if (std::string refusal = reach(); !refusal.empty()) return refusal;
  std::vector<std::string> words = words_of(membership);
  words.insert(words.begin(), "join");
  const std::array descriptors{net, user};
  return ask(words, std::span(descriptors).first(user < 0 ? 1 : 2));
}

std::string KeeperLink::leave(const std::string& network) { return socket_ ? ask({"leave", network}, {}) : std::string("there is no keeper of the networks"); }

// It says nothing unasked.
bool KeeperLink::has_ended() const {
  char byte = 0;
  return socket_ && (::recv(socket_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || (errno != EAGAIN && errno != EINTR));
}

int find_keeper(const std::string& folder) {
  const Fd place = sys::try_open(AT_FDCWD, folder.c_str(), O_PATH | O_DIRECTORY);
  const Fd socket = place ? try_connect(place.get()) : Fd();
  ucred who{};
  socklen_t size = sizeof who;
  return socket && ::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 ? who.pid : 0;
}

}  // namespace snug::net
