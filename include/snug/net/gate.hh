#pragma once

#include <array>
#include <cstdint>
#include <functional>
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

/// What is opened inside: two sockets of nfnetlink, and for each address at which names are asked for one of UDP and one of TCP.
inline constexpr std::size_t most_gate_sockets = 8;
struct GateSockets {
  std::array<sys::Fd, most_gate_sockets> sockets;
  std::size_t count = 0;
};

/// Raises the wall in the network namespace that the caller is in, makes `servers` addresses of its loopback, which is up, and opens the sockets:
/// 0 or an errno. Needs CAP_NET_ADMIN and CAP_NET_BIND_SERVICE there. An IPv6 address is left out where there is no IPv6. Safe in a child after clone.
[[nodiscard]] int raise_wall(std::string_view wall, std::span<const sys::NetAddress> servers, GateSockets& opened) noexcept;

/// The same in namespaces of others, by way of a process that goes in. Throws.
[[nodiscard]] std::vector<sys::Fd> raise_wall_in(int user, int net, const std::string& wall, std::span<const sys::NetAddress> servers);

/// What a gate is started with.
struct GateChoice {
  std::vector<GateRule> rules = {};
  std::vector<std::string> upstream = {};           ///< whom it asks for names; none: those of this machine
  sys::Fd log = {};                                 ///< the file `denied`, or none
  std::vector<std::uint64_t> filter = {};           ///< of system calls
};

/// Who stands between a container and the names of the world: a process of its own, which resolves what may be asked for and has the kernel let
/// out what is sent to those addresses, for as long as the answer holds. No packet passes through it. It ends with this object or its
/// process; who is killed is started anew, once. Runs in the monitor.
class Gate {
 public:
  enum class News {
    none,
    changed,    ///< the answer to change(): error() is 0, or why it is not done
    restarted,
    ended,      ///< for good: no name is resolved any more, and what was opened shuts by itself
  };

  /// Takes what raise_wall opened.
  Gate(GateChoice choice, std::vector<sys::Fd> sockets) : choice_(std::move(choice)), sockets_(std::move(sockets)) {}
  ~Gate() { stop(); }
  Gate(const Gate&) = delete;
  Gate& operator=(const Gate&) = delete;

  /// Throws where no process can be had.
  void start();
  /// Begins to put these rules in place of those it has. False where it cannot be told.
  [[nodiscard]] bool change(std::vector<GateRule> rules);

  /// What poll(2) is to wait for, for reading.
  [[nodiscard]] std::array<int, 2> descriptors() const { return {control_.get(), process_.pidfd.get()}; }
  /// Looks at what has come for one of them.
  News answer();

  [[nodiscard]] int error() const { return error_; }
  /// How it ended.
  [[nodiscard]] const std::string& reason() const { return reason_; }

 private:
  [[nodiscard]] News note_end();
  void stop();

  GateChoice choice_;
  std::vector<sys::Fd> sockets_;
  std::optional<std::vector<GateRule>> wanted_;
  sys::Fd control_;
  sys::Cloned process_;
  int error_ = 0;
  std::string reason_;
  bool restarted_ = false;
};

}  // namespace snug::net
