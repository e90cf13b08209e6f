#pragma once

#include <string_view>

namespace snug::commands {

/// Writes all of `data` to standard output, or throws an Error that says why it could not.
void print(std::string_view data);

/// Writes `talk` to standard error, as far as that goes.
void say(std::string_view talk);

/// Asks on standard error whether `what` is to be removed, and throws Error, with exit code 1, where standard input has no yes.
void confirm_removal(std::string_view what);

}  // namespace snug::commands
