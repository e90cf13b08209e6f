#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "snug/base/error.hh"
#include "syntax.hh"

namespace snug::builtin {

/// A value that has to be there is not, or arithmetic gives none: the shell itself ends, where nobody sits at it.
class Missing : public Error {
 public:
  using Error::Error;
};

/// Where expansion gets from what it does not know itself.
struct Surroundings {
  std::function<std::optional<std::string>(const std::string& name)> find;  ///< of variables, and of $1 $? $$ $! $# $-
  std::function<void(const std::string& name, const std::string& value)> set;
  std::function<std::vector<std::string>()> parameters;                    ///< "$@"
  std::function<std::string(const List& commands)> run;                    ///< gives what they print
  std::function<std::vector<std::string>(std::string_view pattern)> paths; ///< the files that a pattern names
  std::function<bool()> needs_variables = [] { return false; };            ///< set -u: what is not set is no empty text, but Missing
  std::function<bool()> keeps_files = [] { return false; };                ///< set -C: > changes no file that is there
  std::function<std::optional<std::string>(const std::string& user)> home = [](const std::string&) { return std::nullopt; };  ///< of ~user
};

/// Turns words into what they stand for, as POSIX says: ~, $, $(…), $((…)), then splitting, files, and quotes away. Throws Error.
[[nodiscard]] std::vector<std::string> expand(const std::vector<Word>& words, const Surroundings& surroundings);

/// The same without splitting and files: an assigned value, the name of a file.
[[nodiscard]] std::string expand_whole(const Word& word, const Surroundings& surroundings);

/// The same as a pattern, in which everything quoted means itself: a branch of case.
[[nodiscard]] std::string expand_pattern(const Word& word, const Surroundings& surroundings);

}  // namespace snug::builtin
