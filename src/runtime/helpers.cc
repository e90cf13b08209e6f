#include "helpers.hh"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <vector>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::runtime {
namespace {

struct Helper {
  pid_t pid = -1;
  sys::Fd words;  ///< its standard error
};

Helper start(const std::string& program, const std::vector<plan::IdRange>& map, pid_t pid) {
  std::vector<std::string> words{program, format("{}", pid)};
  for (const plan::IdRange& range : map)
    for (const std::uint32_t number : {range.inside.value, range.outside.value, range.count})
      words.push_back(format("{}", number));
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw system_error("make a pipe", errno);
  Helper helper{-1, sys::Fd(ends[0])};
  const sys::Fd out(ends[1]);
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, out.get(), 2);
  posix_spawnattr_t attributes;
  ::posix_spawnattr_init(&attributes);
  sigset_t none, all;
  ::sigemptyset(&none);
  ::sigfillset(&all);
  ::posix_spawnattr_setsigmask(&attributes, &none);
  ::posix_spawnattr_setsigdefault(&attributes, &all);
  ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  char* no_environment[] = {nullptr};
  const int error = ::posix_spawn(&helper.pid, program.c_str(), &actions, &attributes, argv.data(), no_environment);
  ::posix_spawn_file_actions_destroy(&actions);
  ::posix_spawnattr_destroy(&attributes);
  if (error) throw system_error(format("run {}", quoted(program)), error);
  return helper;
}

std::string finish(const Helper& helper) {
  std::string words = sys::read_all(helper.words.get());
  int status = 0;
  while (::waitpid(helper.pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return words.empty() ? "it failed without a word" : std::string(trimmed(words));
}

}  // namespace

std::string write_id_maps(const plan::WriteIdMaps& step, pid_t pid) {
  const Helper uids = start(step.newuidmap, step.uids, pid);
  const Helper gids = start(step.newgidmap, step.gids, pid);
  const std::string first = finish(uids);
  const std::string second = finish(gids);
  return first.empty() ? second : first;
}

}  // namespace snug::runtime
