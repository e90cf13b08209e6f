#include "tar_header.hh"

#include <algorithm>
#include <cstring>

#include "snug/base/error.hh"
#include "snug/base/text.hh"

namespace snug::transport {
namespace {

// Where the fields of a header lie: offset and length.
struct Field {
  std::size_t at, length;
};
constexpr Field name_field{0, 100}, mode_field{100, 8}, uid_field{108, 8}, gid_field{116, 8}, size_field{124, 12}, time_field{136, 12},
    sum_field{148, 8}, link_field{157, 100}, magic_field{257, 6}, prefix_field{345, 155};
constexpr std::size_t type_at = 156;
constexpr std::string_view ustar{"ustar\0", 6};

std::string_view raw(std::string_view block, Field field) { return block.substr(field.at, field.length); }

std::string_view text(std::string_view block, Field field) {
  const std::string_view bytes = raw(block, field);
  return bytes.substr(0, std::min(bytes.find('\0'), bytes.size()));
}

// Octal digits, or a binary number where the first bit is set.
std::uint64_t number(std::string_view bytes) {
  std::uint64_t value = 0;
  if (static_cast<unsigned char>(bytes[0]) == 0x80) {
    for (const char byte : bytes.substr(1)) {
      if (value >> 55U) throw Error("a number in a header is too large");
      value = value << 8U | static_cast<unsigned char>(byte);
    }
    return value;
  }
  for (const char digit : trimmed(bytes.substr(0, std::min(bytes.find('\0'), bytes.size())))) {
    if (digit < '0' || digit > '7') throw Error("a number in a header is none");
    value = value << 3U | static_cast<std::uint64_t>(digit - '0');
  }
  return value;
}

unsigned sum_of(std::string_view block) {
  unsigned sum = 0;
  for (std::size_t at = 0; at < block.size(); ++at)
    sum += at - sum_field.at < sum_field.length ? ' ' : static_cast<unsigned char>(block[at]);
  return sum;
}

void put(std::string& block, Field field, std::string_view value) { std::memcpy(block.data() + field.at, value.data(), std::min(field.length, value.size())); }

void put_number(std::string& block, Field field, std::uint64_t value) {
  const std::size_t digits = field.length - 1;
  if (value >> (3 * digits) == 0) return put(block, field, format("{:0{}o}", value, digits));
  block[field.at] = '\x80';
  for (std::size_t at = 1; at < std::min(field.length, sizeof value + 1); ++at)
    block[field.at + field.length - at] = static_cast<char>(value >> (8 * (at - 1)));
}

}  // namespace

std::optional<TarHeader> parse_tar_header(std::string_view block) {
  if (block.find_first_not_of('\0') == std::string_view::npos) return {};
  if (number(raw(block, sum_field)) != sum_of(block)) throw Error("a header has another checksum than it says");
  TarHeader header{.type = block[type_at], .size = number(raw(block, size_field)), .name = std::string(text(block, name_field)),
                   .link = std::string(text(block, link_field))};
  const std::string_view prefix = text(block, prefix_field);
  if (raw(block, magic_field) == ustar && !prefix.empty()) header.name = format("{}/{}", prefix, header.name);
  return header;
}

void parse_pax(std::string_view text, const std::function<void(std::string_view, std::string_view)>& record) {
  while (!text.empty() && text[0] != '\0') {
    const std::size_t blank = text.find(' ');
    const auto length = parse_number(text.substr(0, blank));
    if (blank == std::string_view::npos || !length || *length <= blank + 1 || *length > text.size() || text[*length - 1] != '\n')
      throw Error("a record of a pax header is damaged");
    const std::string_view pair = text.substr(blank + 1, *length - blank - 2);
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) throw Error("a record of a pax header is damaged");
    record(pair.substr(0, equals), pair.substr(equals + 1));
    text.remove_prefix(*length);
  }
}

namespace {

// "LENGTH KEY=VALUE\n", where the length counts its own digits.
std::string pax_record(std::string_view key, std::string_view value) {
  const std::size_t rest = key.size() + value.size() + 3;
  std::size_t length = rest + 1;
  while (length != rest + format("{}", length).size()) length = rest + format("{}", length).size();
  return format("{} {}={}\n", length, key, value);
}

std::string long_name(const TarHeader& header) {
  std::string record = pax_record("path", header.name);
  std::string blocks = render_tar_header({.type = 'x', .size = record.size(), .name = "././@PaxHeader", .uid = header.uid, .gid = header.gid});
  return blocks + record + std::string(tar_padding(record.size()), '\0');
}

}  // namespace

std::string render_tar_header(const TarHeader& header) {
  const std::string& name = header.name;
  std::string block(tar_block, '\0');
  put(block, name_field, name);
  put_number(block, mode_field, header.type == '5' ? 0755 : 0644);
  put_number(block, uid_field, header.uid);
  put_number(block, gid_field, header.gid);
  put_number(block, size_field, header.size);
  put_number(block, time_field, 0);  // the same image gives the same bytes
  block[type_at] = header.type;
  put(block, magic_field, ustar);
  put(block, {magic_field.at + magic_field.length, 2}, "00");
  put(block, sum_field, format("{:06o}", sum_of(block)));
  return name.size() > name_field.length ? long_name(header) + block : block;
}

}  // namespace snug::transport
