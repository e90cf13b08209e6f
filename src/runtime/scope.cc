// As much of D-Bus as it takes to ask systemd for a scope: over its own socket, on which nobody stands between. A message is a
// header (byte order, type, flags, version, length of the body, serial, an array of fields) and a body; each value begins at a multiple of
// its size. The job is done when systemd tells so with the signal JobRemoved.

#include "scope.hh"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <vector>

#include "snug/base/text.hh"
#include "snug/sys/fd.hh"
#include "snug/sys/file.hh"

namespace snug::runtime {
namespace {

enum class Type : char { call = 1, answer = 2, error = 3, signal = 4 };
enum class Field : char { path = 1, interface = 2, member = 3, error_name = 4, answer_to = 5, destination = 6, signature = 8 };

constexpr std::size_t header_size = 16;
constexpr std::uint32_t serial = 1;
constexpr time_t patience = 10;  // seconds
constexpr std::size_t most = std::size_t{1} << 20U;

/// Values one after the other, each where it has to begin.
class Writer {
 public:
  void align(std::size_t size) { text_.resize((text_.size() + size - 1) / size * size); }
  void put(std::uint32_t value) {
    align(4);
    text_.append(reinterpret_cast<const char*>(&value), sizeof value);  // in this machine's order, which the first byte names
  }
  void put(std::string_view text) {
    put(static_cast<std::uint32_t>(text.size()));
    text_.append(text).push_back('\0');
  }
  void put_signature(std::string_view text) {
    text_.push_back(static_cast<char>(text.size()));
    text_.append(text).push_back('\0');
  }
  void put_byte(char byte) { text_.push_back(byte); }

  /// An array: `items` writes them, each at a multiple of `size`.
  template <typename Items>
  void put_array(std::size_t size, const Items& items) {
    put(std::uint32_t{0});
    const std::size_t length = text_.size() - 4;
    align(size);
    const std::size_t first = text_.size();
    items();
    const auto count = static_cast<std::uint32_t>(text_.size() - first);
    std::memcpy(text_.data() + length, &count, sizeof count);
  }
  [[nodiscard]] const std::string& text() const { return text_; }

 private:
  std::string text_;
};

/// The same the other way round; what is not there is empty.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}
  void align(std::size_t size) { at_ = (at_ + size - 1) / size * size; }
  [[nodiscard]] bool is_over() const { return at_ >= text_.size(); }
  char take_byte() { return is_over() ? '\0' : text_[at_++]; }
  std::uint32_t take_number() {
    align(4);
    std::uint32_t value = 0;
    if (at_ + sizeof value <= text_.size()) std::memcpy(&value, text_.data() + at_, sizeof value);
    at_ += sizeof value;
    return value;
  }
  std::string take_text() { return take(take_number()); }
  std::string take_signature() { return take(static_cast<unsigned char>(take_byte())); }

 private:
  std::string take(std::size_t size) {
    if (at_ + size >= text_.size()) return at_ = text_.size(), std::string();
    std::string text(text_.substr(at_, size));
    at_ += size + 1;
    return text;
  }
  std::string_view text_;
  std::size_t at_ = 0;
};

struct Message {
  Type type = Type::call;
  std::uint32_t answer_to = 0;
  std::string member, error_name, signature, body;
};

void put_field(Writer& out, Field field, std::string_view type, std::string_view value) {
  out.align(8);
  out.put_byte(static_cast<char>(field));
  out.put_signature(type);
  type == "g" ? out.put_signature(value) : out.put(value);
}

std::string render_call(std::string_view member, std::string_view signature, const std::string& body) {
  Writer out;
  const std::uint16_t one = 1;
  out.put_byte(*reinterpret_cast<const char*>(&one) == 1 ? 'l' : 'B');
  out.put_byte(static_cast<char>(Type::call));
  out.put_byte(0);
  out.put_byte(1);
  out.put(static_cast<std::uint32_t>(body.size()));
  out.put(serial);
  out.put_array(8, [&] {
    put_field(out, Field::path, "o", "/org/freedesktop/systemd1");
    put_field(out, Field::interface, "s", "org.freedesktop.systemd1.Manager");
    put_field(out, Field::member, "s", member);
    put_field(out, Field::destination, "s", "org.freedesktop.systemd1");
    put_field(out, Field::signature, "g", signature);
  });
  out.align(8);
  return out.text() + body;
}

template <typename Value>
void put_property(Writer& out, std::string_view name, std::string_view type, const Value& value) {
  out.align(8);
  out.put(name);
  out.put_signature(type);
  value();
}

Message parse_fields(Type type, std::string_view fields) {
  Message message{type, 0, {}, {}, {}, {}};
  Reader in(fields);
  for (in.align(8); !in.is_over(); in.align(8)) {
    const auto field = static_cast<Field>(in.take_byte());
    const std::string kind = in.take_signature();
    if (kind == "u") {
      const std::uint32_t number = in.take_number();
      if (field == Field::answer_to) message.answer_to = number;
      continue;
    }
    std::string text = kind == "g" ? in.take_signature() : in.take_text();
    if (field == Field::member) message.member = std::move(text);
    else if (field == Field::error_name) message.error_name = std::move(text);
    else if (field == Field::signature) message.signature = std::move(text);
  }
  return message;
}

/// A conversation with systemd. Every call gives up after a while.
class Bus {
 public:
  [[nodiscard]] int connect(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return ENAMETOOLONG;
    path.copy(address.sun_path, path.size());
    socket_ = sys::Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const timeval limit{patience, 0};
    if (!socket_ || ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) != 0 ||
        ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit) != 0 ||
        ::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
      return errno;
    return introduce();
  }

  [[nodiscard]] int send(std::string_view data) const {
    while (!data.empty()) {
      const ssize_t count = ::send(socket_.get(), data.data(), data.size(), MSG_NOSIGNAL);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) return errno;
      data.remove_prefix(static_cast<std::size_t>(count));
    }
    return 0;
  }

  [[nodiscard]] std::optional<Message> receive() {
    const std::string head = take(header_size);
    if (head.size() != header_size) return {};
    Reader in(std::string_view(head).substr(4));
    const std::size_t body = in.take_number();
    static_cast<void>(in.take_number());
    const std::size_t fields = in.take_number(), padded = (fields + 7) / 8 * 8;
    if (fields > most || body > most) return errno = EBADMSG, std::nullopt;
    const std::string rest = take(padded + body);
    if (rest.size() != padded + body) return {};
    Message message = parse_fields(static_cast<Type>(head[1]), std::string_view(rest).substr(0, fields));
    message.body = rest.substr(padded);
    return message;
  }

 private:
  // Who is there the kernel says: the number is only asked for.
  [[nodiscard]] int introduce() {
    std::string hello("\0AUTH EXTERNAL ", 15);
    for (const char digit : format("{}", ::geteuid())) hello += format("{:02x}", static_cast<unsigned>(digit));
    if (const int error = send(hello + "\r\n")) return error;
    std::string line;
    while (!line.ends_with("\r\n")) {
      const std::string byte = take(1);
      if (byte.empty() || line.size() > 512) return errno ? errno : EPROTO;
      line += byte;
    }
    return line.starts_with("OK ") ? send("BEGIN\r\n") : EACCES;
  }

  std::string take(std::size_t size) {
    std::string text(size, '\0');
    std::size_t have = 0;
    while (have < size) {
      const ssize_t count = ::recv(socket_.get(), text.data() + have, size - have, 0);
      if (count < 0 && errno == EINTR) continue;
      if (count == 0) errno = ECONNRESET;
      if (count < 0 && errno == EAGAIN) errno = ETIMEDOUT;
      if (count <= 0) break;
      have += static_cast<std::size_t>(count);
    }
    text.resize(have);
    return text;
  }

  sys::Fd socket_;
};

int take_error(const Message& message, std::string& reason) {
  reason = Reader(message.body).take_text();
  if (reason.empty()) reason = message.error_name;
  return message.error_name.ends_with(".UnitExists") ? EEXIST : EACCES;
}

// Of the signal JobRemoved: its number, its path, the unit, the result.
bool is_end_of(const Message& message, const std::string& job, std::string& result) {
  if (message.type != Type::signal || message.member != "JobRemoved") return false;
  Reader in(message.body);
  static_cast<void>(in.take_number());
  if (in.take_text() != job) return false;
  static_cast<void>(in.take_text());
  result = in.take_text();
  return true;
}

}  // namespace

std::string scope_request(std::string_view name, std::uint32_t pid) {
  Writer body;
  body.put(name);
  body.put("fail");
  body.put_array(8, [&] {
    put_property(body, "Description", "s", [&] { body.put("a container of snug's"); });
    put_property(body, "PIDs", "au", [&] { body.put_array(4, [&] { body.put(pid); }); });
    put_property(body, "Delegate", "b", [&] { body.put(std::uint32_t{1}); });
    put_property(body, "CollectMode", "s", [&] { body.put("inactive-or-failed"); });
  });
  body.put_array(8, [] {});
  return render_call("StartTransientUnit", "ssa(sv)a(sa(sv))", body.text());
}

int enter_scope(const std::string& manager, const std::string& name, std::string& reason) {
  Bus bus;
  if (const int error = bus.connect(manager)) return error;
  if (const int error = bus.send(scope_request(name, static_cast<std::uint32_t>(::getpid())))) return error;
  constexpr int most_messages = 1000;  // of a session in which much goes on
  int heard = 0;
  std::string job;
  std::vector<Message> early;  // the signal may come before the answer
  for (;;) {
    auto message = bus.receive();
    if (!message) return errno;
    if (message->type == Type::error && message->answer_to == serial) return take_error(*message, reason);
    if (message->type == Type::answer && message->answer_to == serial) job = Reader(message->body).take_text();
    early.push_back(*std::move(message));
    if (++heard > most_messages) return reason = "systemd does not answer", ETIMEDOUT;
    if (job.empty()) continue;
    std::string result;
    for (const Message& each : early) {
      if (!is_end_of(each, job, result)) continue;
      if (result == "done") return 0;
      reason = format("the job's result is {}", result);
      return EACCES;
    }
    early.clear();
  }
}

}  // namespace snug::runtime
