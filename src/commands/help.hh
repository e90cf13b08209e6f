#pragma once

namespace snug::commands {

/// Prints what `snug help` and `snug --help` print; 0.
int print_overview();

}  // namespace snug::commands
