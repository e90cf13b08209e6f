#include "server.hh"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <poll.h>
#include <sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <vector>

#include "helpers.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "snug/sys/idmap.hh"

namespace snug::runtime {
namespace {

using sys::Fd;

// What it takes to make and to read what is others'.
constexpr std::array needed{CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_SETFCAP};

/// What it is started with: descriptors that it keeps, by the numbers that its words name.
struct Start {
  std::vector<std::string> words;
  std::vector<Fd> kept;

  std::string add(Fd fd) {
    kept.push_back(std::move(fd));
    return format("/proc/self/fd/{}", kept.back().get());
  }
};

Fd open_layer(const plan::Layer& layer, const Fd& folder) {
  return sys::try_open(layer.path.starts_with('/') ? AT_FDCWD : folder.get(), layer.path.c_str(), O_PATH | O_DIRECTORY);
}

// In its words stand numbers alone: nothing of a path has a meaning there.
Start make_start(const plan::MakeOverlay& step, const std::string& path, Fd device) {
  Start start;
  const Fd folder = path.empty() ? Fd() : sys::try_open(AT_FDCWD, path.c_str(), O_PATH | O_DIRECTORY);
  std::string options = "lowerdir=";
  for (const plan::Layer& lower : step.lowers) options += (&lower == &step.lowers.front() ? "" : ":") + start.add(open_layer(lower, folder));
  if (step.upper) {
    options += ",upperdir=" + start.add(open_layer(*step.upper, folder));
    options += ",workdir=" + start.add(open_layer(*step.work, folder));
    if (!step.kept) options += ",fsync=0";
  }
  start.add(std::move(device));
  start.words = {step.program, "-f", "-o", std::move(options), format("/dev/fd/{}", start.kept.back().get())};
  return start;
}

int keep(const std::vector<Fd>& kept) noexcept {
  if (::syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) != 0) return errno;
  for (const Fd& fd : kept)
    if (::fcntl(fd.get(), F_SETFD, 0) != 0) return errno;
  return 0;
}

int restrain(const plan::WriteIdMaps& maps, int go, const std::vector<Fd>& kept) noexcept {
  if (const int error = sys::leave_streams()) return error;
  if (const int error = maps.newuidmap.empty() ? write_own_maps(maps) : wait_for_go(go)) return error;
  if (const int error = become_root()) return error;
  if (const int error = sys::die_with_parent()) return error;
  if (const int error = sys::set_capabilities(needed)) return error;
  if (const int error = sys::set_no_new_privileges()) return error;
  if (::setsid() < 0 || ::chdir("/") != 0) return errno;
  ::umask(0);
  sys::reset_signals();
  return keep(kept);
}

}  // namespace

Server::Server(const plan::WriteIdMaps& maps, const plan::MakeOverlay& step, const std::string& folder, Fd device) {
  Start start = make_start(step, folder, std::move(device));
  std::vector<char*> argv;
  for (std::string& word : start.words) argv.push_back(word.data());
  argv.push_back(nullptr);
  char* const environment[] = {nullptr};
  auto [go_read, go_write] = sys::make_pipe();
  process_ = sys::clone_process(CLONE_NEWUSER);
  if (process_.pid == 0) {
    go_write.reset();
    if (restrain(maps, go_read.get(), start.kept) == 0) ::execve(argv[0], argv.data(), environment);
    ::_exit(1);
  }
  go_read.reset();
  if (process_.pid < 0 || maps.newuidmap.empty()) return;
  if (sys::write_id_maps(map_helpers(maps), process_.pid).how == sys::MapsEnd::How::written) static_cast<void>(sys::write_all(go_write.get(), "!"));
}

Server::~Server() {
  constexpr int patience_ms = 5000;
  if (!process_.pidfd) return;
  pollfd end{process_.pidfd.get(), POLLIN, 0};
  if (::poll(&end, 1, patience_ms) <= 0) static_cast<void>(sys::send_signal(process_.pidfd.get(), SIGKILL));
  while (::waitpid(process_.pid, nullptr, 0) < 0 && errno == EINTR) continue;
}

}  // namespace snug::runtime
