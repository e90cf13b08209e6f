#pragma once

#include <string>
#include <vector>

#include "snug/plan/filter.hh"

namespace snug::config {

/// What the rules of a profile may depend on.
struct ProfileConditions {
  std::vector<int> capabilities;   ///< of the container: CAP_* numbers
  unsigned major = 0, minor = 0;   ///< of the kernel
};

/// Makes a filter of system calls from a profile in docker's or OCI's JSON, or from the OCI configuration that holds one. Calls
/// that this machine does not have are passed over, and those that are newer than the profile do not exist (ENOSYS), as with runc.
/// Throws where it is none, or asks for what cannot be had.
[[nodiscard]] plan::FilterProgram compile_profile(const std::string& text, const ProfileConditions& conditions);

}  // namespace snug::config
