#pragma once

#include <optional>
#include <string>
#include <vector>

#include "snug/net/membership.hh"
#include "snug/plan/plan.hh"

namespace snug::runtime {

/// The networks that a container shares with others, as its monitor sees them: what it is a member of, and the connection to the keeper
/// through which it is. Where the keeper ends, another is started, once.
class Memberships {
 public:
  /// What could not be joined: the number of the step, and why.
  struct Failure {
    std::size_t step = 0;
    std::string reason;
  };

  explicit Memberships(const plan::Plan& plan);

  /// Learns the container's namespaces, which stay the caller's, and joins what the plan says.
  [[nodiscard]] std::optional<Failure> enter(int user, int net);

  /// What poll(2) is to wait for: the end of the keeper.
  [[nodiscard]] int descriptor() const { return link_ ? link_->descriptor() : -1; }
  /// Gives the socket at which the keeper answers for names, once; none where it has been taken.
  [[nodiscard]] sys::Fd take_names() { return link_ ? link_->take_names() : sys::Fd(); }
  /// Joins all anew after it. Gives what the user should know.
  [[nodiscard]] std::string rejoin();

  /// Joins or leaves a network while the container runs; `words`: the keeper's folder and those of a net::Membership, whose
  /// interface is chosen here; or a network. Gives why
  /// that is not done; "" where it is.
  [[nodiscard]] std::string connect(const std::vector<std::string>& words);
  [[nodiscard]] std::string disconnect(const std::vector<std::string>& words);

  [[nodiscard]] bool empty() const { return joined_.empty(); }

  void end() { link_.reset(); }

 private:
  [[nodiscard]] std::string free_interface() const;

  const plan::Plan& plan_;
  int user_ = -1, net_ = -1;
  std::optional<net::KeeperLink> link_;
  std::vector<net::Membership> joined_;
  bool rejoined_ = false;
};

}  // namespace snug::runtime
