#pragma once

#include <nlohmann/json.hpp>

#include <string_view>

namespace snug {

/// A JSON value; objects keep the order in which their names came.
using Json = nlohmann::ordered_json;

/// Reads a document of a stranger: at most 100 levels deep, no name twice in one object, nothing behind it. Throws an
/// Error that says where it is wrong; the caller says of what (`during`). How large it may be is the caller's care.
[[nodiscard]] Json parse_json(std::string_view text);

}  // namespace snug
