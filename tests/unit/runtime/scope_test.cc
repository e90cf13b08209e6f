#include "scope.hh"

#include <doctest/doctest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <utility>

namespace snug::runtime {
namespace {

// Messages are put together here by hand, byte for byte, as the specification of D-Bus has them.
void pad(std::string& text, std::size_t size) { text.resize((text.size() + size - 1) / size * size); }

void add_number(std::string& text, std::uint32_t number) {
  pad(text, 4);
  text.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void add_text(std::string& text, const std::string& word) {
  add_number(text, static_cast<std::uint32_t>(word.size()));
  text += word + '\0';
}

std::string message(char type, const std::function<void(std::string&)>& add_fields, const std::string& body) {
  std::string fields;
  add_fields(fields);
  std::string text{'l', type, 0, 1};
  add_number(text, static_cast<std::uint32_t>(body.size()));
  add_number(text, 77);
  add_number(text, static_cast<std::uint32_t>(fields.size()));
  text += fields;
  pad(text, 8);
  return text + body;
}

void add_field(std::string& fields, char code, char type, const std::string& value) {
  pad(fields, 8);
  fields += {code, 1, type, 0};
  add_text(fields, value);
}

void add_answer_to(std::string& fields, std::uint32_t serial) {
  pad(fields, 8);
  fields += {5, 1, 'u', 0};
  add_number(fields, serial);
}

std::string answer(const std::string& job) {
  std::string body;
  add_text(body, job);
  return message(2, [](std::string& fields) { add_answer_to(fields, 1); }, body);
}

std::string refusal(const std::string& name, const std::string& words) {
  std::string body;
  add_text(body, words);
  return message(3, [&](std::string& fields) { add_answer_to(fields, 1), add_field(fields, 4, 's', name); }, body);
}

std::string end_of(const std::string& job, const std::string& result) {
  std::string body;
  add_number(body, 12);
  add_text(body, job);
  add_text(body, "snug-1.scope");
  add_text(body, result);
  return message(4, [](std::string& fields) { add_field(fields, 1, 'o', "/org/freedesktop/systemd1"), add_field(fields, 3, 's', "JobRemoved"); }, body);
}

std::string read_until(int socket, const std::string& end) {
  std::string text;
  for (char byte = 0; !text.ends_with(end) && ::read(socket, &byte, 1) == 1;) text += byte;
  return text;
}

/// Something that talks like systemd, once, and says `words` to whatever it is asked.
class Systemd {
 public:
  explicit Systemd(const std::string& words, const std::string& greeting = "OK 0123456789abcdef\r\n") {
    char name[] = "/tmp/snug-scope-XXXXXX";
    folder_ = ::mkdtemp(name);
    path_ = folder_ + "/private";
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path_.copy(address.sun_path, path_.size());
    const int door = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    REQUIRE(::bind(door, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(door, 1) == 0);
    pid_ = ::fork();
    if (pid_ == 0) ::_exit(serve(::accept(door, nullptr, nullptr), words, greeting));
    ::close(door);
  }
  ~Systemd() {
    if (pid_ > 0) static_cast<void>(code());
    ::unlink(path_.c_str());
    ::rmdir(folder_.c_str());
  }
  Systemd(const Systemd&) = delete;
  Systemd& operator=(const Systemd&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  /// 0: it was asked as it has to be.
  int code() {
    int status = 0;
    ::waitpid(std::exchange(pid_, -1), &status, 0);
    return WEXITSTATUS(status);
  }

 private:
  static int serve(int socket, const std::string& words, const std::string& greeting) {
    std::string uid;
    for (const char digit : std::to_string(::geteuid())) uid += "3" + std::string(1, digit);
    if (read_until(socket, "\r\n") != std::string(1, '\0') + "AUTH EXTERNAL " + uid + "\r\n") return 1;
    static_cast<void>(!::write(socket, greeting.data(), greeting.size()));
    if (!greeting.starts_with("OK")) return 0;
    if (read_until(socket, "\r\n") != "BEGIN\r\n") return 2;
    const std::string wanted = scope_request("snug-1.scope", static_cast<std::uint32_t>(::getppid()));
    std::string asked(wanted.size(), '\0');
    if (::recv(socket, asked.data(), asked.size(), MSG_WAITALL) != static_cast<ssize_t>(asked.size()) || asked != wanted) return 3;
    static_cast<void>(!::write(socket, words.data(), words.size()));
    return 0;
  }

  std::string folder_, path_;
  pid_t pid_ = -1;
};

TEST_CASE("a request is a message of D-Bus") {
  const std::string text = scope_request("snug-1.scope", 4711);
  CHECK(text.substr(0, 4) == std::string("l\1\0\1", 4));
  std::uint32_t body = 0, fields = 0;
  std::memcpy(&body, text.data() + 4, sizeof body);
  std::memcpy(&fields, text.data() + 12, sizeof fields);
  CHECK(text.size() == (16 + fields + 7) / 8 * 8 + body);
  CHECK(text.find("StartTransientUnit") != std::string::npos);
  CHECK(text.find("ssa(sv)a(sa(sv))") != std::string::npos);
  std::string pids("PIDs\0\2au\0", 9);
  REQUIRE(text.find(pids) != std::string::npos);
  std::string numbers;
  add_number(numbers, 4);
  add_number(numbers, 4711);
  CHECK(text.find(numbers, text.find(pids)) != std::string::npos);
}

TEST_CASE("a scope is there when its job is done, whatever else is told meanwhile") {
  std::string reason;
  SUBCASE("after the answer") {
    Systemd systemd(end_of("/job/8", "done") + answer("/job/9") + end_of("/job/10", "failed") + end_of("/job/9", "done"));
    CHECK(enter_scope(systemd.path(), "snug-1.scope", reason) == 0);
    CHECK(systemd.code() == 0);
  }
  SUBCASE("before the answer") {
    Systemd systemd(end_of("/job/9", "done") + answer("/job/9"));
    CHECK(enter_scope(systemd.path(), "snug-1.scope", reason) == 0);
    CHECK(systemd.code() == 0);
  }
}

TEST_CASE("what systemd refuses is told in its own words") {
  std::string reason;
  SUBCASE("at once") {
    Systemd systemd(refusal("org.freedesktop.DBus.Error.AccessDenied", "Not today."));
    CHECK(enter_scope(systemd.path(), "snug-1.scope", reason) == EACCES);
    CHECK(reason == "Not today.");
  }
  SUBCASE("later") {
    Systemd systemd(answer("/job/9") + end_of("/job/9", "failed"));
    CHECK(enter_scope(systemd.path(), "snug-1.scope", reason) == EACCES);
    CHECK(reason == "the job's result is failed");
  }
  SUBCASE("by going away") {
    Systemd systemd(answer("/job/9").substr(0, 30));
    CHECK(enter_scope(systemd.path(), "snug-1.scope", reason) == ECONNRESET);
  }
  SUBCASE("by another greeting") {
    Systemd systemd("", "REJECTED EXTERNAL\r\n");
    CHECK(enter_scope(systemd.path(), "snug-1.scope", reason) == EACCES);
  }
  SUBCASE("by not being there") { CHECK(enter_scope("/nonexistent/private", "snug-1.scope", reason) == ENOENT); }
}

}  // namespace
}  // namespace snug::runtime
