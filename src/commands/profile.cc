#include "profile.hh"

#include <sys/utsname.h>

#include "planning.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/config/profile.hh"

namespace snug::commands {

void compile_profile(plan::HostFacts& facts, const plan::Spec& spec) {
  const plan::FilterChoice& choice = spec.restraints.filter;
  if (choice.kind != plan::FilterChoice::Kind::profile) return;
  utsname name{};
  const std::vector<std::string> release = ::uname(&name) == 0 ? split(name.release, '.') : std::vector<std::string>();
  const auto number = [&](std::size_t at) { return at < release.size() ? static_cast<unsigned>(parse_number(release[at]).value_or(0)) : 0; };
  try {
    facts.profile = config::compile_profile(choice.profile, {accepted(plan::capabilities_of(spec, facts.last_capability)), number(0), number(1)});
  } catch (Error& error) {
    error.during(format("reading the profile {}", quoted(choice.path)));
    throw;
  }
}

}  // namespace snug::commands
