#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <functional>

#include "files.hh"
#include "snug/base/text.hh"

namespace snug::builtin {
namespace {

using Work = std::function<void(const std::string& path, const struct stat& status)>;

// Links that lie in a folder are left alone, as by chmod -R and chown -R.
void walk(Call& call, const std::string& path, bool recursive, bool top, const Work& work) {
  const auto status = find_stat(path, top);
  if (!status) return call.complain(path, errno);
  if (!S_ISLNK(status->st_mode)) work(path, *status);
  if (!recursive || !S_ISDIR(status->st_mode)) return;
  try {
    for (const std::string& name : list_folder(path)) walk(call, join_path(path, name), true, false, work);
  } catch (const Failure& problem) {
    call.complain(problem.message());
  }
}

bool is_mode(std::string_view word) {
  return word.size() > 1 && word[0] == '-' && word.find_first_not_of("rwxXst,+=-ugoa", 1) == std::string_view::npos && word != "--";
}

}  // namespace

int change_mode(Call& call) {
  // chmod -x FILE: what looks like an option is the mode.
  for (std::size_t at = 1; at < call.words.size(); ++at)
    if (is_mode(call.words[at]) && call.words[at] != "-R") {
      call.words.insert(call.words.begin() + static_cast<std::ptrdiff_t>(at), "--");
      break;
    }
  const Options options(call, "R", {{"recursive", 'R'}});
  options.need(2, SIZE_MAX);
  const std::string& mode = options.operands()[0];
  static_cast<void>(parse_mode(mode, 0, false));
  for (std::size_t at = 1; at < options.operands().size(); ++at)
    walk(call, options.operands()[at], options.has('R'), true, [&](const std::string& path, const struct stat& status) {
      if (::chmod(path.c_str(), parse_mode(mode, status.st_mode & 07777U, S_ISDIR(status.st_mode))) != 0) call.complain(path, errno);
    });
  return call.status;
}

int change_owner(Call& call) {
  const Options options(call, "Rh", {{"recursive", 'R'}});
  options.need(2, SIZE_MAX);
  const Accounts accounts;
  const bool group_only = call.words[0] == "chgrp";
  const std::string& whom = options.operands()[0];
  const std::size_t colon = group_only ? 0 : whom.find(':');
  const std::string user = group_only ? "" : whom.substr(0, colon);
  const std::string group = group_only ? whom : colon == std::string::npos ? "" : whom.substr(colon + 1);
  const uid_t uid = user.empty() ? static_cast<uid_t>(-1) : accounts.find_user(user);
  const gid_t gid = group.empty() ? static_cast<gid_t>(-1) : accounts.find_group(group);
  const int flags = options.has('h') ? AT_SYMLINK_NOFOLLOW : 0;
  for (std::size_t at = 1; at < options.operands().size(); ++at)
    walk(call, options.operands()[at], options.has('R'), !options.has('h'), [&](const std::string& path, const struct stat&) {
      if (::fchownat(AT_FDCWD, path.c_str(), uid, gid, flags) != 0) call.complain(path, errno);
    });
  return call.status;
}

}  // namespace snug::builtin
