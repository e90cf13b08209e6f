#pragma once

#include <string>

namespace snug::builtin {

/// Gives `known` where it is a path to the folder that this process stands in, from the root on and without . and ..; otherwise the
/// one that the kernel knows, "" where that is gone or lies outside of the root.
[[nodiscard]] std::string logical_folder(const std::string& known);

}  // namespace snug::builtin
