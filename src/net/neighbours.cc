#include "neighbours.hh"

#include <arpa/inet.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <limits>
#include <utility>

#include "snug/base/text.hh"
#include "snug/sys/network.hh"

namespace snug::net {
namespace {

constexpr std::size_t most_waiters = 256;
constexpr std::uint64_t nanoseconds = 1'000'000, patience_with_keeper = 2000 * nanoseconds;
// Whoever keeps answers finds soon that somebody has come or gone.
constexpr std::uint32_t ttl = 2;  // seconds

std::string render(const sys::NetAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(address.family, address.bytes.data(), text.data(), text.size());
  return text.data();
}

}  // namespace

void Neighbours::meet(sys::Fd keeper) {
  there_ = static_cast<bool>(keeper);
  keeper_ = std::move(keeper);
  give_up(std::numeric_limits<std::uint64_t>::max());
}

void Neighbours::ask(const NameQuestion& question, Take take) {
  const std::string packet = render_packet(Numbered<NameQuestion>{format("{}", ++number_), question});
  if (waiters_.size() >= most_waiters || ::send(keeper_.get(), packet.data(), packet.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) return take({});
  waiters_[number_] = {std::move(take), sys::monotonic_time() + patience_with_keeper};
}

void Neighbours::answer(const sys::Waiting& waiting) {
  if (waiting.got(keeper_.get(), POLLIN)) receive();
  give_up(sys::monotonic_time());
}

void Neighbours::receive() {
  std::array<char, 8192> packet;
  while (keeper_) {
    const ssize_t count = ::recv(keeper_.get(), packet.data(), packet.size(), MSG_DONTWAIT);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) return keeper_.reset(), give_up(std::numeric_limits<std::uint64_t>::max());
    const auto answer = parse_name_answer({packet.data(), static_cast<std::size_t>(count)});
    const auto found = waiters_.find(answer ? parse_number(answer->number).value_or(0) : 0);
    if (found == waiters_.end()) continue;
    const Take take = std::move(found->second.take);
    waiters_.erase(found);
    take(answer->what);
  }
}

void Neighbours::give_up(std::uint64_t until) {
  while (!waiters_.empty() && waiters_.begin()->second.deadline <= until) {
    const Take take = std::move(waiters_.begin()->second.take);
    waiters_.erase(waiters_.begin());
    take({});
  }
}

int Neighbours::patience() const {
  if (waiters_.empty()) return -1;
  const std::uint64_t now = sys::monotonic_time(), deadline = waiters_.begin()->second.deadline;
  return deadline > now ? static_cast<int>((deadline - now) / nanoseconds + 1) : 0;
}

std::optional<NameQuestion> question_of(const DnsQuestion& question) {
  using Kind = NameQuestion::Kind;
  if (question.type == DnsType::ptr) {
    const auto address = find_reverse(question.name);
    return address ? std::optional(NameQuestion{Kind::name, render(*address)}) : std::nullopt;
  }
  return NameQuestion{question.type == DnsType::a ? Kind::address4 : question.type == DnsType::aaaa ? Kind::address6 : Kind::other, question.name};
}

std::vector<DnsRecord> records_of(const DnsQuestion& question, const NameAnswer& answer) {
  std::vector<DnsRecord> records;
  for (const std::string& each : answer.found) {
    if (question.type == DnsType::ptr) records.push_back({each, ttl});
    else records.push_back({sys::read_address(each.c_str()), ttl});
  }
  return records;
}

}  // namespace snug::net
