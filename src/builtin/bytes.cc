#include <unistd.h>

#include <array>
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

void put_row(Call& call, std::uint64_t offset, std::string_view row) {
  std::string numbers, text;
  for (std::size_t at = 0; at < 16; ++at) {
    if (at < row.size()) {
      const auto byte = static_cast<unsigned char>(row[at]);
      numbers += format("{:02x}", byte);
      text += byte >= 32 && byte < 127 ? row[at] : '.';
    } else {
      numbers += "  ";
    }
    if (at % 2) numbers += ' ';
  }
  call.out.line(format("{:08x}: {} {}", offset, numbers, text));
}

}  // namespace

int dump_bytes(Call& call) {
  const Options options(call, "l:s:");
  options.need(0, 1);
  std::uint64_t offset = size_option(options, 's', 0), left = size_option(options, 'l', UINT64_MAX);
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
      for (; waiting.size() - at >= 16; at += 16, offset += 16) put_row(call, offset, std::string_view(waiting).substr(at, 16));
      waiting.erase(0, at);
    }
    if (!waiting.empty()) put_row(call, offset, waiting);
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
