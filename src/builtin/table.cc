#include "table.hh"

#include <algorithm>
#include <array>

namespace snug::builtin {

std::span<const BuiltinGroup> builtin_groups() {
  static const std::array groups{BuiltinGroup{"shell", control_builtins()}, BuiltinGroup{"jobs", job_builtins()}, BuiltinGroup{"files", file_builtins()},
                                 BuiltinGroup{"text", text_builtins()}, BuiltinGroup{"system", system_builtins()}};
  return groups;
}

const Builtin* find_builtin(std::string_view name) {
  for (const BuiltinGroup& group : builtin_groups()) {
    const auto found = std::find_if(group.builtins.begin(), group.builtins.end(), [&](const Builtin& each) { return each.name == name; });
    if (found != group.builtins.end()) return &*found;
  }
  return nullptr;
}

}  // namespace snug::builtin
