#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "snug/base/json.hh"
#include "snug/image/digest.hh"

namespace snug::image {

// Fields of a stranger's document by name. What is missing or null is empty; what is of another kind than it should be
// throws an Error that names the field.

[[nodiscard]] const Json* find_field(const Json& object, std::string_view name);
[[nodiscard]] std::string text_field(const Json& object, std::string_view name);
[[nodiscard]] bool flag_field(const Json& object, std::string_view name);
[[nodiscard]] std::optional<std::vector<std::string>> list_field(const Json& object, std::string_view name);
[[nodiscard]] std::map<std::string, std::string> map_field(const Json& object, std::string_view name);
/// Gives the names in an object whose values mean nothing: Go's set.
[[nodiscard]] std::vector<std::string> set_field(const Json& object, std::string_view name);
/// Throws where it is missing or negative.
[[nodiscard]] std::uint64_t size_field(const Json& object, std::string_view name);
[[nodiscard]] Digest digest_value(const Json& value, std::string_view name);
/// Throws where it is missing or no object, or no array.
[[nodiscard]] const Json& object_field(const Json& object, std::string_view name);
[[nodiscard]] const Json& array_field(const Json& object, std::string_view name);

}  // namespace snug::image
