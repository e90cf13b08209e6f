#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "snug/sys/fd.hh"
#include "snug/sys/network.hh"
#include "snug/sys/process.hh"

namespace snug::net {

/// What may be sent out: to a name's addresses, or to a network.
struct GateRule {
  std::string name = {};            ///< as covers() takes it; empty: the network counts
  sys::NetAddress network = {};
  unsigned prefix = 0;
  std::uint16_t port = 0;           ///< of TCP and UDP; 0: whatever is sent there
};

/// Gives the batch that raises the wall in a network namespace, which lets out what `rules` say of networks. Pure.
[[nodiscard]] std::string make_wall(std::span<const GateRule> rules);

/// What changes a wall, and what tells of packets that it has refused: two sockets of nfnetlink.
using WallSockets = std::array<sys::Fd, 2>;

/// Raises the wall in the network namespace that the caller is in: 0 or an errno. Needs CAP_NET_ADMIN there. Safe in a child after clone.
[[nodiscard]] int raise_wall(std::string_view wall, WallSockets& opened) noexcept;

/// Makes the interface snug0 in the network namespace that the caller is in, by which what is sent to `servers` leaves, and gives its outer end: 0 or
/// an errno. An IPv6 address is left out where there is no IPv6. Needs CAP_NET_ADMIN there, and the host's /dev and /proc. Safe in a child after clone.
[[nodiscard]] int lay_line(std::span<const sys::NetAddress> servers, sys::Fd& line) noexcept;

/// Does both in namespaces of others, by way of a process that goes in; without servers no line is laid. Throws.
struct RaisedWall {
  WallSockets wall;
  sys::Fd line;
};
[[nodiscard]] RaisedWall raise_wall_in(int user, int net, const std::string& wall, std::span<const sys::NetAddress> servers);

/// What a gate is started with.
struct GateChoice {
  std::vector<GateRule> rules = {};                 ///< where there is a wall
  std::vector<std::string> addresses = {};          ///< at which names are asked for
  std::vector<std::string> upstream = {};           ///< whom it asks for them; none: those of this machine
  bool hands_on = true;                             ///< it does
  std::string folder = {};                          ///< where it tells what it has refused; "": nowhere
  std::vector<std::uint64_t> filter = {};           ///< of system calls
};

/// Who stands between a container and the names of the world: a process of its own, which resolves what may be asked for and, where there is a
/// wall, has the kernel let out what is sent to those addresses, for as long as the answer holds. No packet passes through it. Without a
/// wall it is started by a question, and ends when none has come for a while; with one it is started anew, once, where it is killed. It ends with
/// this object or its process. Runs in the monitor.
class Gate {
 public:
  enum class News {
    none,
    changed,    ///< the answer to change(): error() is 0, or why it is not done
    restarted,  ///< with a wall: it had ended
    fallen,     ///< without one: it has ended, or does not start; the next question starts it again
    ended,      ///< for good: no name is resolved any more, and what was let out shuts by itself
  };

  /// Takes what lay_line gave.
  Gate(GateChoice choice, sys::Fd line) : choice_(std::move(choice)), line_(std::move(line)) {}
  ~Gate() { stop(); }
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  /// Takes what raise_wall opened, and starts with these rules. Throws where no process can be had.
  void guard(std::vector<GateRule> rules, WallSockets wall);
  [[nodiscard]] bool has_wall() const { return static_cast<bool>(wall_[0]); }
  /// Begins to put these rules in place of those it has. False where it cannot be told.
  [[nodiscard]] bool change(std::vector<GateRule> rules);
  /// Takes the socket at which the keeper of shared networks answers for names there, in place of the one it has; none where the container is on no
  /// shared network.
  void meet(sys::Fd keeper);

  /// What poll(2) is to wait for, for reading.
  [[nodiscard]] std::array<int, 3> descriptors() const { return {process_.pidfd || lost_ ? -1 : line_.get(), control_.get(), process_.pidfd.get()}; }
  /// Looks at what has come for one of them.
  News answer();

  [[nodiscard]] int error() const { return error_; }
  /// How it ended.
  [[nodiscard]] const std::string& reason() const { return reason_; }

 private:
  void start();
  [[nodiscard]] News try_start(News done);
  [[nodiscard]] News note_end(std::string reason);
  [[nodiscard]] News await_question();
  void stop();

  GateChoice choice_;
  WallSockets wall_;
  sys::Fd line_, keeper_;
  std::optional<std::vector<GateRule>> wanted_;
  sys::Fd control_;
  sys::Cloned process_;
  int error_ = 0;
  std::string reason_;
  bool restarted_ = false, lost_ = false;
  bool told_ = false;  ///< that it has fallen
};

}  // namespace snug::net
