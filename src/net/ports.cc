#include "snug/net/ports.hh"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <optional>
#include <vector>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/fd.hh"
#include "snug/sys/file.hh"
#include "socket_address.hh"

namespace snug::net {
namespace {

// As pasta binds: what a dead connection still holds is no hindrance.
int bind(sys::Fd& socket, const Port& port) {
  const SocketAddress place(port.address, port.number);
  socket = sys::Fd(::socket(place.family(), (port.udp ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC, 0));
  const int yes = 1;
  if (!socket) return errno;
  if (!port.udp) ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (place.family() == AF_INET6) ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
  if (::bind(socket.get(), place.get(), place.size()) != 0) return errno;
  return port.udp || ::listen(socket.get(), 1) == 0 ? 0 : errno;
}

std::vector<std::string_view> words_of(std::string_view line) {
  std::vector<std::string_view> words;
  for (std::size_t at = 0; (at = line.find_first_not_of(' ', at)) != std::string_view::npos;) {
    const std::size_t end = std::min(line.find(' ', at), line.size());
    words.push_back(line.substr(at, end - at));
    at = end;
  }
  return words;
}

template <typename Number>
bool parse(std::string_view text, Number& number, int base) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return error == std::errc() && end == text.data() + text.size();
}

// Only one's own processes show what they have open.
std::optional<std::string> find_process(std::uint64_t inode) {
  const std::string wanted = format("socket:[{}]", inode);
  const sys::Fd proc = sys::open(AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY);
  for (const sys::Entry& process : sys::list_folder(proc.get())) {
    if (!parse_number(process.name)) continue;
    const sys::Fd folder = sys::try_open(proc.get(), format("{}/fd", process.name).c_str(), O_RDONLY | O_DIRECTORY);
    if (!folder) continue;
    for (const sys::Entry& entry : sys::list_folder(folder.get()))
      if (sys::find_link(folder.get(), entry.name.c_str()) == wanted) {
        const auto name = sys::find_file_text(format("/proc/{}/comm", process.name).c_str());
        return format("{} (pid {})", printable(trimmed(name.value_or("a process"))), process.name);
      }
  }
  return {};
}

}  // namespace

int find_refusal(const Port& port) {
  sys::Fd socket;
  return bind(socket, port);
}

std::uint16_t find_free_port(const std::string& address, bool udp) {
  sys::Fd socket;
  if (const int error = bind(socket, {address, 0, udp})) throw system_error(format("find a free port of {}", quoted(address)), error, error == EADDRINUSE ? "all of net.ipv4.ip_local_port_range are taken; -p HOST:CONTAINER chooses another one" : "");
  SocketAddress place;
  if (::getsockname(socket.get(), place.get(), place.room()) != 0) throw system_error("find a free port", errno);
  return place.port();
}

bool find_holding(std::string_view text, std::uint16_t number, bool udp, Holding& found) {
  for (const std::string_view line : lines(text)) {
    const std::vector<std::string_view> words = words_of(line);
    constexpr std::size_t local = 1, state = 3, uid = 7, inode = 9;
    if (words.size() <= inode) continue;
    const std::string_view listening = udp ? "07" : "0A";
    std::uint16_t port = 0;
    const std::size_t colon = words[local].rfind(':');
    if (colon == std::string_view::npos || words[state] != listening || !parse(words[local].substr(colon + 1), port, 16) || port != number) continue;
    return parse(words[uid], found.uid, 10) && parse(words[inode], found.inode, 10);
  }
  return false;
}

std::string find_holder(const Port& port) {
  for (const char* family : {"", "6"}) {
    const auto text = sys::find_file_text(format("/proc/net/{}{}", port.udp ? "udp" : "tcp", family).c_str(), std::size_t{64} << 20U);
    Holding holding;
    if (!text || !find_holding(*text, port.number, port.udp, holding)) continue;
    return find_process(holding.inode).value_or(format("uid {}", holding.uid));
  }
  return {};
}

}  // namespace snug::net
