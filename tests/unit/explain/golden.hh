#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "snug/base/text.hh"

namespace snug::test {

/// Reads tests/golden/NAME; with SNUG_UPDATE_GOLDEN in the environment it is first written anew with `text`.
inline std::string golden(const std::string& name, std::string_view text) {
  const std::string path = "tests/golden/" + name;
  if (std::getenv("SNUG_UPDATE_GOLDEN")) {
    if (std::FILE* file = std::fopen(path.c_str(), "w")) {
      std::fwrite(text.data(), 1, text.size(), file);
      std::fclose(file);
    }
  }
  std::string found;
  std::FILE* file = std::fopen(path.c_str(), "r");
  if (!file) return "there is no " + path;
  for (int byte = 0; (byte = std::fgetc(file)) != EOF;) found += static_cast<char>(byte);
  std::fclose(file);
  return found;
}

/// Finds the first line in which two texts differ, for a message that can be read.
inline std::string difference(std::string_view made, std::string_view wanted) {
  const auto left = lines(made), right = lines(wanted);
  for (std::size_t at = 0; at < left.size() || at < right.size(); ++at) {
    const std::string_view a = at < left.size() ? left[at] : "(end)", b = at < right.size() ? right[at] : "(end)";
    if (a != b) return format("line {}:\n  made   {}\n  golden {}", at + 1, a, b);
  }
  return made == wanted ? "" : "the last line feed";
}

}  // namespace snug::test
