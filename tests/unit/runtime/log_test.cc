#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <string>

#include "log_line.hh"
#include "log_writer.hh"
#include "snug/base/json.hh"
#include "snug/sys/file.hh"
#include "snug/sys/process.hh"

using namespace snug;
using namespace snug::runtime;

namespace {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() {
    std::string pattern = std::string(std::getenv("HOME")) + "/log.XXXXXX";
    if (!::mkdtemp(pattern.data())) throw std::runtime_error("mkdtemp " + pattern);
    path = pattern;
    fd = sys::open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY);
  }
  ~Folder() { fs::remove_all(path); }
  std::string path;
  sys::Fd fd;
};

struct Read {
  std::string output, error;
  std::size_t lines = 0;
};

Read read(const std::string& folder, const LogWish& wish = {}) {
  Read read;
  static_cast<void>(read_log(folder, wish, [&](const LogLine& line) {
    (line.error ? read.error : read.output) += line.text;
    ++read.lines;
  }));
  return read;
}

std::string every_byte() {
  std::string bytes;
  for (int at = 0; at < 70000; ++at) bytes += static_cast<char>(at * 7919 >> 3);
  return bytes;
}

}  // namespace

TEST_CASE("a line of the log is docker's") {
  std::string line;
  append_log_line(line, "a \"word\"\t\x1b[0m ü\n", "stdout", render_log_time(1'764'060'000'000'000'042));
  CHECK(line == "{\"log\":\"a \\\"word\\\"\\u0009\\u001b[0m ü\\n\",\"stream\":\"stdout\",\"time\":\"2025-11-25T08:40:00.000000042Z\"}\n");
  const auto read = parse_log_line(line.substr(0, line.size() - 1));
  REQUIRE(read.has_value());
  CHECK(read->text == "a \"word\"\t\x1b[0m ü\n");
  CHECK(read->time == 1'764'060'000'000'000'042);
  CHECK_FALSE(read->error);
}

TEST_CASE("a line of docker's own is read") {
  const auto line = parse_log_line(R"({"log":"hi\n","stream":"stderr","time":"2024-05-01T12:00:00.5Z"})");
  REQUIRE(line.has_value());
  CHECK(line->error);
  CHECK(line->time % 1'000'000'000 == 500'000'000);
  CHECK_FALSE(parse_log_line(R"({"log":"hi\n")").has_value());
  CHECK_FALSE(parse_log_line("").has_value());
}

TEST_CASE("whatever is written comes back byte for byte, from both streams, and is JSON") {
  const Folder folder;
  const std::string bytes = every_byte();
  LogWriter writer(folder.fd.get(), {});
  for (std::size_t at = 0; at < bytes.size(); at += 999) {
    writer.write(1, std::string_view(bytes).substr(at, 999));
    writer.write(2, "e" + std::to_string(at) + "\n");
  }
  writer.finish();
  const Read all = read(folder.path);
  CHECK((all.output == bytes));
  CHECK(all.error.starts_with("e0\ne999\ne1998\n"));
  const auto text = sys::find_file_text((folder.path + "/log.json").c_str(), 10'000'000);
  REQUIRE(text.has_value());
  for (const std::string_view line : lines(*text)) CHECK_NOTHROW(static_cast<void>(parse_json(line)));
}

TEST_CASE("a long line is cut as docker does, and no character is cut in two") {
  const Folder folder;
  LogWriter writer(folder.fd.get(), {});
  std::string line(longest_log_part - 1, 'x');
  line += "üüü\n";
  writer.write(1, line);
  const auto text = sys::find_file_text((folder.path + "/log.json").c_str(), 100'000);
  CHECK(text->find("raw") == std::string::npos);
  const Read all = read(folder.path);
  CHECK(all.output == line);
  CHECK(all.lines == 2);
}

TEST_CASE("a line waits for its end") {
  const Folder folder;
  LogWriter writer(folder.fd.get(), {});
  writer.write(1, "one\ntw");
  CHECK(read(folder.path).output == "one\n");
  writer.write(1, "o\n");
  CHECK(read(folder.path).output == "one\ntwo\n");
  writer.write(1, "three");
  writer.finish();
  CHECK(read(folder.path).output == "one\ntwo\nthree");
}

TEST_CASE("the log is rotated by size, and the tail goes over its files") {
  const Folder folder;
  LogWriter writer(folder.fd.get(), {.kept = true, .size = 1000, .files = 3});
  for (int at = 0; at < 100; ++at) writer.write(1, "line " + std::to_string(at) + "\n");
  CHECK(fs::exists(folder.path + "/log.json.2"));
  CHECK_FALSE(fs::exists(folder.path + "/log.json.3"));
  for (const char* name : {"/log.json", "/log.json.1", "/log.json.2"}) CHECK(fs::file_size(folder.path + name) <= 1000);
  CHECK(read(folder.path).output.ends_with("line 98\nline 99\n"));
  std::string expected;
  for (const int count : {0, 1, 5, 12, 25}) {
    expected.clear();
    for (int at = 100 - count; at < 100; ++at) expected += "line " + std::to_string(at) + "\n";
    CHECK(read(folder.path, {.tail = static_cast<std::uint64_t>(count)}).output == expected);
  }
  CHECK(read(folder.path, {.tail = 10000}).output == read(folder.path).output);
}

TEST_CASE("the tail counts lines, however many parts they have") {
  const Folder folder;
  LogWriter writer(folder.fd.get(), {.kept = true, .size = 60000, .files = 9});
  const auto line = [](char letter) { return std::string(40000, letter) + "\n"; };
  for (const char letter : {'a', 'b', 'c'}) writer.write(1, line(letter));
  CHECK(read(folder.path, {.tail = 0}).output.empty());
  CHECK((read(folder.path, {.tail = 1}).output == line('c')));
  CHECK((read(folder.path, {.tail = 2}).output == line('b') + line('c')));
  CHECK((read(folder.path, {.tail = 9}).output == line('a') + line('b') + line('c')));
  writer.write(1, "unfinished");
  writer.finish();
  CHECK(read(folder.path, {.tail = 1}).output == "unfinished");
  CHECK((read(folder.path, {.tail = 2}).output == line('c') + "unfinished"));
}

TEST_CASE("much that comes at once is parted among the files, too") {
  const Folder folder;
  LogWriter writer(folder.fd.get(), {.kept = true, .size = 1000, .files = 2});
  std::string text;
  for (int at = 0; at < 100; ++at) text += "line " + std::to_string(at) + "\n";
  writer.write(1, text);
  writer.write(2, std::string(3000, 'x') + "\n");
  CHECK(read(folder.path).output.ends_with("line 98\nline 99\n"));
  CHECK(read(folder.path).error.size() == 3001);
  writer.write(1, text);
  CHECK(fs::file_size(folder.path + "/log.json") <= 1000);
  CHECK(read(folder.path).output.ends_with("line 98\nline 99\n"));
}

TEST_CASE("one file alone is begun anew") {
  const Folder folder;
  LogWriter writer(folder.fd.get(), {.kept = true, .size = 500, .files = 1});
  for (int at = 0; at < 50; ++at) writer.write(1, "line " + std::to_string(at) + "\n");
  CHECK_FALSE(fs::exists(folder.path + "/log.json.1"));
  CHECK(read(folder.path).output.ends_with("line 49\n"));
}

TEST_CASE("since and until") {
  const Folder folder;
  std::string text;
  for (int at = 0; at < 10; ++at) append_log_line(text, std::to_string(at) + "\n", "stdout", render_log_time(at * 1'000'000'000L));
  sys::replace_file(folder.fd.get(), log_name, text);
  CHECK(read(folder.path, {.since = 3'000'000'000, .until = 5'500'000'000}).output == "3\n4\n5\n");
}

TEST_CASE("a log that cannot grow loses lines, says so later, and ends nobody") {
  const Folder folder;
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    LogWriter writer(folder.fd.get(), {});
    writer.write(1, "first\n");
    rlimit limit{};
    ::getrlimit(RLIMIT_FSIZE, &limit);
    const rlim_t before = std::exchange(limit.rlim_cur, rlim_t{150});
    ::setrlimit(RLIMIT_FSIZE, &limit);
    writer.write(1, "second\nthird\n");
    writer.write(2, "fourth\n");
    limit.rlim_cur = before;
    ::setrlimit(RLIMIT_FSIZE, &limit);
    writer.write(1, "fifth\n");
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  CHECK(status == 0);
  const Read all = read(folder.path);
  CHECK(all.output == "first\nfifth\n");
  CHECK(all.error == "snug: 3 lines before this one could not be kept: File too large (EFBIG)\n");
}

TEST_CASE("half a line that a killed monitor left is passed over") {
  const Folder folder;
  sys::replace_file(folder.fd.get(), log_name, "{\"log\":\"hal");
  LogWriter writer(folder.fd.get(), {});
  writer.write(1, "whole\n");
  CHECK(read(folder.path).output == "whole\n");
}

TEST_CASE("who follows sees all lines once, over rotations, until the writer ends") {
  const Folder folder;
  const pid_t child = ::fork();
  if (child == 0) {
    LogWriter writer(folder.fd.get(), {.kept = true, .size = 4000, .files = 40});
    for (int at = 0; at < 1000; ++at) writer.write(1, "line " + std::to_string(at) + "\n");
    ::_exit(0);
  }
  const sys::Fd process = sys::open_process(child);
  REQUIRE(sys::find_status(folder.fd.get(), ""));
  while (!sys::find_status(folder.fd.get(), log_name)) ::usleep(1000);
  std::string expected;
  for (int at = 0; at < 1000; ++at) expected += "line " + std::to_string(at) + "\n";
  CHECK((read(folder.path, {.monitor = process.get()}).output == expected));
  ::waitpid(child, nullptr, 0);
}

TEST_CASE("a rotation that was cut short hides nothing") {
  const Folder folder;
  LogWriter writer(folder.fd.get(), {.kept = true, .size = 1000, .files = 5});
  std::string expected;
  for (int at = 0; at < 20; ++at) {
    expected += "line " + std::to_string(at) + "\n";
    writer.write(1, "line " + std::to_string(at) + "\n");
  }
  fs::rename(folder.path + "/log.json.1", folder.path + "/log.json.2");
  CHECK(read(folder.path).output == expected);
}

TEST_CASE("who follows is told of what was rotated away unread, and of nothing else") {
  for (const unsigned files : {1U, 2U}) {
    for (const bool fast : {false, true}) {
      const Folder folder;
      LogWriter writer(folder.fd.get(), {.kept = true, .size = 1000, .files = files});
      const auto fill = [&] { writer.write(1, std::string(900, 'x') + "\n"); };  // a file each
      writer.write(1, "first\n");
      const pid_t child = ::fork();
      if (child == 0) {
        ::pause();
        ::_exit(0);
      }
      const sys::Fd process = sys::open_process(child);
      std::string error, output;
      static_cast<void>(read_log(folder.path, {.monitor = process.get()}, [&](const LogLine& line) {
        (line.error ? error : output) += line.text;
        if (line.text != "first\n") return;
        for (unsigned count = 0; count < files + (fast ? 1 : 0); ++count) fill();
        ::kill(child, SIGKILL);
      }));
      ::waitpid(child, nullptr, 0);
      CHECK(error == (fast ? "snug: lines are missing here: the log was rotated faster than it was read\n" : ""));
      CHECK(output.size() == 6 + files * 901);
    }
  }
}

TEST_CASE("there is no log, and none is kept") {
  const Folder folder;
  LogWriter writer(folder.fd.get(), {.kept = false, .size = 1, .files = 1});
  writer.write(1, "x\n");
  writer.finish();
  CHECK_FALSE(read_log(folder.path, {}, [](const LogLine&) {}));
}
