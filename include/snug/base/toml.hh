#pragma once

#include <stdexcept>

// Some malformed texts reach an assertion of toml++ instead of an error: they must neither abort us nor, with
// NDEBUG, be taken for impossible.
#undef NDEBUG
#define TOML_ASSERT(expression) ((expression) ? void() : throw std::logic_error("a key or a value is malformed"))
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#define TOML_FLOAT_CHARCONV 1  // or it brings the streams and locales of the C++ library
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wterminate"
#include <toml++/toml.h>
#pragma GCC diagnostic pop

#include <algorithm>
#include <string>
#include <string_view>

#include "snug/base/error.hh"
#include "snug/base/text.hh"

namespace snug {

/// Reads the text of a TOML file; throws a UsageError that names the file and the line. What is `file` is only told.
[[nodiscard]] inline toml::table parse_toml(std::string_view text, const std::string& file) {
  const auto refuse = [&](std::string_view why, unsigned line) {
    UsageError error(format("this is no TOML: {}", printable(why)), why.ends_with("could not determine value type") ? "a word or a text stands in quotes" : "");
    error.during(line ? format("reading {}:{}", printable(file), line) : format("reading {}", printable(file)));
    return error;
  };
  // The one character that is in none of the library's tables (3.3), and which it takes for impossible: undefined behaviour.
  if (const std::size_t at = text.find("\xef\xb3\xbf"); at != std::string_view::npos)
    throw refuse("it holds the character U+FCFF", static_cast<unsigned>(1 + std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n')));
  try {
    return toml::parse(text, file);
  } catch (const toml::parse_error& error) {
    throw refuse(error.description(), error.source().begin.line);
  } catch (const std::logic_error& error) {
    throw refuse(error.what(), 0);
  }
}

}  // namespace snug
