#include "line.hh"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>
#include <vector>

#include "snug/base/error.hh"
#include "snug/base/spell.hh"
#include "snug/base/text.hh"
#include "words.hh"

namespace snug::shell {
namespace {

// With the caller's terminal and signals.
int run_here(std::vector<std::string> words, const std::string& hint) {
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  pid_t pid = -1;
  if (const int error = ::posix_spawnp(&pid, argv[0], nullptr, nullptr, argv.data(), environ))
    throw system_error(format("run {}", quoted(words[0])), error, hint).with_exit_code(error == ENOENT ? 127 : 126);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

int do_on_host(std::string_view command, const std::string& shell) {
  if (trimmed(command).empty()) throw UsageError("! needs a command of this machine", "! ls -l");
  return run_here({shell, "-c", format(" {}", command)}, "");  // the blank, because a dash at the front would make it an option
}

// man has said that there is no such page.
void hint_at_nearest(std::string_view typed, const Commands& commands) {
  std::vector<std::string> names;
  const std::array<std::string, 1> nothing;
  for (const cli::Candidate& each : commands.find_candidates(nothing).words) names.push_back(each.word);
  if (std::find(names.begin(), names.end(), typed) != names.end()) return;
  if (const auto nearest = find_nearest(typed, names)) throw UsageError(format("there is no command {}", quoted(typed)), format("did you mean 'man {}'?", *nearest));
}

// Of snug itself, of one of its commands, or a page by its whole name; in front of it may stand the section.
int show_manual(std::span<const std::string_view> words, const Commands& commands) {
  std::vector<std::string> asked{"man"};
  for (const std::string_view word : words) asked.emplace_back(word);
  if (asked.size() == 1) asked.emplace_back(own_name);
  std::string& page = asked.back();
  if (page.starts_with('-')) throw UsageError("man needs the name of a command", "man run");
  if (!page.starts_with(own_name)) page = format("{}-{}", own_name, page);
  const int code = run_here(std::move(asked), format("'help {}' tells in short", words.empty() ? "" : words.back()));
  if (code != 0 && !words.empty() && !words.back().starts_with(own_name)) hint_at_nearest(words.back(), commands);
  return code;
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
  if (views[0] == manual_word) return {show_manual(std::span(views).subspan(1), commands)};
  if (std::find(leaving_words.begin(), leaving_words.end(), views[0]) == leaving_words.end())
    return {commands.dispatch(views)};
  if (views.size() > 1) throw UsageError(format("{} has no use for the word {}", views[0], quoted(views[1])));
  return {0, true};
}

}  // namespace snug::shell
