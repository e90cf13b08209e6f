#include "account.hh"

#include <algorithm>

#include "parse.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "snug/sys/helper.hh"

namespace snug::probe {
namespace {

constexpr int patience_ms = 5000;  // a directory server that does not answer must not hold the prompt for ever

// What `getent passwd UID` prints, or `getent group GID`; empty where it is not there, fails, takes too long or does not stop talking.
std::string ask_getent(const char* database, HostId id) {
  try {
    sys::Helper getent({"/usr/bin/getent", database, format("{}", id.value)}, sys::Helper::Read::output);
    sys::HelperEnd end = getent.finish(patience_ms);
    return end.how == sys::HelperEnd::How::succeeded ? std::move(end.text) : std::string();
  } catch (const Error&) {
    return {};
  }
}

}  // namespace

plan::Account find_account(HostId uid, HostId gid, const std::string& home) {
  const auto mine = [&](const plan::Account& account) { return account.uid == uid.value; };
  auto accounts = parse_passwd(sys::find_file_text("/etc/passwd").value_or(""));
  auto found = std::find_if(accounts.begin(), accounts.end(), mine);
  if (found == accounts.end()) {
    accounts = parse_passwd(ask_getent("passwd", uid));
    found = std::find_if(accounts.begin(), accounts.end(), mine);
  }
  if (found != accounts.end()) return *found;
  return {"", uid.value, gid.value, home.empty() ? "/" : home, "/bin/sh"};
}

bool keeps_group(const plan::Spec& spec) { return spec.id_map.mode == plan::IdMapChoice::Mode::keep_id || spec.id_map.mode == plan::IdMapChoice::Mode::ranges; }

std::string find_group_name(HostId gid) {
  const auto name_in = [&](std::string_view text) {
    const auto groups = parse_group(text);
    const auto found = std::find_if(groups.begin(), groups.end(), [&](const plan::Group& group) { return group.gid == gid.value; });
    return found == groups.end() ? std::string() : found->name;
  };
  std::string name = name_in(sys::find_file_text("/etc/group").value_or(""));
  return name.empty() ? name_in(ask_getent("group", gid)) : name;
}

}  // namespace snug::probe
