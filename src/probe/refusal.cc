#include "snug/probe/refusal.hh"

#include <sys/prctl.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>

#include "parse.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::probe {
namespace {

constexpr std::array settings{"dev.tty.legacy_tiocsti",           "kernel.apparmor_restrict_unprivileged_userns",
                              "kernel.keys.maxkeys",              "kernel.unprivileged_userns_clone",
                              "user.max_cgroup_namespaces",
                              "user.max_ipc_namespaces",          "user.max_mnt_namespaces",
                              "user.max_net_namespaces",          "user.max_pid_namespaces",
                              "user.max_time_namespaces",         "user.max_user_namespaces",
                              "user.max_uts_namespaces"};

std::optional<std::string> find_setting(std::string name) {
  std::replace(name.begin(), name.end(), '.', '/');
  const auto text = sys::find_file_text(("/proc/sys/" + name).c_str());
  return text ? std::optional(std::string(trimmed(*text))) : std::nullopt;
}

std::optional<plan::ProcessLimit> find_limit(decltype(RLIMIT_NPROC) resource) {
  rlimit limit{};
  if (::getrlimit(resource, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return {};
  return plan::ProcessLimit{limit.rlim_cur, limit.rlim_max};
}

}  // namespace

std::optional<plan::ProcessLimit> open_files_limit() { return find_limit(RLIMIT_NOFILE); }

plan::RefusalFacts refusal_facts() {
  plan::RefusalFacts facts;
  for (const char* name : settings)
    if (auto value = find_setting(name)) facts.settings.emplace(name, *std::move(value));
  facts.covered =
      find_covered(parse_mountinfo(sys::find_file_text("/proc/self/mountinfo", std::size_t{64} << 20U).value_or("")));
  facts.sub_id_service = sub_id_service(sys::find_file_text("/etc/nsswitch.conf").value_or(""));
  facts.filtered = is_filtered(sys::find_file_text("/proc/self/status").value_or(""));
  facts.no_new_privileges = ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
  facts.processes = find_limit(RLIMIT_NPROC);
  facts.open_files = open_files_limit();
  return facts;
}

}  // namespace snug::probe
