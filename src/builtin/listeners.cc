#include <array>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "netlink.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "system.hh"

namespace snug::builtin {
namespace {

std::vector<std::string> words_of(std::string_view line) {
  std::vector<std::string> words;
  for (std::string& word : split(trimmed(line), ' '))
    if (!word.empty()) words.push_back(std::move(word));
  return words;
}

// Four bytes as the machine has them are one number of eight digits.
std::string endpoint_of(const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos || colon % 8 || text.size() - colon != 5) return "?";
  std::string bytes;
  for (std::size_t at = 0; at < colon; at += 8) {
    const auto number = static_cast<std::uint32_t>(std::strtoul(text.substr(at, 8).c_str(), nullptr, 16));
    bytes.append(reinterpret_cast<const char*>(&number), sizeof number);
  }
  const bool six = bytes.size() == 16;
  return format("{}{}{}:{}", six ? "[" : "", address_text(bytes), six ? "]" : "", std::strtoul(text.c_str() + colon + 1, nullptr, 16));
}

void add_internet(std::vector<std::vector<std::string>>& rows, const std::string& name, std::string_view state) {
  const std::string text = sys::find_file_text(format("/proc/net/{}", name).c_str(), std::size_t{16} << 20U).value_or("");
  for (const std::string_view line : lines(text)) {
    const std::vector<std::string> words = words_of(line);
    if (words.size() > 7 && words[3] == state) rows.push_back({name, endpoint_of(words[1]), "uid " + words[7]});
  }
}

void add_unix(std::vector<std::vector<std::string>>& rows) {
  constexpr std::uint64_t accepting = 0x10000;
  const std::string text = sys::find_file_text("/proc/net/unix", std::size_t{16} << 20U).value_or("");
  for (const std::string_view line : lines(text)) {
    const std::vector<std::string> words = words_of(line);
    if (words.size() > 7 && std::strtoull(words[3].c_str(), nullptr, 16) & accepting) rows.push_back({"unix", words[7], ""});
  }
}

}  // namespace

void tell_listeners(Call& call) {
  if (!sys::find_file_text("/proc/net/unix", std::size_t{16} << 20U)) throw Failure("/proc is not mounted here, and nothing else tells what listens");
  std::vector<std::vector<std::string>> rows;
  for (const char* name : {"tcp", "tcp6"}) add_internet(rows, name, "0A");
  for (const char* name : {"udp", "udp6"}) add_internet(rows, name, "07");
  add_unix(rows);
  for (std::vector<std::string>& row : rows)
    for (std::string& cell : row) cell = printable(cell);
  call.out.put(render_columns(rows));
}

}  // namespace snug::builtin
