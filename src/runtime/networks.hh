#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "snug/net/gate.hh"
#include "snug/net/way_out.hh"
#include "snug/plan/plan.hh"
#include "snug/sys/fd.hh"
#include "memberships.hh"
#include "waiting.hh"

namespace snug::runtime {

/// What the networks of a container have to tell its monitor.
struct NetworkNews {
  bool ready = false;                  ///< whoever waits for the way out may go on
  std::optional<std::string> failure;  ///< it waits in vain: why
  std::optional<std::size_t> step;     ///< which one has failed; nothing: the wait itself
  std::optional<std::string> notice;   ///< for whoever reads what the container writes
  std::optional<std::string> answer;   ///< to the request: why it is not done; "": it is
};

/// What the monitor does for the networks of its container, in its one loop; launch.cc is the rest.
class Networks {
 public:
  /// `folder` is the container's, where its gate tells what it has refused; it may be empty.
  Networks(const plan::Plan& plan, std::string folder);

  /// Takes the outer end of the container's interface.
  void watch(sys::Fd interface);
  /// Takes the outer end of the interface by which it asks for names, which is watched from now on.
  void open_gate(sys::Fd line);
  /// Takes what init has opened to change the wall by, and starts the gate.
  void guard(net::WallSockets sockets);
  /// Learns the container's namespaces, which stay the caller's, joins its shared networks, and starts what has to be there before the command.
  [[nodiscard]] NetworkNews enter(int user, int net);

  void ask(Waiting& waiting) const;
  /// Looks at what has come for what was asked for.
  NetworkNews answer(const Waiting& waiting);
  /// Does what somebody asks for in a container that runs: "ports" and the words by which pasta opens just these; "connect" or
  /// "disconnect" and those of Memberships; or "allow" and what plan::RestrictEgress, ServeNames and OpenGate have, its rules,
  /// addresses and upstream, a word each with blanks within. The answer comes now, or later as news; where it is a refusal all is as it was.
  NetworkNews change(std::string_view request);
  /// Ends what was started.
  void end() { way_out_.reset(), gate_.reset(), memberships_.end(); }

 private:
  NetworkNews change_ports(std::vector<std::string> words);
  NetworkNews end_change(const std::string& refusal);
  NetworkNews lose();
  NetworkNews change_egress(const std::vector<std::string>& words);
  NetworkNews answer_gate();
  void make_gate(net::GateChoice choice, sys::Fd line);
  void introduce();
  [[nodiscard]] std::string tell(std::string_view what) const;

  bool at_once_ = false, again_ = false;
  bool awaited_ = false;  ///< the command waits for the way out
  Memberships memberships_;
  const plan::Plan& plan_;
  std::string folder_;
  int user_ = -1, net_ = -1;
  bool changes_egress_ = false;  ///< somebody waits for the gate's answer
  std::optional<net::Gate> gate_;
  std::optional<net::WayOut> way_out_;
  std::optional<std::vector<std::string>> former_ports_;  ///< while it is not certain that pasta can open the new ones
};

}  // namespace snug::runtime
