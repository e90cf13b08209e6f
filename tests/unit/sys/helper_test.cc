#include "snug/sys/helper.hh"

#include <doctest/doctest.h>

#include <cerrno>
#include <csignal>
#include <string>

#include "snug/base/error.hh"
#include "snug/base/text.hh"

using namespace snug;
using namespace snug::sys;

namespace {

constexpr int ample_ms = 60000, short_ms = 100;

HelperEnd ask(const std::string& script, int patience_ms = ample_ms, std::size_t limit = 4096,
              Helper::Read stream = Helper::Read::output) {
  return Helper({"/bin/sh", "-c", script}, stream).finish(patience_ms, limit);
}

pid_t pid_in(const std::string& text) { return static_cast<pid_t>(parse_number(trimmed(text)).value_or(0)); }

}  // namespace

TEST_CASE("a helper is read to its end, whatever comes when") {
  const HelperEnd end = ask("printf a; sleep 0.1; printf b; exec >&-; sleep 0.1");
  CHECK(end.how == HelperEnd::How::succeeded);
  CHECK(end.text == "ab");
}

TEST_CASE("a helper has an empty environment and input, and no signal is blocked or ignored") {
  struct sigaction before {
  }, ignore{};
  ignore.sa_handler = SIG_IGN;
  REQUIRE(::sigaction(SIGPIPE, &ignore, &before) == 0);
  // Not the two that glibc keeps to itself, 32 and 33.
  const HelperEnd end =
      ask("cat; grep -c 'Sig\\(Ign\\|Blk\\):.*0000000$' /proc/self/status; tr '\\0' '\\n' </proc/$$/environ");
  REQUIRE(::sigaction(SIGPIPE, &before, nullptr) == 0);
  CHECK(end.text == "2\n");
}

TEST_CASE("a helper's failure and its words") {
  const HelperEnd end = ask("echo out; echo bad >&2; exit 3", ample_ms, 4096, Helper::Read::error);
  CHECK(end.how == HelperEnd::How::failed);
  CHECK(end.text == "bad\n");
  CHECK(ask("kill -9 $$").how == HelperEnd::How::failed);
}

TEST_CASE("a helper that hangs is killed and reaped, before its first word or after it") {
  CHECK(ask("exec sleep 1000", short_ms).how == HelperEnd::How::too_late);
  const HelperEnd end = ask("echo $$; exec sleep 1000", 1000);
  CHECK(end.how == HelperEnd::How::too_late);
  REQUIRE(pid_in(end.text) > 0);
  CHECK(::kill(pid_in(end.text), 0) != 0);
  CHECK(errno == ESRCH);
}

TEST_CASE("a helper's own child does not hold us up") {
  const HelperEnd end = ask("sleep 1000 & echo $!");
  CHECK(end.how == HelperEnd::How::succeeded);
  REQUIRE(pid_in(end.text) > 0);
  CHECK(::kill(pid_in(end.text), SIGKILL) == 0);
}

TEST_CASE("a helper that does not stop talking is stopped") {
  const HelperEnd end = ask("exec yes", ample_ms, 10000);
  CHECK(end.how == HelperEnd::How::too_much);
  CHECK(end.text.size() < 20000);
}

TEST_CASE("a helper that is not there is named") {
  CHECK_THROWS_WITH_AS(Helper({"/no/such", "x"}, Helper::Read::output),
                       "cannot run '/no/such': No such file or directory (ENOENT)", Error);
}
