#pragma once

#include <string>

#include "snug/plan/host_facts.hh"

namespace snug::probe {

/// Finds the caller's line of passwd: in /etc/passwd, else by asking getent(1), which knows LDAP and its like (this
/// program is linked statically and does not). Where nobody knows the id: no name, and `home` as the home.
[[nodiscard]] plan::Account find_account(HostId uid, HostId gid, const std::string& home);

}  // namespace snug::probe
