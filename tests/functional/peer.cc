// The other end of what tests of networks send, and who sends it: static, so that it runs in any root.
//
//   peer serve WORD ADDRESS PORT [FILE]   answers "WORD PEER" over TCP and UDP, and notes in FILE that somebody came; goes to the
//                                         background once it can be reached
//   peer echo ADDRESS PORT                says over each TCP connection again what it hears, until that is closed; in the background
//   peer names ADDRESS NAME IP[/TTL]...   a name server over UDP and TCP, which knows these names, and all names below one that begins with a
//                                         dot; goes to the background
//   peer ask tcp|udp ADDRESS PORT [INTERFACE]   prints the answer, "closed", "prohibited" where it could not be sent, or "silent" where none comes;
//                                         with an interface what it sends leaves by that one
//   peer first tcp|udp ADDRESS PORT       the same of what is sent first of all; where the beginning of a TCP connection had to be repeated, it
//                                         tells of that: that is what a lost packet looks like
//   peer hold ADDRESS PORT                sends each line of its input over one connection, and prints what comes back
//   peer resolve udp|tcp[6] NAME          prints the address that the first name server of /etc/resolv.conf tells; "none", or "refused"
//   peer reverse udp|tcp ADDRESS          prints the name that it tells of an address
//   peer forge OWN ADDRESS PORT           has UDP between OWN, its own address, and the place look as if the place had begun it: sends to itself
//                                         in its name, over the loopback; then asks there
//   peer stray                            asks the first name server, and with the same socket once more by way of eth0
//   peer undo                             tries what would take a wall of nftables away or go round it, and prints how that went
//   peer ping ADDRESS                     prints "alive" or "closed"

#include <arpa/inet.h>
#include <netinet/in.h>  // before linux/in.h

#include <linux/icmp.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

constexpr int patience = 15'000, moment = 1000;  // milliseconds: for what has to come, and for what may not

struct Place {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  [[nodiscard]] sockaddr* address() { return reinterpret_cast<sockaddr*>(&storage); }
};

[[noreturn]] void fail(const char* what) {
  std::fprintf(stderr, "peer: %s: %s\n", what, std::strerror(errno));
  std::exit(2);
}

Place place_of(const char* text, int port) {
  Place place;
  sockaddr_in inet{};
  sockaddr_in6 inet6{};
  inet.sin_family = AF_INET, inet6.sin6_family = AF_INET6;
  inet.sin_port = inet6.sin6_port = htons(static_cast<std::uint16_t>(port));
  if (::inet_pton(AF_INET, text, &inet.sin_addr) == 1) {
    place.size = sizeof inet;
    std::memcpy(&place.storage, &inet, sizeof inet);
  } else if (::inet_pton(AF_INET6, text, &inet6.sin6_addr) == 1) {
    place.size = sizeof inet6;
    std::memcpy(&place.storage, &inet6, sizeof inet6);
  } else {
    errno = EINVAL, fail(text);
  }
  return place;
}

std::string name_of(const Place& place) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const auto* inet6 = reinterpret_cast<const sockaddr_in6*>(&place.storage);
  const auto* inet = reinterpret_cast<const sockaddr_in*>(&place.storage);
  const void* bytes = place.storage.ss_family == AF_INET ? static_cast<const void*>(&inet->sin_addr) : &inet6->sin6_addr;
  return ::inet_ntop(place.storage.ss_family, bytes, text.data(), text.size());
}

int bound(Place place, int type) {
  const int fd = ::socket(place.storage.ss_family, type, 0), yes = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (place.storage.ss_family == AF_INET6) ::setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &yes, sizeof yes);
  if (::bind(fd, place.address(), place.size) != 0 || (type == SOCK_STREAM && ::listen(fd, 16) != 0)) fail(name_of(place).c_str());
  return fd;
}

bool waits(int fd, int milliseconds) {
  pollfd poll{fd, POLLIN, 0};
  return ::poll(&poll, 1, milliseconds) > 0;
}

// Answers what comes over either protocol for good. `reply` gets the question and who asks.
template <typename Reply>
[[noreturn]] void serve(const Place& place, bool length_first, Reply reply) {
  std::array<pollfd, 2> doors{{{bound(place, SOCK_STREAM), POLLIN, 0}, {bound(place, SOCK_DGRAM), POLLIN, 0}}};
  if (::fork() != 0) ::_exit(0);
  std::array<char, 2048> question;
  for (;;) {
    ::poll(doors.data(), doors.size(), -1);
    Place peer;
    if (doors[1].revents) {
      const ssize_t count = ::recvfrom(doors[1].fd, question.data(), question.size(), 0, peer.address(), &peer.size);
      const std::string answer = reply(std::string(question.data(), static_cast<std::size_t>(count < 0 ? 0 : count)), peer);
      ::sendto(doors[1].fd, answer.data(), answer.size(), 0, peer.address(), peer.size);
    } else {
      const int fd = ::accept(doors[0].fd, peer.address(), &peer.size);
      const ssize_t count = waits(fd, patience) ? ::read(fd, question.data(), question.size()) : 0;
      const std::size_t head = length_first ? 2 : 0;
      std::string answer = reply(count > static_cast<ssize_t>(head) ? std::string(question.data() + head, static_cast<std::size_t>(count) - head) : "", peer);
      if (length_first) answer.insert(0, {static_cast<char>(answer.size() >> 8U), static_cast<char>(answer.size())});
      ::send(fd, answer.data(), answer.size(), MSG_NOSIGNAL);
      ::close(fd);
    }
  }
}

void note(const char* path, const std::string& line) {
  std::FILE* file = std::fopen(path, "a");
  if (!file) fail(path);
  std::fprintf(file, "%s\n", line.c_str());
  std::fclose(file);
}

// A first packet that waits for who opens the way is sent again after one, three and seven seconds. It was lost where one of those was answered at once,
// and else it was late.
bool was_late(std::chrono::steady_clock::duration took) {
  using namespace std::chrono_literals;
  for (const auto again : {1s, 3s, 7s})
    if (took >= again && took < again + 100ms) return false;
  return took > 1s;
}

bool had_to_repeat(int fd) {
  tcp_info info{};
  socklen_t size = sizeof info;
  return ::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 && info.tcpi_total_retrans > 0;
}

// Sends a question and gives the answer; "closed" where none comes.
std::string ask(Place place, int type, const std::string& question, const char* interface = nullptr, bool tells_loss = false) {
  const int fd = ::socket(place.storage.ss_family, type, 0);
  const timeval limit{patience / 1000, 0};
  ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  if (interface && ::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, interface, static_cast<socklen_t>(std::strlen(interface))) != 0) fail(interface);
  const auto closed = [] { return errno == EPERM ? "prohibited" : errno == EAGAIN || errno == EINPROGRESS ? "silent" : "closed"; };
  const auto start = std::chrono::steady_clock::now();
  const bool connected = ::connect(fd, place.address(), place.size) == 0;
  const bool lost = type == SOCK_STREAM && had_to_repeat(fd) && !was_late(std::chrono::steady_clock::now() - start);
  if (!connected || ::send(fd, question.data(), question.size(), MSG_NOSIGNAL) < 0) return closed();
  std::array<char, 2048> answer;
  if (!waits(fd, type == SOCK_DGRAM && interface ? moment : patience)) return "silent";
  const ssize_t count = ::read(fd, answer.data(), answer.size());
  if (count <= 0) return count == 0 ? "closed" : closed();
  std::string text(answer.data(), static_cast<std::size_t>(count));
  if (tells_loss && lost) text += " (a packet was lost)";
  ::close(fd);
  return text;
}

// A question for an IPv4 address, or something else, and the answer to whatever was asked: RFC 1035.
std::string question_for(const std::string& name, char type = 1) {
  std::string bytes("\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00", 12);
  for (std::size_t at = 0; at < name.size();) {
    const std::size_t end = std::min(name.find('.', at), name.size());
    bytes += static_cast<char>(end - at);
    bytes += name.substr(at, end - at);
    at = end + 1;
  }
  return bytes + std::string("\x00\x00", 2) + type + std::string("\x00\x01", 2);
}

// NAME IP[/TTL] pairs.
std::string answer_to(const std::string& question, const std::vector<std::string>& known) {
  std::string asked;
  std::size_t at = 12;
  for (; at < question.size() && question[at] != 0; at += static_cast<std::size_t>(question[at]) + 1)
    asked += (asked.empty() ? "" : ".") + question.substr(at + 1, static_cast<std::size_t>(question[at]));
  if (question.size() < at + 5) return "";
  const bool ipv6 = question[at + 2] == 0x1c;
  std::string bytes = question.substr(0, at + 5), records;
  bool found = false;
  for (std::size_t each = 0; each + 1 < known.size(); each += 2) {
    const std::string& name = known[each];
    if (name[0] == '.' ? !asked.ends_with(name) : asked != name) continue;
    found = true;
    const std::size_t slash = known[each + 1].find('/');
    const std::string address = known[each + 1].substr(0, slash);
    std::array<char, 16> place{};
    if (::inet_pton(ipv6 ? AF_INET6 : AF_INET, address.c_str(), place.data()) != 1) continue;
    const int ttl = slash == std::string::npos ? 60 : std::atoi(known[each + 1].c_str() + slash + 1);
    const std::size_t size = ipv6 ? 16 : 4;
    records += std::string("\xc0\x0c\x00", 3) + (ipv6 ? '\x1c' : '\x01') + std::string("\x00\x01\x00\x00", 4) + static_cast<char>(ttl >> 8) + static_cast<char>(ttl) + '\0' + static_cast<char>(size) + std::string(place.data(), size);
    ++bytes[7];
  }
  bytes[2] = '\x81', bytes[3] = found ? '\x80' : '\x83';
  bytes[8] = bytes[9] = bytes[10] = bytes[11] = 0;
  return bytes + records;
}

std::string first_server() {
  std::FILE* file = std::fopen("/etc/resolv.conf", "r");
  std::array<char, 256> line, address{};
  while (file && std::fgets(line.data(), line.size(), file))
    if (std::sscanf(line.data(), "nameserver %255s", address.data()) == 1) return address.data();
  errno = ENOENT, fail("name server");
}

std::string resolve(bool tcp, bool ipv6, const std::string& name) {
  std::string question = question_for(name, ipv6 ? 28 : 1);
  if (tcp) question.insert(0, {'\0', static_cast<char>(question.size())});
  const std::string answer = ask(place_of(first_server().c_str(), 53), tcp ? SOCK_STREAM : SOCK_DGRAM, question);
  if (answer == "silent") return answer;
  std::array<char, INET6_ADDRSTRLEN> text{};
  const std::size_t head = tcp ? 2 : 0;
  if (answer.size() > head + 3 && (answer[head + 3] & 0xf) == 5) return "refused";
  if (answer.size() > head + 3 && (answer[head + 3] & 0xf) == 2) return "failed";
  if (answer.size() < question.size() + (ipv6 ? 28 : 16)) return answer.size() >= question.size() ? "none" : "closed";
  return ::inet_ntop(ipv6 ? AF_INET6 : AF_INET, answer.data() + question.size() + 12, text.data(), text.size());
}

// The data of the first record that is told.
std::string find_data(bool tcp, const std::string& name, char type) {
  std::string question = question_for(name, type);
  if (tcp) question.insert(0, {'\0', static_cast<char>(question.size())});
  const std::string answer = ask(place_of(first_server().c_str(), 53), tcp ? SOCK_STREAM : SOCK_DGRAM, question);
  return answer.size() < question.size() + 16 ? "" : answer.substr(question.size() + 12);
}

std::string reverse(bool tcp, const std::string& address) {
  std::array<unsigned char, 16> bytes{};
  std::string name;
  const bool ipv6 = ::inet_pton(AF_INET6, address.c_str(), bytes.data()) == 1;
  if (!ipv6 && ::inet_pton(AF_INET, address.c_str(), bytes.data()) != 1) errno = EINVAL, fail(address.c_str());
  for (int at = ipv6 ? 31 : 3; at >= 0; --at) {
    const unsigned char byte = bytes[static_cast<std::size_t>(ipv6 ? at / 2 : at)];
    std::array<char, 8> part{};
    std::snprintf(part.data(), part.size(), ipv6 ? "%x." : "%u.", ipv6 ? static_cast<unsigned>(at % 2 ? byte & 15 : byte >> 4) : static_cast<unsigned>(byte));
    name += part.data();
  }
  const std::string data = find_data(tcp, name + (ipv6 ? "ip6.arpa" : "in-addr.arpa"), 12);
  std::string told;
  for (std::size_t at = 0; at < data.size() && data[at] > 0; at += static_cast<std::size_t>(data[at]) + 1) told += (told.empty() ? "" : ".") + data.substr(at + 1, static_cast<std::size_t>(data[at]));
  return told.empty() ? "closed" : told;
}

[[noreturn]] void echo(const Place& place) {
  const int door = bound(place, SOCK_STREAM);
  if (::fork() != 0) ::_exit(0);
  for (;;) {
    const int fd = ::accept(door, nullptr, nullptr);
    if (::fork() != 0) {
      ::close(fd);
      continue;
    }
    std::array<char, 256> heard;
    for (ssize_t count = 0; (count = ::read(fd, heard.data(), heard.size())) > 0;) ::send(fd, heard.data(), static_cast<std::size_t>(count), MSG_NOSIGNAL);
    ::_exit(0);
  }
}

std::string hold(Place place) {
  const int fd = ::socket(place.storage.ss_family, SOCK_STREAM, 0);
  if (::connect(fd, place.address(), place.size) != 0) return "closed";
  std::array<char, 256> line, heard;
  while (std::fgets(line.data(), line.size(), stdin)) {
    const ssize_t sent = ::send(fd, line.data(), std::strlen(line.data()), MSG_NOSIGNAL);
    const ssize_t count = sent > 0 && waits(fd, patience) ? ::read(fd, heard.data(), heard.size()) : 0;
    std::printf("%.*s", static_cast<int>(count < 0 ? 0 : count), count > 0 ? heard.data() : "");
    if (count <= 0) std::puts("lost");
    std::fflush(stdout);
  }
  return "end";
}

// Deletes the table `inet snug`, as nft(8) would: gives the kernel's answer.
const char* delete_wall() {
  struct {
    nlmsghdr begin;
    nfgenmsg begin_body;
    nlmsghdr drop;
    nfgenmsg drop_body;
    nlattr name;
    std::array<char, 8> text;
    nlmsghdr end;
    nfgenmsg end_body;
  } batch{};
  constexpr std::uint16_t subsystem = NFNL_SUBSYS_NFTABLES;
  batch.begin = {sizeof batch.begin + sizeof batch.begin_body, NFNL_MSG_BATCH_BEGIN, NLM_F_REQUEST, 1, 0};
  batch.begin_body.res_id = batch.end_body.res_id = htons(subsystem);
  batch.drop = {sizeof batch.drop + sizeof batch.drop_body + sizeof batch.name + sizeof batch.text, subsystem << 8U | NFT_MSG_DELTABLE, NLM_F_REQUEST | NLM_F_ACK, 2, 0};
  batch.drop_body.nfgen_family = NFPROTO_INET;
  batch.name = {sizeof batch.name + 5, NFTA_TABLE_NAME};
  std::memcpy(batch.text.data(), "snug", 5);
  batch.end = {sizeof batch.end + sizeof batch.end_body, NFNL_MSG_BATCH_END, NLM_F_REQUEST, 3, 0};
  const int fd = ::socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER);
  if (fd < 0 || ::send(fd, &batch, sizeof batch, 0) < 0) return std::strerror(errno);
  std::array<char, 1024> reply;
  if (!waits(fd, patience) || ::read(fd, reply.data(), reply.size()) < NLMSG_LENGTH(static_cast<int>(sizeof(nlmsgerr)))) return "no answer";
  nlmsgerr answer{};
  std::memcpy(&answer, reply.data() + NLMSG_HDRLEN, sizeof answer);
  return std::strerror(-answer.error);
}

std::string told_by(int fd, Place to, const std::string& question) {
  if (::sendto(fd, question.data(), question.size(), 0, to.address(), to.size) < 0) return errno == EPERM ? "prohibited" : std::strerror(errno);
  std::array<char, 2048> answer;
  const ssize_t count = waits(fd, moment) ? ::read(fd, answer.data(), answer.size()) : -1;
  return count < 0 ? "silent" : "answered";
}

std::string forge(Place own, Place to) {
  const int mine = bound(own, SOCK_DGRAM), feigned = ::socket(AF_INET6, SOCK_DGRAM, 0), yes = 1;
  constexpr int freebind = 78;  // IPV6_FREEBIND
  ::setsockopt(feigned, IPPROTO_IPV6, freebind, &yes, sizeof yes);
  if (::bind(feigned, to.address(), to.size) != 0) fail("bind another's address");
  ::sendto(feigned, "x", 1, 0, own.address(), own.size);
  std::array<char, 8> heard;
  if (!waits(mine, patience) || ::read(mine, heard.data(), heard.size()) != 1) return "not heard";
  ::close(feigned);
  return told_by(mine, to, "question");
}

std::string stray() {
  const Place server = place_of(first_server().c_str(), 53);
  const int fd = ::socket(server.storage.ss_family, SOCK_DGRAM, 0);
  const std::string question = question_for("nobody.invalid"), first = told_by(fd, server, question);
  ::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "eth0", 4);
  return first + " " + told_by(fd, server, question);
}

const char* outcome(int fd) { return fd < 0 ? std::strerror(errno) : "done"; }

std::string undo() {
  std::string said = std::string("table: ") + delete_wall();
  said += std::string(", packet: ") + outcome(::socket(AF_PACKET, SOCK_RAW, htons(0x800)));
  said += std::string(", raw: ") + outcome(::socket(AF_INET, SOCK_RAW, IPPROTO_RAW));
  return said + ", namespace: " + outcome(::unshare(CLONE_NEWUSER));
}

std::string ping(Place place) {
  const bool ipv6 = place.storage.ss_family == AF_INET6;
  const int fd = ::socket(place.storage.ss_family, SOCK_DGRAM, ipv6 ? static_cast<int>(IPPROTO_ICMPV6) : static_cast<int>(IPPROTO_ICMP));
  if (fd < 0) return "refused";
  std::array<char, 64> packet{};
  packet[0] = ipv6 ? static_cast<char>(128) : static_cast<char>(ICMP_ECHO);
  ::sendto(fd, packet.data(), packet.size(), 0, place.address(), place.size);
  return waits(fd, patience) && ::read(fd, packet.data(), packet.size()) > 0 ? "alive" : "closed";
}

}  // namespace

int main(int count, char** words) {
  const std::vector<std::string> all(words + 1, words + count);
  const auto is = [&](const char* verb, std::size_t size) { return all.size() == size && all[0] == verb; };
  std::string said;
  if (is("serve", 4) || is("serve", 5))
    serve(place_of(words[3], std::atoi(words[4])), false, [&](const std::string&, const Place& peer) {
      if (all.size() == 5) note(words[5], all[2]);
      return all[1] + " " + name_of(peer);
    });
  else if (all.size() >= 4 && all[0] == "names")
    serve(place_of(words[2], 53), true, [known = std::vector<std::string>(all.begin() + 2, all.end())](const std::string& question, const Place&) { return answer_to(question, known); });
  else if (is("echo", 3))
    echo(place_of(words[2], std::atoi(words[3])));
  else if (is("hold", 3))
    said = hold(place_of(words[2], std::atoi(words[3])));
  else if (is("forge", 4))
    said = forge(place_of(words[2], 40001), place_of(words[3], std::atoi(words[4])));
  else if (is("stray", 1))
    said = stray();
  else if (is("undo", 1))
    said = undo();
  else if (is("ask", 4) || is("ask", 5))
    said = ask(place_of(words[3], std::atoi(words[4])), all[1] == "udp" ? SOCK_DGRAM : SOCK_STREAM, "?", all.size() == 5 ? words[5] : nullptr);
  else if (is("first", 4))
    said = ask(place_of(words[3], std::atoi(words[4])), all[1] == "udp" ? SOCK_DGRAM : SOCK_STREAM, "?", nullptr, true);
  else if (is("resolve", 3))
    said = resolve(all[1].starts_with("tcp"), all[1].ends_with('6'), all[2]);
  else if (is("reverse", 3))
    said = reverse(all[1] == "tcp", all[2]);
  else if (is("ping", 2))
    said = ping(place_of(words[2], 0));
  else
    return std::fprintf(stderr, "peer: what?\n"), 2;
  std::puts(said.c_str());
  return 0;
}
