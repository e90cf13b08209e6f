#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "snug/cli/option.hh"

namespace snug::cli {

/// Where a value was written; no file: on the command line.
struct Provenance {
  std::string file;
  unsigned line = 0;
  bool operator==(const Provenance&) const = default;
};

/// An option with the value that it was given; a flag has "true" or "false".
struct Given {
  const Option* option = nullptr;
  std::string value;
  Provenance from = {};
};

/// The words of a command, told apart: options in the order given, and operands.
struct Arguments {
  std::vector<Given> options;
  std::vector<std::string> operands;

  /// Finds the last value given to an option, or null.
  [[nodiscard]] const std::string* find(std::string_view name) const noexcept {
    for (auto given = options.rbegin(); given != options.rend(); ++given)
      if (given->option->name == name) return &given->value;
    return nullptr;
  }

  /// Tells whether a flag was given, and not taken back by a later --NAME=false.
  [[nodiscard]] bool flag(std::string_view name) const noexcept {
    const std::string* value = find(name);
    return value && *value == "true";
  }
};

}  // namespace snug::cli
