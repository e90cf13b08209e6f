#pragma once

namespace snug::commands {

/// Prints what `snug` alone and `snug --help` print; 0.
int print_overview();

}  // namespace snug::commands
