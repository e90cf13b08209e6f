#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>

#include "packet.hh"
#include "snug/sys/fd.hh"

namespace snug::runtime {

/// A packet that all visitors are sent: one copy of it.
using SharedPacket = std::shared_ptr<const std::string>;

/// One connection to the monitor. What its reader has not taken yet waits here, up to a bound: then the container waits for the
/// reader, but not for long, or for ever where the reader asked for that. A reader that takes nothing loses output instead.
class Visitor {
 public:
  enum class Kind { unknown, attached, holding, requesting, leaving };

  explicit Visitor(sys::Fd socket) : socket_(std::move(socket)) {}

  [[nodiscard]] int fd() const { return socket_.get(); }
  [[nodiscard]] Kind kind() const { return kind_; }
  [[nodiscard]] const Wish& wish() const { return wish_; }
  void attach(const Wish& wish) { kind_ = Kind::attached, wish_ = wish; }
  void hold() { kind_ = Kind::holding; }
  void request() { kind_ = Kind::requesting; }
  /// Says nothing more, and may be told something yet.
  void linger() { kind_ = Kind::leaving; }
  void leave() { socket_.reset(); }

  /// Sends what it must know.
  void tell(SharedPacket packet);
  void tell(std::string packet) { tell(std::make_shared<const std::string>(std::move(packet))); }
  /// Sends what the container wrote, or counts it as lost.
  void show(const SharedPacket& packet);

  [[nodiscard]] bool has_something() const { return socket_ && (!queue_.empty() || lost_); }
  /// Sends what goes. True when what it lost is over: it is to be shown where things stand.
  [[nodiscard]] bool drain();

  /// Whether the container has to wait for it.
  [[nodiscard]] bool delays() const;
  /// How many milliseconds longer it does at most; -1: for as long as it takes.
  [[nodiscard]] int patience() const;
  /// Lets go of what it did not take in time.
  void lose_patience();
  /// Sends the last packet, where it takes nothing, too: what it lost is told first.
  void part(SharedPacket packet);

 private:
  sys::Fd socket_;
  Kind kind_ = Kind::unknown;
  Wish wish_;
  std::deque<SharedPacket> queue_;
  std::size_t queued_ = 0;
  std::uint64_t progress_ = 0;  ///< when it last took something
  std::uint64_t lost_ = 0;
};

}  // namespace snug::runtime
