#include "netlink.hh"

#include <arpa/inet.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <vector>

#include "call.hh"
#include "snug/base/text.hh"
#include "snug/sys/fd.hh"

namespace snug::builtin {
namespace {

std::size_t aligned(std::size_t length) { return (length + 3U) & ~std::size_t{3}; }

struct Request {
  nlmsghdr header;
  rtgenmsg body;
};

// True at the end of the answer.
bool take_messages(std::string_view bytes, const std::function<void(std::string_view)>& work) {
  while (bytes.size() >= sizeof(nlmsghdr)) {
    nlmsghdr header{};
    std::memcpy(&header, bytes.data(), sizeof header);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > bytes.size()) throw Failure("the kernel's answer is not understood");
    const std::string_view body = bytes.substr(sizeof header, header.nlmsg_len - sizeof header);
    if (header.nlmsg_type == NLMSG_DONE) return true;
    if (header.nlmsg_type == NLMSG_ERROR) {
      int error = 0;
      if (body.size() >= sizeof error) std::memcpy(&error, body.data(), sizeof error);
      throw Failure(format("the kernel does not tell: {}", reason(-error)));
    }
    work(body);
    bytes.remove_prefix(std::min(aligned(header.nlmsg_len), bytes.size()));
  }
  return false;
}

}  // namespace

std::string_view Attributes::find(unsigned type) const {
  std::string_view left = bytes_;
  while (left.size() >= sizeof(rtattr)) {
    rtattr head{};
    std::memcpy(&head, left.data(), sizeof head);
    if (head.rta_len < sizeof head || head.rta_len > left.size()) break;
    if ((head.rta_type & 0x3fffU) == type) return left.substr(sizeof head, head.rta_len - sizeof head);
    left.remove_prefix(std::min(aligned(head.rta_len), left.size()));
  }
  return {};
}

std::uint32_t Attributes::number(unsigned type) const {
  std::uint32_t value = 0;
  if (const std::string_view bytes = find(type); bytes.size() == sizeof value) std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

std::string Attributes::text(unsigned type) const {
  const std::string_view bytes = find(type);
  return std::string(bytes.substr(0, std::min(bytes.find('\0'), bytes.size())));
}

void ask_kernel(std::uint16_t type, unsigned char family, const std::function<void(std::string_view)>& work) {
  const sys::Fd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket) throw Failure(format("no netlink socket: {}", reason(errno)));
  Request request{};
  request.header = {.nlmsg_len = NLMSG_LENGTH(sizeof request.body), .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP, .nlmsg_seq = 1, .nlmsg_pid = 0};
  request.body.rtgen_family = family;
  if (::send(socket.get(), &request, request.header.nlmsg_len, 0) < 0) throw Failure(format("the kernel is not asked: {}", reason(errno)));
  std::vector<char> buffer(65536);
  for (;;) {
    const ssize_t count = ::recv(socket.get(), buffer.data(), buffer.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) throw Failure(format("the kernel does not answer: {}", reason(errno)));
    if (take_messages({buffer.data(), static_cast<std::size_t>(count)}, work)) return;
  }
}

std::string address_text(std::string_view bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = bytes.size() == 4 ? AF_INET : AF_INET6;
  if ((bytes.size() != 4 && bytes.size() != 16) || !::inet_ntop(family, bytes.data(), text.data(), text.size())) return "?";
  return text.data();
}

}  // namespace snug::builtin
