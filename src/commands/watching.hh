#pragma once

#include <functional>
#include <string>

namespace snug::commands {

/// Shows what `draw` gives each second anew, and when the window changes, until a signal such as Ctrl-C's ends it. A terminal is given back as
/// it was; where standard output is none, one picture follows the other.
void watch(const std::function<std::string()>& draw);

}  // namespace snug::commands
