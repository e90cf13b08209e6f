#include "snug/sys/file.hh"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "snug/base/text.hh"

using namespace snug;

TEST_CASE("what is read of a process that ends meanwhile is nothing, and no error") {
  for (int time = 0; time < 500; ++time) {
    const pid_t pid = ::fork();
    if (pid == 0) ::_exit(0);
    // Two of them reap it between them: this one reads what the other makes go away.
    const pid_t reaper = ::fork();
    if (reaper == 0) ::_exit(0);
    std::string all;
    CHECK_NOTHROW(for (int each = 0; each < 20; ++each) all += sys::find_file_text(format("/proc/{}/stat", pid).c_str()).value_or(""));
    ::waitpid(pid, nullptr, 0);
    ::waitpid(reaper, nullptr, 0);
  }
}
