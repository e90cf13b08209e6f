#include "snug/runtime/mapped.hh"

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "helpers.hh"
#include "snug/base/error.hh"
#include "snug/sys/file.hh"
#include "snug/sys/process.hh"

namespace snug::runtime {

bool run_mapped(const plan::WriteIdMaps& maps, const std::function<bool()>& work) {
  if (maps.newuidmap.empty()) return false;
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw system_error("make a pipe", errno);
  sys::Fd go_read(ends[0]), go_write(ends[1]);
  const sys::Cloned child = sys::clone_process(CLONE_NEWUSER);
  if (child.pid < 0) return false;
  if (child.pid == 0) {
    go_write.reset();
    char byte = 0;
    const bool mapped = ::read(go_read.get(), &byte, 1) == 1 && sys::become(0, 0, nullptr, 0) == 0;
    ::_exit(mapped && work() ? 0 : 1);
  }
  if (write_id_maps(maps, child.pid).empty()) static_cast<void>(sys::write_all(go_write.get(), "!"));
  go_write.reset();
  int status = 1;
  while (::waitpid(child.pid, &status, 0) < 0 && errno == EINTR) {
  }
  return status == 0;
}

}  // namespace snug::runtime
