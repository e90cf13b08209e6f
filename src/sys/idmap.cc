#include "snug/sys/idmap.hh"

#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <exception>
#include <utility>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "snug/sys/helper.hh"
#include "snug/sys/process.hh"

namespace snug::sys {
namespace {

constexpr int patience_ms = 30000;  // they may have to ask a directory server

std::vector<std::string> words_for(std::vector<std::string> words, pid_t pid) {
  words.insert(words.begin() + 1, format("{}", pid));
  return words;
}

std::string finish(Helper& helper) {
  const HelperEnd end = helper.finish(patience_ms);
  if (end.how == HelperEnd::How::succeeded) return {};
  if (end.how == HelperEnd::How::too_late) return format("it gave no answer for {} seconds", patience_ms / 1000);
  const std::string_view words = trimmed(end.text);
  return words.empty() ? "it failed without a word" : std::string(words);
}

// No exception crosses a clone: above here stands what belongs to the parent.
int code_of(const std::function<int()>& work) noexcept {
  try {
    return work();
  } catch (const std::exception&) {
    return 1;
  }
}

}  // namespace

MapsEnd write_id_maps(const MapHelpers& helpers, pid_t pid) {
  try {
    Helper uids(words_for(helpers.uids, pid), Helper::Read::error);
    Helper gids(words_for(helpers.gids, pid), Helper::Read::error);
    std::string first = finish(uids), second = finish(gids);
    if (first.empty() && second.empty()) return {};
    return {MapsEnd::How::refused, first.empty() ? std::move(second) : std::move(first)};
  } catch (const Error& error) {  // one of them cannot be started
    return {MapsEnd::How::not_asked, error.message()};
  }
}

MappedEnd run_mapped(const MapHelpers& helpers, const std::function<int()>& work) {
  auto [go_read, go_write] = make_pipe();
  const Cloned child = clone_process(CLONE_NEWUSER);
  if (child.pid < 0) return {{MapsEnd::How::not_asked, errno_text(errno)}};
  if (child.pid == 0) {
    go_write.reset();
    char byte = 0;
    const bool mapped = ::read(go_read.get(), &byte, 1) == 1 && become(0, 0, nullptr, 0) == 0;
    ::_exit(mapped ? code_of(work) : 1);
  }
  MappedEnd end{write_id_maps(helpers, child.pid)};
  if (end.maps.how == MapsEnd::How::written) static_cast<void>(write_all(go_write.get(), "!"));
  go_write.reset();
  int status = -1;
  while (::waitpid(child.pid, &status, 0) < 0 && errno == EINTR) {
  }
  if (end.maps.how == MapsEnd::How::written && WIFEXITED(status)) end.code = WEXITSTATUS(status);
  return end;
}

}  // namespace snug::sys
