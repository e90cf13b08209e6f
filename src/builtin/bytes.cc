#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>

#include "files.hh"
#include "snug/base/text.hh"
#include "text.hh"

namespace snug::builtin {
namespace {

// Also of what cannot be sought in.
void skip(int fd, std::uint64_t count) {
  if (::lseek(fd, static_cast<off_t>(count), SEEK_CUR) >= 0) return;
  std::array<char, 4096> buffer;
  while (count)
    if (const std::size_t got = read_some(fd, buffer.data(), static_cast<std::size_t>(std::min<std::uint64_t>(count, buffer.size())))) count -= got;
    else return;
}

/// How bytes are written.
struct Format {
  std::size_t columns = 16, group = 2;
  bool plain = false, bits = false, upper = false;

  [[nodiscard]] std::size_t width() const { return bits ? 8 : 2; }
  [[nodiscard]] std::string text_of(char each) const {
    const auto byte = static_cast<unsigned char>(each);
    return bits ? format("{:08b}", byte) : upper ? format("{:02X}", byte) : format("{:02x}", byte);
  }
};

std::optional<std::uint64_t> parse_hexadecimal(std::string_view digits) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
  return error == std::errc() && end == digits.data() + digits.size() ? std::optional(number) : std::nullopt;
}

std::uint64_t size_option(const Options& options, char letter, std::uint64_t usual) {
  if (!options.has(letter)) return usual;
  const std::string& text = options.value(letter);
  const auto number = text.starts_with("0x") ? parse_hexadecimal(text.substr(2)) : parse_size(text);
  if (!number) throw Failure(format("{} is no number", quoted(options.value(letter))), 2);
  return *number;
}

char printed(unsigned char byte) { return byte >= 32 && byte < 127 ? static_cast<char>(byte) : '.'; }

void put_row(Call& call, std::uint64_t offset, std::string_view row, const Format& shape) {
  std::string numbers, text;
  for (std::size_t at = 0; at < shape.columns; ++at) {
    numbers += at < row.size() ? shape.text_of(row[at]) : std::string(shape.width(), ' ');
    if (at < row.size()) text += printed(static_cast<unsigned char>(row[at]));
    if ((shape.group && (at + 1) % shape.group == 0) || at + 1 == shape.columns) numbers += ' ';
  }
  call.out.line(format("{:08x}: {} {}", offset, numbers, text));
}

void put_plain_row(Call& call, std::string_view row, const Format& shape) {
  for (const char each : row) call.out.put(shape.text_of(each));
  call.out.put("\n");
}

int digit(char each) {
  const std::size_t found = std::string_view("0123456789abcdef").find(each >= 'A' && each <= 'F' ? static_cast<char>(each + 32) : each);
  return found == std::string_view::npos ? -1 : static_cast<int>(found);
}

/// Makes bytes of digits, two of which may be parted by blanks; up to what is neither.
class Halves {
 public:
  std::string bytes_of(std::string_view text) {
    std::string bytes;
    for (const char each : text) {
      if (each == ' ' || each == '\t' || each == '\r') continue;
      const int value = digit(each);
      if (value < 0) break;
      if (half_ < 0) half_ = value;
      else bytes += static_cast<char>(std::exchange(half_, -1) * 16 + value);
    }
    return bytes;
  }
  [[nodiscard]] bool is_within() const { return half_ >= 0; }

 private:
  int half_ = -1;
};

/// Puts the bytes back that a dump tells.
class Reversal {
 public:
  explicit Reversal(Call& call) : call_(call) {}

  // A byte may begin in one line and end in the next.
  void take_plain(std::string_view line) { call_.out.put(halves_.bytes_of(line)); }
  void finish() {
    if (halves_.is_within()) call_.complain("half a byte is left at the end");
  }

  // OFFSET: BYTES, two blanks, and a text that tells nothing more. What lies between two rows is zeros.
  void take_row(std::string_view line) {
    if (line.empty()) return;
    const std::size_t colon = line.find(':');
    std::uint64_t offset = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + std::min(colon, line.size()), offset, 16);
    if (colon == std::string_view::npos || error != std::errc() || end != line.data() + colon) throw Failure(format("{} has no offset and bytes", quoted(line)));
    if (offset < at_) throw Failure(format("{:08x} lies before what is written already", offset));
    for (; at_ < offset; ++at_) call_.out.put(std::string_view("\0", 1));
    std::string_view rest = line.substr(colon + 1);
    if (rest.starts_with(' ')) rest.remove_prefix(1);
    Halves halves;
    const std::string bytes = halves.bytes_of(rest.substr(0, rest.find("  ")));
    if (halves.is_within()) throw Failure(format("{} has half a byte", quoted(line)));
    call_.out.put(bytes);
    at_ += bytes.size();
  }

 private:
  Call& call_;
  Halves halves_;
  std::uint64_t at_ = 0;
};

int restore_bytes(Call& call, const Options& options) {
  Reversal reversal(call);
  for_each_input(call, options.operands(), [&](int fd, const std::string&) {
    for_each_line(fd, [&](std::string_view line) { return options.has('p') ? reversal.take_plain(line) : reversal.take_row(line), true; });
  });
  reversal.finish();
  return call.status;
}

Format format_of(const Options& options) {
  Format shape{.plain = options.has('p'), .bits = options.has('b'), .upper = options.has('u')};
  shape.columns = static_cast<std::size_t>(size_option(options, 'c', shape.plain ? 30 : shape.bits ? 6 : 16));
  shape.group = static_cast<std::size_t>(size_option(options, 'g', shape.bits ? 1 : 2));
  if (shape.columns < 1 || shape.columns > 256) throw Failure("from 1 to 256 bytes stand in a row", 2);
  return shape;
}

// Gives the offset of what is that far from the end, or of the front.
std::uint64_t seek_from_end(int fd, const std::string& distance) {
  const off_t end = ::lseek(fd, 0, SEEK_END);
  if (end < 0) throw Failure(format("-s {}: the end of what is no file is not known", distance));
  return static_cast<std::uint64_t>(::lseek(fd, std::max<off_t>(0, end + number_of(distance)), SEEK_SET));
}

}  // namespace

int dump_bytes(Call& call) {
  std::replace(call.words.begin() + 1, call.words.end(), std::string("-ps"), std::string("-p"));
  const Options options(call, "bc:g:l:prs:u");
  options.need(0, 1);
  if (options.has('r') && options.last_of("bgls")) throw Failure("-r goes with -p alone", 2);
  if (options.has('r')) return restore_bytes(call, options);
  const Format shape = format_of(options);
  const std::size_t columns = shape.columns;
  const bool from_end = options.has('s') && options.value('s').starts_with('-');
  std::uint64_t offset = from_end ? 0 : size_option(options, 's', 0), left = size_option(options, 'l', UINT64_MAX);
  const auto put = [&](std::string_view row) { shape.plain ? put_plain_row(call, row, shape) : put_row(call, offset, row, shape); };
  for_each_input(call, options.operands(), [&](int fd, const std::string&) {
    if (from_end) offset = seek_from_end(fd, options.value('s'));
    else if (offset) skip(fd, offset);
    std::string waiting;
    std::array<char, 16384> buffer;
    while (left) {
      const std::size_t count = read_some(fd, buffer.data(), static_cast<std::size_t>(std::min<std::uint64_t>(left, buffer.size())));
      if (!count) break;
      left -= count;
      waiting.append(buffer.data(), count);
      std::size_t at = 0;
      for (; waiting.size() - at >= columns; at += columns, offset += columns) put(std::string_view(waiting).substr(at, columns));
      waiting.erase(0, at);
    }
    if (!waiting.empty()) put(waiting);
  });
  return call.status;
}

int find_strings(Call& call) {
  const Options options(call, "#an:");
  const char by = options.last_of("#n");
  const long long least = by ? number_of(options.value(by)) : 4;
  if (least < 1) throw Failure("at least one byte", 2);
  for_each_input(call, options.operands(), [&](int fd, const std::string&) {
    std::string text;
    const auto end = [&] {
      if (text.size() >= static_cast<std::size_t>(least)) call.out.line(text);
      text.clear();
    };
    std::array<char, 32768> buffer;
    while (const std::size_t count = read_some(fd, buffer.data(), buffer.size()))
      for (const char each : std::string_view(buffer.data(), count)) {
        if ((each >= 32 && each < 127) || each == '\t') text += each;
        else end();
      }
    end();
  });
  return call.status;
}

}  // namespace snug::builtin
