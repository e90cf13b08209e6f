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

std::uint64_t size_option(const Options& options, char letter, std::uint64_t usual) {
  if (!options.has(letter)) return usual;
  const auto number = parse_size(options.value(letter));
  if (!number) throw Failure(format("{} is no number", quoted(options.value(letter))), 2);
  return *number;
}

char printed(unsigned char byte) { return byte >= 32 && byte < 127 ? static_cast<char>(byte) : '.'; }

void put_row(Call& call, std::uint64_t offset, std::string_view row, std::size_t columns) {
  std::string numbers, text;
  for (std::size_t at = 0; at < columns; ++at) {
    const auto byte = static_cast<unsigned char>(at < row.size() ? row[at] : 0);
    numbers += at < row.size() ? format("{:02x}", byte) : "  ";
    if (at < row.size()) text += printed(byte);
    if (at % 2 || at + 1 == columns) numbers += ' ';
  }
  call.out.line(format("{:08x}: {} {}", offset, numbers, text));
}

void put_plain_row(Call& call, std::string_view row) {
  for (const char each : row) call.out.put(format("{:02x}", static_cast<unsigned char>(each)));
  call.out.put("\n");
}

int digit(char each) {
  const std::size_t found = std::string_view("0123456789abcdef").find(each >= 'A' && each <= 'F' ? static_cast<char>(each + 32) : each);
  return found == std::string_view::npos ? -1 : static_cast<int>(found);
}

// The bytes of pairs of digits at the front of a text; a blank may stand before each.
std::string bytes_of(std::string_view text) {
  std::string bytes;
  for (std::size_t at = 0;;) {
    if (at < text.size() && (text[at] == ' ' || text[at] == '\t')) ++at;
    if (at + 1 >= text.size() || digit(text[at]) < 0 || digit(text[at + 1]) < 0) return bytes;
    bytes += static_cast<char>(digit(text[at]) * 16 + digit(text[at + 1]));
    at += 2;
  }
}

/// Puts the bytes back that a dump tells.
class Reversal {
 public:
  explicit Reversal(Call& call) : call_(call) {}

  void take_plain(std::string_view line) { call_.out.put(bytes_of(line)); }

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
    const std::string bytes = bytes_of(rest.substr(0, rest.find("  ")));
    call_.out.put(bytes);
    at_ += bytes.size();
  }

 private:
  Call& call_;
  std::uint64_t at_ = 0;
};

int restore_bytes(Call& call, const Options& options) {
  Reversal reversal(call);
  for_each_input(call, options.operands(), [&](int fd, const std::string&) {
    for_each_line(fd, [&](std::string_view line) { return options.has('p') ? reversal.take_plain(line) : reversal.take_row(line), true; });
  });
  return call.status;
}

}  // namespace

int dump_bytes(Call& call) {
  const Options options(call, "c:l:prs:");
  options.need(0, 1);
  if (options.has('r')) return restore_bytes(call, options);
  const bool plain = options.has('p');
  const auto columns = static_cast<std::size_t>(size_option(options, 'c', plain ? 30 : 16));
  if (columns < 1 || columns > 256) throw Failure("from 1 to 256 bytes stand in a row", 2);
  std::uint64_t offset = size_option(options, 's', 0), left = size_option(options, 'l', UINT64_MAX);
  const auto put = [&](std::string_view row) { plain ? put_plain_row(call, row) : put_row(call, offset, row, columns); };
  for_each_input(call, options.operands(), [&](int fd, const std::string&) {
    if (offset) skip(fd, offset);
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
