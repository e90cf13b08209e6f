#pragma once

#include <string>

#include "snug/plan/host_facts.hh"
#include "snug/plan/spec.hh"

namespace snug::probe {

/// Finds the caller's line of passwd: in /etc/passwd, else by asking getent(1), which knows LDAP and its like (this
/// program is linked statically and does not). Where nobody knows the id: no name, and `home` as the home.
[[nodiscard]] plan::Account find_account(HostId uid, HostId gid, const std::string& home);

/// Tells whether the caller's group may be there inside, by a number of its own: with --userns keep-id and --gidmap.
[[nodiscard]] bool keeps_group(const plan::Spec& spec);

/// Finds the name of a group: as find_account does. Empty where nobody knows it.
[[nodiscard]] std::string find_group_name(HostId gid);

}  // namespace snug::probe
