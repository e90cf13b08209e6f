#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "snug/plan/seen.hh"

namespace snug::explain {

/// A call of the plan's listing, taken apart again: "fsmount(MOUNT_ATTR_NOSUID) = m3".
struct Expected {
  std::size_t step = 0;
  plan::Actor actor = plan::Actor::monitor;
  std::string text;
  std::vector<std::string> names;      ///< more than one: "mkdirat() or openat(O_CREAT) where …"
  std::vector<std::string> arguments;
  std::string binds;                   ///< "m3": what its descriptor is called from there on
  bool optional = false;               ///< "where", "for each other", "around": as often as it takes, or never
  bool repeated = false;               ///< "for each mount": once at least
  bool awaited = false;                ///< optional, for what the container does one day: in the order of the steps only by chance
  bool done = false;
};

/// Takes the text of a call apart.
[[nodiscard]] Expected parse_call(std::string text);

/// The descriptors that names of the listing stand for.
using Bindings = std::map<std::string, int, std::less<>>;

/// Whether `seen` is the call that is expected. What was closed to the tracer is taken as it should be.
[[nodiscard]] bool is_same(const Expected& expected, const plan::SeenCall& seen, const Bindings& bindings);

}  // namespace snug::explain
