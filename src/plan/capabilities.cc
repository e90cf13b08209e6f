#include <cap-ng.h>
#include <linux/capability.h>

#include <algorithm>
#include <array>

#include "draft.hh"
#include "snug/base/spell.hh"
#include "snug/base/text.hh"

namespace snug::plan {
namespace {

// What root inside needs to install packages and change users, and nothing that reaches the kernel's wider doors.
constexpr std::array<int, 11> default_capabilities{
    CAP_CHOWN,  CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID,  CAP_KILL,      CAP_SETGID,
    CAP_SETUID, CAP_SETPCAP,      CAP_NET_BIND_SERVICE, CAP_SYS_CHROOT, CAP_SETFCAP};

bool has_all(const std::vector<std::string>& names) { return std::find(names.begin(), names.end(), "ALL") != names.end(); }

Refusal no_capability(const std::string& name, bool add) {
  std::vector<std::string> names{"ALL"};
  for (int number = 0; number <= CAP_LAST_CAP; ++number)
    if (const char* known = capng_capability_to_name(static_cast<unsigned>(number))) names.emplace_back(known);
  for (std::string& known : names) std::transform(known.begin(), known.end(), known.begin(), [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  const auto nearest = find_nearest(name, names);
  return {format("--cap-{} {}: it is no capability", add ? "add" : "drop", printable(name)), nearest ? format("did you mean {}?", *nearest) : "capabilities(7) lists them"};
}

}  // namespace

std::vector<int> asked_capabilities(const Spec& spec) {
  std::vector<int> numbers;
  for (const std::string& name : spec.cap_add)
    if (const int number = capng_name_to_capability(name.c_str()); number >= 0) numbers.push_back(number);
  return numbers;
}

std::variant<std::vector<int>, Refusal> capabilities_of(const Spec& spec, unsigned last, bool usual) {
  std::vector<int> numbers;
  if (usual) numbers.assign(default_capabilities.begin(), default_capabilities.end());
  if (has_all(spec.cap_drop)) numbers.clear();
  if (has_all(spec.cap_add)) {
    numbers.clear();
    for (unsigned number = 0; number <= last; ++number) numbers.push_back(static_cast<int>(number));
  }
  for (const auto& [names, add] : {std::pair{&spec.cap_drop, false}, std::pair{&spec.cap_add, true}}) {
    for (const std::string& name : *names) {
      if (name == "ALL") continue;
      const int number = capng_name_to_capability(name.c_str());
      if (number < 0) return no_capability(name, add);
      std::erase(numbers, number);
      if (add) numbers.push_back(number);
    }
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

}  // namespace snug::plan
