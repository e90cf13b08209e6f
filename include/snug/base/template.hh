#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "snug/base/json_fwd.hh"

namespace snug {

/// The fields of one thing that is listed, by docker's names, and what they are, as text.
using Fields = std::vector<std::pair<std::string, std::string>>;

/// Fills in a pattern of --format as docker has it: {{.Field}}, {{json .}}, {{json .Field}}, and \t and \n. Throws UsageError where it
/// has anything else in braces, naming the fields that there are.
[[nodiscard]] std::string fill_template(std::string_view pattern, const Fields& fields);

/// The same with the members of `json`, also those further in: {{.State.Pid}}.
[[nodiscard]] std::string fill_template(std::string_view pattern, const Json& json);

/// The same, a line for each of a list. On a terminal the members are printable(), elsewhere they are what they are.
[[nodiscard]] std::string fill_each(std::string_view pattern, const Json& list, bool on_terminal);

/// Renders what --format asks for: "json", a line of JSON for each; "table PATTERN", in columns under the fields' names; or
/// PATTERN, a line for each.
[[nodiscard]] std::string render_list(std::string_view format, const std::vector<Fields>& list, const Fields& headings);

}  // namespace snug
