#include "line.hh"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "words.hh"

namespace snug::shell {
namespace {

int do_on_host(std::string_view command, const std::string& shell) {
  if (trimmed(command).empty()) throw UsageError("! needs a command of this machine", "! ls -l");
  std::string text = format(" {}", command);  // the blank, because a dash at the front would make it an option
  std::string name = shell, option = "-c";
  char* const argv[] = {name.data(), option.data(), text.data(), nullptr};
  pid_t pid = -1;
  if (const int error = ::posix_spawn(&pid, shell.c_str(), nullptr, nullptr, argv, environ))
    throw system_error(format("run {}", quoted(shell)), error).with_exit_code(error == ENOENT ? 127 : 126);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

std::string host_shell(const Environment& environment) {
  const auto shell = environment.find("SHELL");
  return shell && shell->starts_with('/') ? std::string(*shell) : "/bin/sh";
}

Outcome do_line(std::string_view line, const Commands& commands, const std::string& shell) {
  line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
  if (line.starts_with(host_mark)) return {do_on_host(line.substr(1), shell)};
  const std::vector<std::string> words = split_words(line);
  std::vector<std::string_view> views(words.begin(), words.end());
  if (!views.empty() && views[0] == own_name) views.erase(views.begin());
  if (views.empty()) return {};
  if (std::find(leaving_words.begin(), leaving_words.end(), views[0]) == leaving_words.end())
    return {commands.dispatch(views)};
  if (views.size() > 1) throw UsageError(format("{} has no use for the word {}", views[0], quoted(views[1])));
  return {0, true};
}

}  // namespace snug::shell
