#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "snug/base/environment.hh"
#include "snug/cli/arguments.hh"
#include "snug/cli/option.hh"

namespace snug::cli {

struct Command;

/// What a command is called with.
struct Invocation {
  const Arguments& arguments;
  const Environment& environment;
  std::string folder;  ///< the current one; empty where it is gone
  const Command& command;
  std::span<const std::string_view> words;  ///< what `arguments` was made of
};

/// A command: everything that dispatch, help, completion and the test of the man pages know about it.
struct Command {
  std::string_view name;
  std::string_view summary;           ///< starts small, no full stop
  std::string_view operands = {};     ///< of the synopsis
  std::string_view description = {};  ///< a few sentences for the help text
  std::span<const Option> options = {};
  const OptionSet* shared = nullptr;
  bool stop_at_operand = false;  ///< what follows the first operand is never an option
  std::size_t max_operands = 0;
  Completer completer = {};                ///< of the first operand
  std::optional<Completer> further = {};   ///< of the others, where they are of another kind
  int (*function)(const Invocation&) = nullptr;
};

/// Lists the options of a command: its own, the shared ones, and --help.
[[nodiscard]] std::vector<const Option*> options_of(const Command& command);

/// Tells options from operands, as GNU programs do, and takes docker's --flag=false. Throws UsageError.
[[nodiscard]] Arguments parse(const Command& command, std::span<const std::string_view> words);

/// Reads a flag's value, "true" or "false" in docker's spellings; throws UsageError naming `option`.
[[nodiscard]] bool parse_flag(const Option& option, std::string_view value);

}  // namespace snug::cli
