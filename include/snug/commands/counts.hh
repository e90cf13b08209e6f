#pragma once

#include <cstdint>
#include <string_view>

namespace snug::commands {

/// Gives the number behind `name` in what snug-layer tells of its work: "entries 12 devices 3 owners 4".
[[nodiscard]] std::uint64_t count_of(std::string_view counts, std::string_view name);

}  // namespace snug::commands
