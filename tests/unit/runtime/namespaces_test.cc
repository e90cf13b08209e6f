#include "namespaces.hh"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "snug/base/text.hh"
#include "snug/sys/file.hh"

using namespace snug;
using namespace snug::runtime;

TEST_CASE("whoever goes to where others live takes along what it needs there and nothing else, and is closed to tracers") {
  sys::FdPair told = sys::make_pipe();
  const sys::FdPair needed = sys::make_pipe(), other = sys::make_pipe();
  OpenDoors opened;
  opened.along = {needed.first.get(), told.second.get(), -1};
  const pid_t child = ::fork();
  if (child == 0) {
    const int error = go_through(opened);
    const auto is_open = [](const sys::Fd& fd) { return ::fcntl(fd.get(), F_GETFD) >= 0; };
    const std::string words = format("{} {} {} {} {}", error, is_open(needed.first), is_open(needed.second), is_open(other.first), ::prctl(PR_GET_DUMPABLE));
    static_cast<void>(sys::write_all(told.second.get(), words));
    ::_exit(0);
  }
  told.second.reset();
  CHECK(sys::read_all(told.first.get()) == "0 true false false 0");
  CHECK(::waitpid(child, nullptr, 0) == child);
}

TEST_CASE("the doors themselves come along, and one that leads elsewhere is none") {
  plan::EnterNamespaces step;
  step.entries.push_back({.kind = "net", .path = "/proc/self/ns/net"});
  const OpenDoors opened = open_doors(step);
  CHECK(opened.error == 0);
  REQUIRE(opened.doors.size() == 1);
  CHECK(opened.along == std::vector{opened.doors.front().fd.get()});
  step.entries.front().inode = 1;
  CHECK(open_doors(step).error == ESTALE);
}
