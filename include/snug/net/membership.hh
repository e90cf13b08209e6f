#pragma once

#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "snug/sys/fd.hh"

namespace snug::net {

/// A container's place in a network that it shares with others. Addresses of interfaces stand with their prefixes: "10.89.0.2/24".
struct Membership {
  std::string network;
  std::string interface;               ///< its name inside
  std::string hardware;                ///< "02:00:00:00:00:01"
  std::string address4, address6;      ///< without IPv6 the second is empty
  std::vector<std::string> names;      ///< of the container: its own first
  bool operator==(const Membership&) const = default;
};

/// Puts it into words, and reads those: nothing where they are none.
[[nodiscard]] std::vector<std::string> words_of(const Membership& membership);
[[nodiscard]] std::optional<Membership> parse_membership(std::span<const std::string> words);

/// What a container's monitor has with the keeper of the shared networks, a process of snug's outside: one connection, with the end of
/// which the container is in none of them any more. Whoever is the first starts the keeper, and with the last connection it ends.
class KeeperLink {
 public:
  /// `folder`, absolute, is where the keeper listens.
  explicit KeeperLink(std::string folder) : folder_(std::move(folder)) {}

  /// Connects, where it has not yet: from here on there is a keeper. Gives why not; "" where all is well.
  [[nodiscard]] std::string reach();
  /// Gives the socket at which this keeper answers for names, once; none where it has been taken.
  [[nodiscard]] sys::Fd take_names() { return std::move(names_); }
  /// Makes the container a member: its namespaces, of which that of its users is -1 where it is the host's. Gives why not; "" where all
  /// is well. Waits for the keeper, which does not take long.
  [[nodiscard]] std::string join(const Membership& membership, int user, int net);
  /// Takes it out of the network.
  [[nodiscard]] std::string leave(const std::string& network);

  /// What poll(2) is to wait for, for reading: the keeper's end. -1 where there is no connection.
  [[nodiscard]] int descriptor() const { return socket_.get(); }
  /// Whether it has ended.
  [[nodiscard]] bool has_ended() const;
  /// Lets go of the connection: all that was joined is gone.
  void drop() { socket_.reset(), names_.reset(); }

 private:
  [[nodiscard]] std::string ask(const std::vector<std::string>& words, std::span<const int> descriptors);

  std::string folder_;
  sys::Fd socket_, names_;
};

/// Finds the number of the keeper that listens in `folder`; 0 where there is none.
[[nodiscard]] int find_keeper(const std::string& folder);

}  // namespace snug::net
