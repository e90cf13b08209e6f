#pragma once

#include <span>
#include <string_view>

#include "call.hh"

namespace snug::builtin {

/// A command that the shell has itself: what doing, help, completion and `type` know about it.
struct Builtin {
  std::string_view name;
  std::string_view usage;  ///< what follows the name
  std::string_view help;   ///< starts small, no full stop
  int (*function)(Call&);
  bool in_shell = false;   ///< done by the shell itself, which it changes; others by a child
};

/// Those of a group, in the order of their names.
[[nodiscard]] std::span<const Builtin> control_builtins();  ///< of the shell itself
[[nodiscard]] std::span<const Builtin> job_builtins();
[[nodiscard]] std::span<const Builtin> file_builtins();
[[nodiscard]] std::span<const Builtin> text_builtins();
[[nodiscard]] std::span<const Builtin> system_builtins();

struct BuiltinGroup {
  std::string_view title;
  std::span<const Builtin> builtins;
};

[[nodiscard]] std::span<const BuiltinGroup> builtin_groups();

/// Null where there is none.
[[nodiscard]] const Builtin* find_builtin(std::string_view name);

}  // namespace snug::builtin
