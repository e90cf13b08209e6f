#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "parse.hh"
#include "snug/base/text.hh"

namespace snug::probe {
namespace {

pid_t parse_pid(std::string_view text) { return static_cast<pid_t>(parse_number(text).value_or(0)); }

std::optional<std::uint64_t> parse_hex(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return {};
  return value;
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  while (!(line = trimmed(line)).empty()) {
    words.push_back(line.substr(0, line.find_first_of(" \t")));
    line.remove_prefix(words.back().size());
  }
  return words;
}

void read_rights(plan::LiveProcess& process, std::string_view key, std::string_view value) {
  if (key == "CapEff") process.effective = parse_hex(value).value_or(0);
  else if (key == "CapBnd") process.bounding = parse_hex(value).value_or(0);
  else if (key == "NoNewPrivs") process.no_new_privileges = value == "1";
  else if (key == "Seccomp") process.seccomp = static_cast<unsigned>(parse_number(value).value_or(0));
  else if (key == "Seccomp_filters") process.filters = static_cast<unsigned>(parse_number(value).value_or(0));
}

void read_numbers(plan::LiveProcess& process, std::string_view key, std::string_view value) {
  if (key == "Pid") process.pid = parse_pid(value);
  else if (key == "PPid") process.parent = parse_pid(value);
  else if (key == "TracerPid") process.tracer = parse_pid(value);
  else if (key == "NSpid")
    for (const std::string_view number : words_of(value)) process.numbers.push_back(parse_pid(number));
}

// As the kernel wrote it: words of eight hexadecimal digits, each a number in the order of this machine's bytes.
std::string render_address(std::string_view text) {
  std::array<std::uint32_t, 4> words{};
  if (text.size() != 8 && text.size() != 32) return {};
  for (std::size_t at = 0; at * 8 < text.size(); ++at) {
    const auto word = parse_hex(text.substr(at * 8, 8));
    if (!word) return {};
    words[at] = static_cast<std::uint32_t>(*word);
  }
  std::array<char, INET6_ADDRSTRLEN> out{};
  const bool is_new = text.size() == 32;
  if (!::inet_ntop(is_new ? AF_INET6 : AF_INET, words.data(), out.data(), out.size())) return {};
  return is_new ? format("[{}]", out.data()) : std::string(out.data());
}

}  // namespace

std::optional<Status> parse_status(std::string_view text) {
  Status status;
  plan::LiveProcess& process = status.process;
  bool found = false, has_memory = false, said = false;
  while (!text.empty()) {  // not lines(): there are thousands of these, and half of each is not asked for
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon + 1 >= line.size()) continue;
    const std::string_view key = line.substr(0, colon), value = trimmed(line.substr(colon + 1));
    if (key == "Name") process.name = value;
    else if (key == "State") process.state = value.empty() ? '?' : value.front();
    else if (key == "VmSize") has_memory = true;
    else if (key == "Kthread") said = true, status.kernel = value == "1";
    else if (key == "Uid") {
      const auto ids = words_of(value);
      if (ids.size() == 4) process.uid = static_cast<std::uint32_t>(parse_number(ids[1]).value_or(0)), found = true;
    } else if (key.ends_with("id")) read_numbers(process, key, value);
    else read_rights(process, key, value);
    if (key == "Seccomp_filters") break;  // nothing is asked for below
  }
  if (process.numbers.empty()) process.numbers.assign(process.pid ? 1 : 0, process.pid);
  if (!found || process.numbers.empty()) return {};
  if (!said) status.kernel = !has_memory && (process.parent == 2 || process.numbers.front() == 2);
  return status;
}

std::string parse_cgroup(std::string_view text) {
  std::string unified, systemd, other;
  for (const std::string_view line : lines(text)) {
    const std::size_t first = line.find(':'), second = first == std::string_view::npos ? first : line.find(':', first + 1);
    if (second == std::string_view::npos) continue;
    const std::string_view controllers = line.substr(first + 1, second - first - 1);
    std::string& path = controllers.empty() ? unified : controllers == "name=systemd" ? systemd : other;
    if (path.size() <= 1) path = line.substr(second + 1);
  }
  for (std::string* path : {&unified, &systemd, &other})
    if (path->size() > 1) return std::move(*path);
  return unified;
}

std::vector<Listener> parse_listeners(std::string_view text) {
  std::vector<Listener> listeners;
  for (const std::string_view line : lines(text)) {
    const auto words = words_of(line);
    if (words.size() < 10 || words[3] != "0A") continue;
    const std::size_t colon = words[1].find(':');
    if (colon == std::string_view::npos) continue;
    const std::string address = render_address(words[1].substr(0, colon));
    const auto port = parse_hex(words[1].substr(colon + 1)), inode = parse_number(words[9]);
    if (!address.empty() && port && inode) listeners.push_back({*inode, format("{}:{}", address, *port)});
  }
  return listeners;
}

}  // namespace snug::probe
