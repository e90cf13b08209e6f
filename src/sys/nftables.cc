#include "snug/sys/nftables.hh"

#include <arpa/inet.h>
#include <endian.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <utility>

namespace snug::sys {
namespace {

template <typename Value>
std::string_view view_of(const Value& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

constexpr std::size_t aligned(std::size_t size) { return (size + 3U) & ~std::size_t{3}; }

// Sends for the namespace of the socket, not for that of the sender: only an address that is written out has the kernel ask what the
// sender may do, and not also what he might who opened it.
int send_out(int socket, std::string_view message) noexcept {
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  return ::sendto(socket, message.data(), message.size(), 0, reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel) < 0 ? errno : 0;
}

// The kernel has answered by the time that a message is sent: each that failed, and the last one where all went well.
int read_answers(int socket) noexcept {
  int first = EPROTO;
  for (;;) {
    alignas(nlmsghdr) std::array<char, 4096> buffer;
    const ssize_t count = ::recv(socket, buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return errno == EAGAIN || first != EPROTO ? first : errno;
    std::string_view rest(buffer.data(), static_cast<std::size_t>(count));
    for (nlmsghdr header{}; rest.size() >= sizeof header; rest.remove_prefix(std::min(rest.size(), aligned(header.nlmsg_len)))) {
      std::memcpy(&header, rest.data(), sizeof header);
      if (header.nlmsg_len < sizeof header) break;
      nlmsgerr answer{};
      if (header.nlmsg_type != NLMSG_ERROR || rest.size() < NLMSG_LENGTH(sizeof answer)) continue;
      std::memcpy(&answer, rest.data() + NLMSG_HDRLEN, sizeof answer);
      if (first == EPROTO || first == 0) first = -answer.error;
    }
  }
}

}  // namespace

NftBatch::NftBatch() {
  begin(NFNL_MSG_BATCH_BEGIN, 0);
  end_message();
}

void NftBatch::begin(std::uint16_t type, std::uint16_t flags) {
  end_message();
  message_ = bytes_.size();
  const bool frame = type == NFNL_MSG_BATCH_BEGIN || type == NFNL_MSG_BATCH_END;
  nlmsghdr header{};
  header.nlmsg_type = frame ? type : static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8U | type);
  header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
  header.nlmsg_seq = ++number_;
  nfgenmsg body{};
  body.nfgen_family = frame ? AF_UNSPEC : NFPROTO_INET;
  body.version = NFNETLINK_V0;
  body.res_id = htons(frame ? NFNL_SUBSYS_NFTABLES : 0);
  bytes_.append(view_of(header)).append(view_of(body));
}

void NftBatch::end_message() {
  if (bytes_.empty()) return;
  const auto size = static_cast<std::uint32_t>(bytes_.size() - message_);
  std::memcpy(bytes_.data() + message_ + offsetof(nlmsghdr, nlmsg_len), &size, sizeof size);
}

void NftBatch::add(std::uint16_t attribute, std::string_view bytes) {
  nlattr header{};
  header.nla_type = attribute;
  header.nla_len = static_cast<std::uint16_t>(NLA_HDRLEN + bytes.size());
  bytes_.append(view_of(header)).append(bytes);
  bytes_.resize(aligned(bytes_.size()));
}

void NftBatch::add_text(std::uint16_t attribute, std::string_view text) { add(attribute, std::string(text) + '\0'); }
void NftBatch::add(std::uint16_t attribute, std::uint16_t number) { add(attribute, view_of(number = htons(number))); }
void NftBatch::add(std::uint16_t attribute, std::uint32_t number) { add(attribute, view_of(number = htonl(number))); }
void NftBatch::add(std::uint16_t attribute, std::uint64_t number) { add(attribute, view_of(number = htobe64(number))); }

std::size_t NftBatch::open(std::uint16_t attribute) {
  const std::size_t mark = bytes_.size();
  add(static_cast<std::uint16_t>(attribute | NLA_F_NESTED), std::string_view());
  return mark;
}

void NftBatch::close(std::size_t mark) {
  const auto size = static_cast<std::uint16_t>(bytes_.size() - mark);
  std::memcpy(bytes_.data() + mark + offsetof(nlattr, nla_len), &size, sizeof size);
}

std::string NftBatch::finish() {
  std::uint16_t flags = 0;
  char* const place = bytes_.data() + message_ + offsetof(nlmsghdr, nlmsg_flags);
  std::memcpy(&flags, place, sizeof flags);
  flags |= NLM_F_ACK;
  std::memcpy(place, &flags, sizeof flags);
  begin(NFNL_MSG_BATCH_END, 0);
  end_message();
  return bytes_;
}

Fd open_netfilter() noexcept { return Fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER)); }

int send_batch(int socket, std::string_view batch) noexcept {
  if (const int error = send_out(socket, batch)) return error;
  return read_answers(socket);
}

int receive_logged(int socket, std::uint16_t group, std::uint32_t size) noexcept {
  struct {
    nlmsghdr header;
    nfgenmsg body;
    nlattr bind;
    nfulnl_msg_config_cmd command;
    std::array<char, 3> pad;
    nlattr copy;
    nfulnl_msg_config_mode mode;
    std::array<char, 2> end;
  } message{};
  message.header = {sizeof message, NFNL_SUBSYS_ULOG << 8U | NFULNL_MSG_CONFIG, NLM_F_REQUEST | NLM_F_ACK, 1, 0};
  message.body = {AF_UNSPEC, NFNETLINK_V0, htons(group)};
  message.bind = {NLA_HDRLEN + sizeof message.command, NFULA_CFG_CMD};
  message.command.command = NFULNL_CFG_CMD_BIND;
  message.copy = {NLA_HDRLEN + sizeof message.mode, NFULA_CFG_MODE};
  message.mode.copy_range = htonl(size);
  message.mode.copy_mode = NFULNL_COPY_PACKET;
  static_assert(offsetof(decltype(message), copy) == sizeof(nlmsghdr) + sizeof(nfgenmsg) + 8);
  if (const int error = send_out(socket, view_of(message))) return error;
  return read_answers(socket);
}

std::string_view take_logged(std::string_view& message) {
  nlmsghdr header{};
  const std::string_view whole = std::exchange(message, {});
  if (whole.size() < sizeof header) return {};
  std::memcpy(&header, whole.data(), sizeof header);
  if (header.nlmsg_len < sizeof header || header.nlmsg_len > whole.size()) return {};
  message = whole.substr(std::min(whole.size(), aligned(header.nlmsg_len)));
  if (header.nlmsg_type != (NFNL_SUBSYS_ULOG << 8U | NFULNL_MSG_PACKET)) return {};
  std::string_view rest = whole.substr(0, header.nlmsg_len).substr(std::min<std::size_t>(header.nlmsg_len, NLMSG_LENGTH(sizeof(nfgenmsg))));
  for (nlattr attribute{}; rest.size() >= sizeof attribute; rest.remove_prefix(std::min(rest.size(), aligned(attribute.nla_len)))) {
    std::memcpy(&attribute, rest.data(), sizeof attribute);
    if (attribute.nla_len < sizeof attribute || attribute.nla_len > rest.size()) return {};
    if (attribute.nla_type == NFULA_PAYLOAD) return rest.substr(NLA_HDRLEN, attribute.nla_len - NLA_HDRLEN);
  }
  return {};
}

}  // namespace snug::sys
