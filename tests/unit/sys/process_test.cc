#include "snug/sys/children.hh"
#include "snug/sys/process.hh"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <initializer_list>
#include <string>

#include "snug/sys/file.hh"

using namespace snug;

namespace {

// Told by a byte that it is ready.
pid_t start(const sys::FdPair& ready, void (*prepare)(pid_t), pid_t other) {
  const pid_t child = ::fork();
  if (child == 0) {
    prepare(other);
    static_cast<void>(sys::write_all(ready.second.get(), "!"));
    for (;;) ::pause();
  }
  char byte = 0;
  REQUIRE(::read(ready.first.get(), &byte, 1) == 1);
  return child;
}

bool is_gone(pid_t child) { return ::kill(child, 0) != 0 && errno == ESRCH; }

}  // namespace

TEST_CASE("all descriptors are closed but those that are named, in whatever order") {
  sys::FdPair told = sys::make_pipe();
  const sys::FdPair first = sys::make_pipe(), second = sys::make_pipe();
  const pid_t child = ::fork();
  if (child == 0) {
    const int error = sys::close_all_but({second.first.get(), -1, told.second.get(), first.second.get(), told.second.get(), STDIN_FILENO});
    std::string open = error ? "error" : "";
    for (const sys::Fd* fd : std::initializer_list<const sys::Fd*>{&first.first, &first.second, &second.first, &second.second, &told.first}) open += ::fcntl(fd->get(), F_GETFD) < 0 ? '-' : '+';
    static_cast<void>(sys::write_all(told.second.get(), open));
    static_cast<void>(sys::close_all_but({}));
    ::_exit(::fcntl(told.second.get(), F_GETFD) < 0 && ::fcntl(STDOUT_FILENO, F_GETFD) >= 0 ? 0 : 1);
  }
  told.second.reset();
  CHECK(sys::read_all(told.first.get()) == "-++--");
  int status = -1;
  CHECK(::waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}

TEST_CASE("all children are ended: one that another traces, too, and one that has ended already") {
  const sys::FdPair ready = sys::make_pipe();
  const pid_t traced = start(ready, [](pid_t) { ::prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY); }, 0);
  const pid_t tracer = start(ready, [](pid_t other) { if (::ptrace(PTRACE_SEIZE, other, nullptr, nullptr) != 0) ::_exit(1); }, traced);
  const pid_t ended = ::fork();
  if (ended == 0) ::_exit(0);
  siginfo_t info{};
  REQUIRE(::waitid(P_PID, static_cast<id_t>(ended), &info, WEXITED | WNOWAIT) == 0);
  const sys::Fd list = sys::open(AT_FDCWD, sys::own_children, O_RDONLY);
  sys::end_children(list.get(), true);  // who stands in the same mounts as this process is its helper
  CHECK(is_gone(ended));
  CHECK_FALSE(is_gone(traced));
  sys::end_children(list.get(), false);
  for (const pid_t child : {traced, tracer}) CHECK(is_gone(child));
}

TEST_CASE("of many children none is left") {
  for (int count = 0; count < 700; ++count)
    if (::fork() == 0) {
      for (;;) ::pause();
    }
  const sys::Fd list = sys::open(AT_FDCWD, sys::own_children, O_RDONLY);
  sys::end_children(list.get(), false);
  CHECK((::waitpid(-1, nullptr, WNOHANG | __WALL) < 0 && errno == ECHILD));
}
