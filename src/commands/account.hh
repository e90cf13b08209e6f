#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "snug/base/text.hh"

namespace snug::commands {

/// Gives the path of the file beside a layer's root: the counts of its unpacking in one line, and its layer::Account. It has the
/// layer's name, "sha256-HEX", so that a folder of another layer is told.
[[nodiscard]] inline std::string account_path(std::string_view folder, std::string_view layer) { return format("{}/account-{}", folder, layer); }

inline constexpr std::size_t longest_account = std::size_t{256} << 20U;  ///< bytes

}  // namespace snug::commands
