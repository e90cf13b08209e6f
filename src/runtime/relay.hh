#pragma once

#include <poll.h>
#include <termios.h>

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

#include "snug/sys/fd.hh"

namespace snug::runtime {

/// Carries bytes from one descriptor to another, as far as both are ready. Owns neither.
class Pump {
 public:
  Pump(int from, int to) : from_(from), to_(to) {}

  [[nodiscard]] int source() const { return filled_ < buffer_.size() && !ended_ ? from_ : -1; }
  [[nodiscard]] int sink() const { return done_ < filled_ ? to_ : -1; }
  [[nodiscard]] bool source_ended() const { return ended_; }
  [[nodiscard]] bool ended() const { return ended_ && done_ == filled_; }

  /// Reads once what is there; gives how much it was.
  std::size_t fill();
  /// Writes what is there to write, as much as the sink takes.
  void drain();
  /// Puts `bytes` behind what is to be written, as far as there is room.
  void append(std::string_view bytes);

 private:
  int from_, to_;
  std::array<char, 16384> buffer_{};
  std::size_t filled_ = 0, done_ = 0;
  bool ended_ = false;
};

/// The caller's terminal in raw mode, and with a title, for as long as this lives; as it was on every way out.
class RawTerminal {
 public:
  /// `input` and `output` stay the caller's; an empty title, or an output that is no terminal, leaves that as it is.
  RawTerminal(int input, int output, std::string_view title);
  ~RawTerminal();
  RawTerminal(const RawTerminal&) = delete;
  RawTerminal& operator=(const RawTerminal&) = delete;

  /// Does nothing for a job in the background, which has to leave the terminal to others: try again when it goes on.
  void enter();
  void restore();
  /// Whether what is typed is this process's. No signal tells a job that runs in the background that it is brought to the front: it
  /// looks again after `look_again` milliseconds.
  [[nodiscard]] bool is_entered() const { return raw_; }
  static constexpr int look_again = 200;

 private:
  int input_, output_;
  std::string title_;
  termios saved_{};
  bool known_ = false, raw_ = false;
};

}  // namespace snug::runtime
