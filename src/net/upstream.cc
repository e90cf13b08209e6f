#include "upstream.hh"

#include <fcntl.h>
#include <sys/random.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "snug/sys/network.hh"
#include "snug/sys/process.hh"
#include "socket_address.hh"

namespace snug::net {
namespace {

constexpr std::size_t most_questions = 1000, most_servers = 3;
constexpr unsigned rounds = 2;
constexpr std::uint64_t nanoseconds = 1'000'000, wait = 2500 * nanoseconds;
constexpr std::uint16_t domain_port = 53;

std::uint16_t random_id() {
  std::uint16_t id = 0;
  if (::getrandom(&id, sizeof id, 0) != sizeof id) throw system_error("get a random number", errno);
  return id;
}

// By TCP a message has its length in front.
std::string with_length(const std::string& message) {
  return std::string{static_cast<char>(message.size() >> 8U), static_cast<char>(message.size() & 0xffU)} + message;
}

}  // namespace

std::vector<std::string> parse_servers(std::string_view resolv_conf) {
  constexpr std::string_view word = "nameserver";
  std::vector<std::string> servers;
  for (const std::string_view line : lines(resolv_conf)) {
    if (!line.starts_with(word) || line.size() == word.size() || (line[word.size()] != ' ' && line[word.size()] != '\t')) continue;
    std::string address(trimmed(line.substr(word.size())));
    address.resize(std::min(address.find_first_of(" \t#;"), address.size()));
    const sys::NetAddress plain = sys::read_address(address.substr(0, address.find('%')).c_str());
    const bool scoped = address.find('%') != std::string::npos;
    if (plain.family != 0 && (!scoped || plain.family == AF_INET6) && servers.size() < most_servers) servers.push_back(std::move(address));
  }
  if (servers.empty()) servers.emplace_back("127.0.0.1");
  return servers;
}

bool Upstream::send(Question& question) const {
  const std::vector<std::string> servers = !servers_.empty() ? servers_ : parse_servers(sys::find_file_text("/etc/resolv.conf").value_or(""));
  while (question.attempts < rounds * servers.size()) {
    const SocketAddress server(servers[question.attempts++ % servers.size()], domain_port);
    question.socket = sys::Fd(::socket(server.family(), (question.tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!question.socket || (::connect(question.socket.get(), server.get(), server.size()) != 0 && errno != EINPROGRESS)) continue;
    question.id = random_id();
    question.come.clear();
    question.unsent = question.tcp ? with_length(make_dns_query(question.query, question.id)) : make_dns_query(question.query, question.id);
    question.deadline = sys::monotonic_time() + wait;
    if (question.tcp) return true;
    if (::send(question.socket.get(), question.unsent.data(), question.unsent.size(), MSG_NOSIGNAL) >= 0) return question.unsent.clear(), true;
  }
  return false;
}

void Upstream::ask(const DnsQuery& query, bool tcp, Take take) {
  Question question{.query = query, .tcp = tcp, .take = std::move(take)};
  if (questions_.size() >= most_questions || !send(question)) return question.take("");
  questions_.push_back(std::move(question));
}

void Upstream::want(sys::Waiting& waiting) const {
  for (const Question& question : questions_) waiting.want(question.socket.get(), question.unsent.empty() ? POLLIN : POLLOUT);
}

// True where a part has come that is worth another look.
bool Upstream::exchange(Question& question, bool& failed) {
  if (!question.unsent.empty()) {
    const ssize_t count = ::send(question.socket.get(), question.unsent.data(), question.unsent.size(), MSG_NOSIGNAL);
    failed = count < 0 && errno != EAGAIN && errno != EINTR;
    if (count > 0) question.unsent.erase(0, static_cast<std::size_t>(count));
    return false;
  }
  std::array<char, 4096> part;
  const ssize_t count = ::recv(question.socket.get(), part.data(), part.size(), 0);
  failed = count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR);
  if (count > 0) question.come.append(part.data(), static_cast<std::size_t>(count));
  return count > 0;
}

std::string Upstream::receive(Question& question, bool& failed) {
  if (!exchange(question, failed)) return {};
  std::string message = question.come;
  if (question.tcp) {
    if (message.size() < 2) return {};
    const std::size_t length = static_cast<std::size_t>(static_cast<unsigned char>(message[0])) << 8U | static_cast<unsigned char>(message[1]);
    if (message.size() < length + 2) return {};
    message = message.substr(2, length);
  } else {
    question.come.clear();
  }
  const auto answer = parse_dns_answer(message);
  // By UDP anybody may have sent it: the true one may still come.
  if (answer && answers(*answer, question.query, question.id)) {
    const bool unable = answer->code == DnsCode::failed || answer->code == DnsCode::refused || answer->code == DnsCode::not_implemented;
    if (!unable) return message;
    failed = true;
    question.refusal = std::move(message);
    return {};
  }
  failed = question.tcp;
  return {};
}

void Upstream::answer(const sys::Waiting& waiting) {
  const std::uint64_t now = sys::monotonic_time();
  for (auto each = questions_.begin(); each != questions_.end();) {
    bool failed = now >= each->deadline;
    std::string message;
    if (!failed && waiting.got(each->socket.get(), each->unsent.empty() ? POLLIN : POLLOUT)) message = receive(*each, failed);
    if (message.empty() && (!failed || send(*each))) {
      ++each;
      continue;
    }
    const Take take = std::move(each->take);
    if (message.empty()) message = std::move(each->refusal);
    each = questions_.erase(each);
    take(message);
  }
}

int Upstream::patience() const {
  if (questions_.empty()) return -1;
  const auto first = std::min_element(questions_.begin(), questions_.end(), [](const Question& one, const Question& other) { return one.deadline < other.deadline; });
  const std::uint64_t now = sys::monotonic_time();
  return first->deadline > now ? static_cast<int>((first->deadline - now) / nanoseconds + 1) : 0;
}

}  // namespace snug::net
