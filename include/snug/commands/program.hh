#pragma once

#include <span>
#include <string_view>

#include "snug/base/environment.hh"

namespace snug::commands {

/// What a main function is: fills the standard descriptors, refuses to be setuid, calls `dispatch` with the words behind
/// the program's name, and prints the error that comes out of it. Gives the exit code.
[[nodiscard]] int run_program(int argc, char** argv, int (*dispatch)(std::span<const std::string_view> words, const Environment& environment));

}  // namespace snug::commands
