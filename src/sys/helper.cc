#include "snug/sys/helper.hh"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <chrono>
#include <csignal>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "snug/sys/process.hh"

namespace snug::sys {
namespace {

using Clock = std::chrono::steady_clock;
using How = HelperEnd::How;

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// The whole text fits into the pipe, so that nobody has to write while the helper runs.
Fd filled_pipe(const std::string& text) {
  FdPair pipe = make_pipe();
  if (text.size() > PIPE_BUF) throw system_error("give a helper its input", E2BIG);
  if (const int error = write_all(pipe.second.get(), text)) throw system_error("give a helper its input", error);
  return std::move(pipe.first);
}

pid_t spawn(std::vector<std::string>& words, int stream, int end, HelperInput& given) {
  const std::vector<char*> argv = pointers(words), environment = pointers(given.environment);
  const Fd input = given.text.empty() ? Fd() : filled_pipe(given.text);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  for (const int fd : {0, 1, 2}) {
    if (fd == stream)
      ::posix_spawn_file_actions_adddup2(&actions, end, fd);
    else if (fd == 0 && input)
      ::posix_spawn_file_actions_adddup2(&actions, input.get(), fd);
    else
      ::posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
  }
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t none, all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
  // A Ctrl-Z is for who waits here, not for whom he waits for. But one that is given an input may ask its user at the terminal.
  if (!input) ::posix_spawnattr_setpgroup(&attributes, 0), flags |= POSIX_SPAWN_SETPGROUP;
  ::posix_spawnattr_setflags(&attributes, flags);
  pid_t pid = -1;
  const int error = ::posix_spawn(&pid, argv[0], &actions, &attributes, argv.data(), environment.data());
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (error) throw system_error(format("run {}", quoted(words[0])), error);
  return pid;
}

int left_until(Clock::time_point deadline) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
  return static_cast<int>(std::max<std::chrono::milliseconds::rep>(left, 0));
}

// Takes what is there; false at the end of it.
bool take(int fd, std::string& text) {
  std::array<char, 4096> buffer;
  const ssize_t count = ::read(fd, buffer.data(), buffer.size());
  if (count > 0) text.append(buffer.data(), static_cast<std::size_t>(count));
  return count > 0 || (count < 0 && errno == EINTR);
}

}  // namespace

Helper::Helper(std::vector<std::string> words, Read stream, HelperInput input) {
  FdPair pipe = make_pipe();
  stream_ = std::move(pipe.first);
  pid_ = spawn(words, static_cast<int>(stream), pipe.second.get(), input);
  process_ = open_process(pid_);
  if (process_) return;
  const int error = errno;
  kill();
  throw system_error(format("watch {}", quoted(words[0])), error);
}

HelperEnd Helper::finish(int patience_ms, std::size_t limit) {
  HelperEnd end;
  const auto deadline = Clock::now() + std::chrono::milliseconds(patience_ms);
  // What it started may hold the pipe open for longer than it lives itself, and it may close the pipe and live on.
  pollfd polls[2]{{stream_.get(), POLLIN, 0}, {process_.get(), POLLIN, 0}};
  for (;;) {
    const int left = left_until(deadline);
    if (left == 0) {
      end.how = How::too_late;
      break;
    }
    if (::poll(polls, 2, left) <= 0) continue;
    if (polls[0].revents) {
      if (!take(stream_.get(), end.text)) polls[0].fd = -1;
      if (end.text.size() > limit) {
        end.how = How::too_much;
        break;
      }
    } else if (polls[1].revents) {
      if (reap()) end.how = How::succeeded;
      break;
    }
  }
  kill();
  return end;
}

void Helper::kill() noexcept {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  static_cast<void>(reap());
}

bool Helper::reap() noexcept {
  int status = -1;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return status == 0;
}

}  // namespace snug::sys
