#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace snug::config {

/// One `key = value` of a configuration file; see snug.toml(5).
struct Setting {
  enum class Type { text, number, boolean };
  std::string table;  ///< empty above the first table
  std::string key;
  Type type = Type::text;  ///< of every value
  bool is_list = false;
  std::vector<std::string>
      values;  ///< one, or those of a list; numbers in decimal, booleans as "true" and "false"
  std::string file;
  unsigned line = 0;
};

/// Reads the text of a configuration file: tables of strings, whole numbers, booleans, and lists of one of
/// these. `file` is for messages and for Setting::file. Throws UsageError, with FILE:LINE.
[[nodiscard]] std::vector<Setting> parse_settings(std::string_view text, const std::string& file);

}  // namespace snug::config
