#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "session.hh"
#include "snug/shell/editor.hh"

namespace snug::builtin {

/// Where the last word of an unfinished line begins, and what it is.
struct LastWord {
  std::size_t start = 0;
  std::string text = {};  ///< quotes undone, and variables replaced but for a name that may go on
  bool is_command = false;  ///< it names what is done
};

/// `find` gives the value of a variable. Pure.
[[nodiscard]] LastWord find_last_word(std::string_view line, const std::function<std::optional<std::string>(const std::string& name)>& find);

/// Finds what it can become: commands of the shell and of PATH, functions, variables behind $, or files.
[[nodiscard]] shell::Completion find_completions(std::string_view line, const Session& session);

}  // namespace snug::builtin
