#pragma once

#include <cstdint>
#include <cstring>
#include <ctime>
#include <string>
#include <utility>
#include <vector>

#include "snug/base/text.hh"

// Tar archives made by hand: also those that no program would write.
namespace snug::test {

struct Member {
  std::string name = {};
  char type = '0';
  std::string data = {};
  std::string link = {};
  unsigned mode = 0644;
  std::uint64_t uid = 0, gid = 0;
  std::time_t time = 1000000000;
  std::string magic = std::string("ustar\00000", 8);
  std::string prefix = {};
};

inline void put(std::string& header, std::size_t at, std::size_t width, const std::string& text) {
  std::memcpy(header.data() + at, text.data(), std::min(width, text.size()));
}

inline void put_number(std::string& header, std::size_t at, std::size_t width, std::uint64_t number) {
  put(header, at, width, format("{:0{}o}", number, width - 1));
}

/// Puts the sum of its bytes into a header, where it belongs.
inline void put_sum(std::string& header, std::size_t at = 0) {
  std::memset(header.data() + at + 148, ' ', 8);
  unsigned sum = 0;
  for (std::size_t byte = 0; byte < 512; ++byte) sum += static_cast<unsigned char>(header[at + byte]);
  put_number(header, at + 148, 7, sum);
}

inline std::string padded(std::string data) {
  data.resize((data.size() + 511) / 512 * 512);
  return data;
}

/// A header that claims `size` bytes of contents.
inline std::string tar_header(const Member& member, std::uint64_t size) {
  std::string header(512, '\0');
  put(header, 0, 100, member.name);
  put_number(header, 100, 8, member.mode);
  put_number(header, 108, 8, member.uid);
  put_number(header, 116, 8, member.gid);
  put_number(header, 124, 12, size);
  put_number(header, 136, 12, static_cast<std::uint64_t>(member.time));
  header[156] = member.type;
  put(header, 157, 100, member.link);
  put(header, 257, 8, member.magic);
  put(header, 345, 155, member.prefix);
  put_sum(header);
  return header;
}

/// An entry: its header and its contents.
inline std::string tar(const Member& member) {
  return tar_header(member, member.data.size()) + padded(member.data);
}

inline std::string pax_record(const std::string& key, const std::string& value) {
  const std::string text = " " + key + "=" + value + "\n";
  std::size_t size = text.size() + 1;
  while (std::to_string(size).size() + text.size() != size) ++size;
  return std::to_string(size) + text;
}

using Pax = std::vector<std::pair<std::string, std::string>>;

/// An entry with pax records in front of it.
inline std::string pax(const Pax& records, const Member& member) {
  std::string data;
  for (const auto& [key, value] : records) data += pax_record(key, value);
  return tar({.name = "PaxHeaders/x", .type = 'x', .data = data}) + tar(member);
}

/// An entry whose name ('L') or link ('K') is too long for its header, as GNU tar writes it.
inline std::string gnu_long(char type, const std::string& text, const Member& member) {
  return tar({.name = "././@LongLink", .type = type, .data = text + '\0', .magic = std::string("ustar  \0", 8)}) + tar(member);
}

inline std::string tar_end() { return std::string(1024, '\0'); }

}  // namespace snug::test
