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

// Links that lie in a folder are not followed: `work` gets them themselves.
void walk(Call& call, const std::string& path, bool recursive, bool follows, const Work& work) {
  const auto status = find_stat(path, follows);
  if (!status) return call.complain(path, errno);
  work(path, *status);
  if (!recursive || !S_ISDIR(status->st_mode)) return;
  try {
    for (const std::string& name : list_folder(path)) walk(call, join_path(path, name), true, false, work);
  } catch (const Failure& problem) {
    call.complain(problem.message());
  }
}

void tell_mode(Call& call, const std::string& path, mode_t before, mode_t after, bool changes_only) {
  const std::string own = call.out.name(path);
  if (before != after) call.out.line(format("mode of '{}' changed from {:04o} ({}) to {:04o} ({})", own, before, mode_text(before).substr(1), after, mode_text(after).substr(1)));
  else if (!changes_only) call.out.line(format("mode of '{}' retained as {:04o} ({})", own, after, mode_text(after).substr(1)));
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
  const Options options(call, "Rcfv", {{"recursive", 'R'}, {"verbose", 'v'}, {"changes", 'c'}});
  options.need(2, SIZE_MAX);
  const std::string& mode = options.operands()[0];
  static_cast<void>(parse_mode(mode, 0, false));
  const mode_t mask = current_mask();
  for (std::size_t at = 1; at < options.operands().size(); ++at)
    walk(call, options.operands()[at], options.has('R'), true, [&](const std::string& path, const struct stat& status) {
      if (S_ISLNK(status.st_mode)) return;  // has no mode
      const mode_t before = status.st_mode & 07777U, after = parse_mode(mode, before, S_ISDIR(status.st_mode), mask);
      if (::chmod(path.c_str(), after) != 0) options.has('f') ? static_cast<void>(call.status = 1) : call.complain(path, errno);
      else if (options.last_of("cv")) tell_mode(call, path, before, after, !options.has('v'));
    });
  return call.status;
}

int change_owner(Call& call) {
  const Options options(call, "Rh", {{"recursive", 'R'}, {"no-dereference", 'h'}});
  options.need(2, SIZE_MAX);
  const Accounts accounts;
  const bool group_only = call.words[0] == "chgrp";
  const std::string& whom = options.operands()[0];
  const std::size_t colon = group_only ? 0 : whom.find(':');
  const std::string user = group_only ? "" : whom.substr(0, colon);
  const std::string group = group_only ? whom : colon == std::string::npos ? "" : whom.substr(colon + 1);
  const uid_t uid = user.empty() ? static_cast<uid_t>(-1) : accounts.find_user(user);
  const bool login = group.empty() && colon != std::string::npos && !user.empty() && !group_only;
  const auto login_group = login ? accounts.find_login_group(uid) : std::nullopt;
  if (login && !login_group) throw Failure(format("{}: /etc/passwd gives this user no group", quoted(whom)));
  const gid_t gid = login ? *login_group : group.empty() ? static_cast<gid_t>(-1) : accounts.find_group(group);
  const bool links = options.has('h') || options.has('R');  // with -R as well: who goes through folders of strangers follows no link
  const int flags = links ? AT_SYMLINK_NOFOLLOW : 0;
  for (std::size_t at = 1; at < options.operands().size(); ++at)
    walk(call, options.operands()[at], options.has('R'), !links, [&](const std::string& path, const struct stat&) {
      if (::fchownat(AT_FDCWD, path.c_str(), uid, gid, flags) != 0) call.complain(path, errno);
    });
  return call.status;
}

}  // namespace snug::builtin
