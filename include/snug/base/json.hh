#pragma once

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

#include "snug/base/json_fwd.hh"
#include "snug/base/text.hh"

namespace snug {

// The library brings <iomanip>, whose std::quoted would be taken for a std::string.
[[nodiscard]] inline std::string quoted(const std::string& text) { return quoted(std::string_view(text)); }
[[nodiscard]] inline std::string quoted(std::string& text) { return quoted(std::string_view(text)); }

/// Reads a document of a stranger: at most 100 levels deep, no name twice in one object, nothing behind it. Throws an
/// Error that says where it is wrong; the caller says of what (`during`). How large it may be is the caller's care.
[[nodiscard]] Json parse_json(std::string_view text);

/// Gives JSON for people and programs, indented, with a line feed at its end: what a terminal could act on stands there as \uXXXX.
[[nodiscard]] std::string render_json(const Json& json);

}  // namespace snug
