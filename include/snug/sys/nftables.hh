#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "snug/sys/fd.hh"

namespace snug::sys {

/// Changes of nftables of the family inet that the kernel makes together or not at all: messages of nfnetlink, linux/netfilter/nf_tables.h. Pure.
class NftBatch {
 public:
  NftBatch();

  /// Begins a message, NFT_MSG_…, with NLM_F_… besides NLM_F_REQUEST.
  void begin(std::uint16_t type, std::uint16_t flags);
  void add(std::uint16_t attribute, std::string_view bytes);
  void add_text(std::uint16_t attribute, std::string_view text);
  /// Numbers stand in network order.
  void add(std::uint16_t attribute, std::uint16_t number);
  void add(std::uint16_t attribute, std::uint32_t number);
  void add(std::uint16_t attribute, std::uint64_t number);
  /// Begins an attribute that holds others, up to close() with what this gave.
  [[nodiscard]] std::size_t open(std::uint16_t attribute);
  void close(std::size_t mark);

  /// Gives the messages, the last of which is answered.
  [[nodiscard]] std::string finish();

 private:
  void end_message();

  std::string bytes_;
  std::size_t message_ = 0;
  std::uint32_t number_ = 0;
};

/// Opens a socket of nfnetlink in the network namespace that the caller is in; empty with errno set where that fails. What is sent through
/// it is for that namespace, wherever the sender is: with the capabilities that he has over it then. Safe in a child after clone.
[[nodiscard]] Fd open_netfilter() noexcept;

/// Sends a batch and waits for the answer: 0 or errno. Needs CAP_NET_ADMIN over the namespace, which whoever has made its user namespace
/// has from outside. Safe in a child after clone.
[[nodiscard]] int send_batch(int socket, std::string_view batch) noexcept;

/// Has the packets that rules log for `group` told through the socket, from their front up to `size` bytes: 0 or errno. Needs the same; to
/// read them afterwards needs nothing. Safe in a child after clone.
[[nodiscard]] int receive_logged(int socket, std::uint16_t group, std::uint32_t size) noexcept;

/// Finds the packet in what was received so; empty where there is none. `message` is shortened by what was looked at. Pure.
[[nodiscard]] std::string_view take_logged(std::string_view& message);

}  // namespace snug::sys
