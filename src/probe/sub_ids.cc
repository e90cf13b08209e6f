#include "sub_ids.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <functional>

#include "parse.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "snug/sys/helper.hh"

namespace snug::probe {
namespace {

constexpr int patience_ms = 5000;  // a directory server that does not answer must not hold the prompt for ever

std::string find_program(const char* name, const std::function<bool(const std::string&, const struct stat&)>& serves) {
  for (const char* folder : {"/usr/bin", "/bin", "/usr/local/bin"}) {
    const std::string path = format("{}/{}", folder, name);
    const auto status = sys::find_status(AT_FDCWD, path.c_str());
    if (status && S_ISREG(status->st_mode) && serves(path, *status)) return path;
  }
  return {};
}

bool may_run(const std::string& path) { return ::access(path.c_str(), X_OK) == 0; }

// One that may write maps: root's own set-user-ID bit, or capabilities on the file.
std::string find_map_helper(const char* name, bool& powerless) {
  return find_program(name, [&](const std::string& path, const struct stat& status) {
    const bool serves = may_run(path) && ((status.st_uid == 0 && (status.st_mode & S_ISUID) != 0) ||
                                          ::getxattr(path.c_str(), "security.capability", nullptr, 0) > 0);
    powerless |= !serves;
    return serves;
  });
}

std::vector<plan::SubIdRange> ask_getsubids(std::vector<std::string> words, const std::string& user) {
  words.push_back(user);
  try {
    const sys::HelperEnd end = sys::Helper(std::move(words), sys::Helper::Read::output).finish(patience_ms);
    if (end.how == sys::HelperEnd::How::succeeded) return parse_getsubids(end.text, user);
  } catch (const Error&) {  // it cannot be started: then nobody knows of any
  }
  return {};
}

}  // namespace

void read_sub_ids(plan::HostFacts& facts) {
  const std::string uids = sys::find_file_text("/etc/subuid").value_or(""),
                    gids = sys::find_file_text("/etc/subgid").value_or("");
  facts.subuids = parse_sub_ids(uids, facts.account.name, facts.uid);
  facts.subgids = parse_sub_ids(gids, facts.account.name, facts.uid);
  facts.next_sub_id = std::max(next_sub_id(uids), next_sub_id(gids));
  facts.newuidmap = find_map_helper("newuidmap", facts.map_helpers_powerless);
  facts.newgidmap = find_map_helper("newgidmap", facts.map_helpers_powerless);
  if (!facts.subuids.empty() || facts.newuidmap.empty()) return;
  facts.sub_id_service = sub_id_service(sys::find_file_text("/etc/nsswitch.conf").value_or(""));
  if (facts.sub_id_service.empty() || facts.account.name.empty() || facts.account.name.starts_with('-')) return;
  const std::string program = find_program("getsubids", [](const std::string& path, const struct stat&) { return may_run(path); });
  if (program.empty()) return;
  facts.subuids = ask_getsubids({program}, facts.account.name);
  facts.subgids = ask_getsubids({program, "-g"}, facts.account.name);
}

}  // namespace snug::probe
