#pragma once

#include <sys/ioctl.h>
#include <sys/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

namespace snug::runtime {

/// What a packet between the monitor of a detached container and who attaches to it is about: its first byte.
enum class Word : char {
  // to the monitor
  attach = 'a',     ///< a Wish
  hold = 'h',       ///< nothing; the container is in use for as long as the connection lives
  stay = 't',       ///< nothing; the container is to go on when the last holder leaves
  input = 'i',      ///< bytes
  input_end = 'e',
  size = 's',       ///< a winsize
  signal = 'k',     ///< an int
  go_on = 'c',      ///< after `stopped`
  request = 'p',    ///< something of the container's networks: Networks::change's words, with NUL between
  // from the monitor
  welcome = 'w',    ///< a Welcome
  output = 'o',     ///< bytes
  error = 'r',      ///< bytes of standard error
  lost = 'l',       ///< an std::uint64_t: so many bytes came too fast for this reader
  stopped = 'z',    ///< the payload was stopped by Ctrl-Z
  ended = 'x',      ///< an End
  answer = 'b',     ///< why that is not done; nothing: it is
};

/// What somebody who attaches asks for. Both sides are the same program on the same machine, or do not know each other's words.
struct Wish {
  bool has_size = false;
  bool job_control = false;  ///< can be stopped and go on
  bool patient = false;      ///< the container waits for this reader, for however long
  winsize size{};
};

struct Welcome {
  bool terminal = false;
  bool input = false;  ///< it is read
};

struct End {
  int code = 0;
  bool killed = false;
  std::uint64_t out_of_memory = 0;
};

/// How many bytes one packet carries.
inline constexpr std::size_t packet_size = 16384;

[[nodiscard]] inline std::string make_packet(Word word, std::string_view data = {}) {
  std::string packet(1, static_cast<char>(word));
  packet += data;
  return packet;
}

template <typename Value>
  requires std::is_trivially_copyable_v<Value>
[[nodiscard]] std::string make_packet(Word word, const Value& value) {
  return make_packet(word, std::string_view(reinterpret_cast<const char*>(&value), sizeof value));
}

/// recv(2) of what the other side has sent, also where it has closed the connection before it read all of this side's.
[[nodiscard]] ssize_t receive_packet(int socket, void* buffer, std::size_t size, int flags) noexcept;

/// A packet that has arrived.
class Packet {
 public:
  /// Takes one from a socket that does not block: false where there is none. At the end of the connection ended() is true.
  [[nodiscard]] bool receive(int socket);

  [[nodiscard]] bool ended() const { return ended_; }
  [[nodiscard]] Word word() const { return static_cast<Word>(bytes_[0]); }
  [[nodiscard]] std::string_view data() const { return {bytes_.data() + 1, size_ - 1}; }
  /// Reads a value; a fresh one where it is of another size.
  template <typename Value>
  [[nodiscard]] Value value() const {
    Value value{};
    if (data().size() == sizeof value) data().copy(reinterpret_cast<char*>(&value), sizeof value);
    return value;
  }

 private:
  std::array<char, packet_size + 1> bytes_;
  std::size_t size_ = 0;
  bool ended_ = false;
};

}  // namespace snug::runtime
