// The monitor of a detached container, with a payload that has no walls: a plan of four steps.

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "door.hh"
#include "packet.hh"
#include "snug/runtime/attach.hh"
#include "snug/runtime/log.hh"
#include "snug/sys/file.hh"
#include "snug/sys/process.hh"

using namespace snug;
using namespace snug::runtime;

namespace {

namespace fs = std::filesystem;

plan::Plan shell_plan(const std::string& script, bool input) {
  plan::Plan plan;
  plan.init = false;
  plan.null_input = !input;
  plan.steps = {{plan::Actor::monitor, plan::Clone{}},
                {plan::Actor::payload, plan::StartSession{}},
                {plan::Actor::payload, plan::ResetProcess{}},
                {plan::Actor::payload, plan::CloseDescriptors{}},
                {plan::Actor::payload, plan::Exec{.paths = {"/bin/sh"}, .argv = {"sh", "-c", script}, .env = {"PATH=/usr/bin:/bin"}}}};
  return plan;
}

/// A container and its monitor, which is a child of the test.
class Monitored {
 public:
  explicit Monitored(const std::string& script, bool input = false, Service service = {}) {
    std::string pattern = std::string(std::getenv("HOME")) + "/service.XXXXXX";
    if (!::mkdtemp(pattern.data())) throw std::runtime_error("mkdtemp " + pattern);
    folder = pattern;
    service.folder = folder;
    sys::FdPair runs = sys::make_pipe();
    pid = ::fork();
    if (pid == 0) {
      runs.first.reset();
      const auto result = launch(shell_plan(script, input), {.running = [&](const Running&) { runs.second.reset(); }, .service = service});
      ::_exit(std::holds_alternative<Exited>(result) ? std::get<Exited>(result).code : 99);
    }
    process = sys::open_process(pid);
    runs.second.reset();
    char byte = 0;
    static_cast<void>(!::read(runs.first.get(), &byte, 1));  // its end: the shell runs
  }
  ~Monitored() {
    if (pid > 0) ::kill(pid, SIGKILL), ::waitpid(pid, nullptr, 0);
    fs::remove_all(folder);
  }
  int wait() {
    int status = 0;
    ::waitpid(std::exchange(pid, -1), &status, 0);
    return WEXITSTATUS(status);
  }
  std::string log(bool error = false) const {
    std::string text;
    static_cast<void>(read_log(folder, {.monitor = process.get()}, [&](const LogLine& line) {
      if (line.error == error) text += line.text;
    }));
    return text;
  }

  std::string folder;
  pid_t pid = -1;
  sys::Fd process;
};

sys::Fd come(const Monitored& container, const Attaching& how = {}) { return visit(container.folder, how); }

// Reads packets until the end, as a client does, but without its descriptors.
struct Seen {
  std::string output, error;
  std::uint64_t lost = 0;
  int code = -1;
};
Seen read_all(const sys::Fd& socket, std::string_view until = "") {
  Seen seen;
  const timeval limit{.tv_sec = 60, .tv_usec = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  std::string packet(packet_size + 1, '\0');
  for (ssize_t count = 0; (count = ::recv(socket.get(), packet.data(), packet.size(), 0)) > 0;) {
    const std::string_view data(packet.data() + 1, static_cast<std::size_t>(count - 1));
    switch (static_cast<Word>(packet[0])) {
      case Word::output: seen.output += data; break;
      case Word::error: seen.error += data; break;
      case Word::lost: data.copy(reinterpret_cast<char*>(&seen.lost), sizeof seen.lost); break;
      case Word::ended: data.copy(reinterpret_cast<char*>(&seen.code), sizeof seen.code); break;
      default: break;
    }
    if (!until.empty() && seen.output.ends_with(until)) break;
  }
  return seen;
}

void send_word(const sys::Fd& socket, Word word, std::string_view data = {}) {
  const std::string packet = make_packet(word, data);
  CHECK(::send(socket.get(), packet.data(), packet.size(), MSG_NOSIGNAL) > 0);
}

}  // namespace

TEST_CASE("what a detached container writes is logged, and its code is the monitor's") {
  Monitored container("echo one; echo two >&2; printf three; exit 7");
  CHECK(container.wait() == 7);
  std::string output, error;
  CHECK(read_log(container.folder, {}, [&](const LogLine& line) { (line.error ? error : output) += line.text; }));
  CHECK(output == "one\nthree");
  CHECK(error == "two\n");
  CHECK_FALSE(fs::exists(container.folder + "/attach"));
}

TEST_CASE("the door is its owner's alone, and one that a crash left is replaced") {
  Monitored first("exec sleep 1000");
  struct stat status {};
  REQUIRE(::stat((first.folder + "/attach").c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  ::kill(first.pid, SIGKILL);
  first.wait();
  CHECK(fs::exists(first.folder + "/attach"));
  CHECK_FALSE(come(first));
  const sys::Fd folder = sys::open(AT_FDCWD, first.folder, O_PATH | O_DIRECTORY);
  {
    const Door door(folder.get());
    const sys::Fd visitor = knock(folder.get());
    CHECK(visitor);
    CHECK(door.admit());
  }
  CHECK_FALSE(fs::exists(first.folder + "/attach"));
}

TEST_CASE("input goes in until its end, both streams come back apart, and the code is told") {
  Monitored container("cat; echo end >&2; exit 3", true);
  const sys::Fd visitor = come(container);
  REQUIRE(visitor);
  std::string sent;
  for (int at = 0; at < 200; ++at) sent += std::string(10000, static_cast<char>(at));
  const pid_t typist = ::fork();
  if (typist == 0) {
    for (std::size_t at = 0; at < sent.size(); at += 10000) send_word(visitor, Word::input, std::string_view(sent).substr(at, 10000));
    send_word(visitor, Word::input_end);
    ::_exit(0);
  }
  const Seen seen = read_all(visitor);
  ::waitpid(typist, nullptr, 0);
  CHECK((seen.output == sent));
  CHECK(seen.error == "end\n");
  CHECK(seen.code == 3);
}

TEST_CASE("what the monitor has said is heard to its end, though it has gone without reading all") {
  sys::FdPair ends = sys::make_socket_pair(SOCK_SEQPACKET);
  REQUIRE(::send(ends.first.get(), "e", 1, 0) == 1);
  REQUIRE(::send(ends.second.get(), "odone", 5, 0) == 5);
  REQUIRE(::send(ends.second.get(), "x", 1, 0) == 1);
  ends.second.reset();
  Packet packet;
  REQUIRE(packet.receive(ends.first.get()));
  CHECK(packet.data() == "done");
  REQUIRE(packet.receive(ends.first.get()));
  CHECK(packet.word() == Word::ended);
  CHECK(!packet.ended());
  CHECK(!packet.receive(ends.first.get()));
  CHECK(packet.ended());
}

TEST_CASE("two who are attached see the same, and one that is killed disturbs nobody") {
  Monitored container("read x; seq 1 20000; exit 0", true);
  const sys::Fd one = come(container), other = come(container);
  {
    const sys::Fd gone = come(container);
  }
  send_word(one, Word::input, "go\n");
  const Seen first = read_all(one), second = read_all(other);
  CHECK(first.output.ends_with("\n20000\n"));
  CHECK((first.output == second.output));
}

TEST_CASE("a large binary output arrives whole at a reader that reads") {
  Monitored container("read x; head -c 100000000 /dev/zero; echo end", true);
  const sys::Fd visitor = come(container);
  send_word(visitor, Word::input, "go\n");
  const Seen seen = read_all(visitor);
  CHECK(seen.output.size() == 100000004);
  CHECK(seen.lost == 0);
  CHECK(container.wait() == 0);
}

TEST_CASE("a reader that is stuck stops nobody for long: the container ends, another sees all, and the log has it") {
  Monitored container("read x; head -c 3000000 /dev/zero | tr '\\0' 'a'; echo; echo end", true);
  const sys::Fd stuck = come(container), reader = come(container);
  send_word(reader, Word::input, "go\n");
  const Seen seen = read_all(reader);
  CHECK(seen.output.size() == 3000005);
  CHECK(seen.code == 0);
  CHECK(container.log().size() == 3000005);
  CHECK(container.wait() == 0);
  const Seen rest = read_all(stuck);  // only now: it is told what it lost, and the end, all the same
  CHECK(rest.output.size() < 3000005);
  CHECK(rest.output.size() + rest.lost == 3000005);
  CHECK(rest.code == 0);
}

TEST_CASE("a patient reader is waited for, however long it takes") {
  Monitored container("read x; head -c 3000000 /dev/zero; echo end", true);
  const sys::Fd patient = come(container, {.patient = true});
  send_word(patient, Word::input, "go\n");
  ::poll(nullptr, 0, 3000);  // longer than others are waited for
  const Seen seen = read_all(patient);
  CHECK(seen.output.size() == 3000004);
  CHECK(seen.lost == 0);
}

TEST_CASE("a visit that begins before the container misses nothing") {
  sys::FdPair pair = make_visit({});
  Service service;
  service.visitor = pair.first.get();
  Monitored container("echo early; exit 4", false, service);
  pair.first.reset();
  const Seen seen = read_all(pair.second);
  CHECK(seen.output == "early\n");
  CHECK(seen.code == 4);
}

TEST_CASE("signals are passed on") {
  Monitored container("read x; trap 'echo caught; exit 9' USR1; echo ready; while :; do sleep 0.05; done", true);
  const sys::Fd visitor = come(container);
  send_word(visitor, Word::input, "\n");
  CHECK(read_all(visitor, "ready\n").output == "ready\n");
  const int number = SIGUSR1;
  send_word(visitor, Word::signal, {reinterpret_cast<const char*>(&number), sizeof number});
  const Seen seen = read_all(visitor);
  CHECK(seen.output.ends_with("caught\n"));
  CHECK(seen.code == 9);
}

TEST_CASE("who holds keeps an idle container, and with the last it ends") {
  Service service;
  service.until_left = true;
  Monitored container("exec sleep 1000", false, service);
  sys::Fd one = hold(container.folder), other = hold(container.folder);
  REQUIRE(one);
  REQUIRE(other);
  one.reset();
  CHECK(hold(container.folder));
  other.reset();
  CHECK(container.wait() == 0);
  CHECK_FALSE(hold(container.folder));
}

TEST_CASE("garbage ends the visit alone") {
  Monitored container("read x; echo $x", true);
  sys::Fd odd = come(container);
  for (const std::string_view bytes : {"w", "\xff", "zzzz", "s", "k", "a"})
    static_cast<void>(::send(odd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
  const sys::Fd visitor = come(container);
  send_word(visitor, Word::input, "fine\n");
  CHECK(read_all(visitor).output == "fine\n");
}

TEST_CASE("a command that cannot be executed is told of, and nothing is left") {
  plan::Plan plan = shell_plan("", false);
  std::get<plan::Exec>(plan.steps.back().action).paths = {"/nowhere"};
  const Monitored other("exec true");
  bool ran = false;
  const auto result = launch(plan, {.running = [&](const Running&) { ran = true; }, .service = Service{.folder = other.folder, .log = {}}});
  REQUIRE(std::holds_alternative<StepFailure>(result));
  CHECK(std::get<StepFailure>(result).error == ENOENT);
  CHECK_FALSE(ran);
}
