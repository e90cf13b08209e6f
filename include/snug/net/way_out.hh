#pragma once

#include <sys/types.h>

#include <array>
#include <string>
#include <vector>

#include "snug/sys/fd.hh"

namespace snug::net {

/// How a container's network leads out.
struct WayOutChoice {
  std::string interface;           ///< its name inside
  std::vector<std::string> words;  ///< of pasta(1) or slirp4netns(1), by its path; PID is the number of a process inside
  bool again = true;               ///< where pasta ends, it is started anew, once
};

/// pasta, or slirp4netns in its place: the program that carries packets between a container's interface and sockets of the host's, and who
/// watches over it. It is started when the first packet wants out, or at once; and it dies with this object or its process. Runs in the monitor.
class WayOut {
 public:
  enum class News {
    none,
    ready,     ///< ports are open, packets are carried
    refused,   ///< pasta ended before it was ready: reason() is why
    restarted, ///< pasta had ended, and was started once more
    ended,     ///< pasta ended, and awaits_route() or not
  };

  explicit WayOut(WayOutChoice choice) : choice_(std::move(choice)) {}
  ~WayOut() { stop(); }
  WayOut(const WayOut&) = delete;
  WayOut& operator=(const WayOut&) = delete;

  /// Takes the outer end of the interface, which is watched from now on for whoever wants out.
  void watch(sys::Fd tap) { tap_ = std::move(tap); }
  /// Learns the container's namespaces; the descriptors stay the caller's.
  void enter(int user, int net) { user_ = user, net_ = net; }
  /// Starts pasta now. Throws where no process can be had.
  void start();

  /// Starts pasta anew with other words for its ports, -t and -u, and gives the former ones: its connections end. Where no
  /// process can be had it is not started, and reason() is why.
  std::vector<std::string> restart(const std::vector<std::string>& ports);

  /// Ends all that it carries: it is started anew, where it runs. False where that fails.
  [[nodiscard]] bool renew();

  /// What poll(2) is to wait for, for reading; -1 where there is nothing.
  [[nodiscard]] std::array<int, 4> descriptors() const { return {user_ < 0 ? -1 : tap_.get(), told_.get(), pasta_.get(), awaits_route() ? routes_.get() : -1}; }
  /// Looks at what has come for one of them.
  News answer();

  /// Why pasta ended, in its own words; written by strangers.
  [[nodiscard]] const std::string& reason() const { return reason_; }

  /// What it is called: "pasta".
  [[nodiscard]] std::string program() const { return choice_.words.front().substr(choice_.words.front().rfind('/') + 1); }

  [[nodiscard]] bool is_started() const { return static_cast<bool>(pasta_); }

  /// Whether pasta, which could not do its work, is started again once this machine gets a default route.
  [[nodiscard]] bool awaits_route() const { return !is_started() && routes_; }

 private:
  [[nodiscard]] News read_word();
  [[nodiscard]] News note_end();
  [[nodiscard]] bool try_start();
  void start_porter();
  void stop();

  WayOutChoice choice_;
  int user_ = -1, net_ = -1;
  sys::Fd tap_;            ///< until pasta takes it
  sys::Fd told_, errors_;  ///< pasta's standard output, which says when it is ready, and its standard error
  sys::Fd pasta_, porter_;
  sys::Fd routes_;  ///< tells of those that came since pasta was started, until it is ready
  pid_t porter_number_ = -1;
  std::string reason_;
  bool ready_ = false, restarted_ = false;
};

}  // namespace snug::net
