#pragma once

// Without the locales of the C++ library, which are larger than all of snug.
#define FMT_STATIC_THOUSANDS_SEPARATOR ','
#include <fmt/core.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace snug {

/// Formats as std::format does. The one door to fmt: its implementation is compiled once, in text.cc.
template <typename... Args>
[[nodiscard]] std::string format(fmt::format_string<Args...> pattern, Args&&... args) {
  return fmt::vformat(pattern, fmt::make_format_args(args...));
}

/// Gives `text` in single quotes with everything that a terminal could act on escaped (control bytes, ESC, DEL,
/// C1, bidirectional marks, bytes that are no UTF-8). For names that users, images or configs bring.
[[nodiscard]] std::string quoted(std::string_view text);

/// The same without the quotes: for text of strangers that is printed as it is, line feeds included as `\n`.
[[nodiscard]] std::string printable(std::string_view text);

/// Splits at every `separator`; "a::b" gives three parts, "" gives one empty part.
[[nodiscard]] std::vector<std::string> split(std::string_view text, char separator);

/// Splits into lines; a final line feed does not make an empty last line.
[[nodiscard]] std::vector<std::string_view> lines(std::string_view text);

/// Joins `parts` with `separator` between them.
[[nodiscard]] std::string join(std::span<const std::string> parts, std::string_view separator);

/// Removes blanks and tabs, carriage returns and line feeds at both ends.
[[nodiscard]] std::string_view trimmed(std::string_view text);

/// Reads the whole of `text` as an unsigned decimal number: no sign, no blank, no leading zero but "0" itself.
[[nodiscard]] std::optional<std::uint64_t> parse_number(std::string_view text);

/// Reads a size as docker writes it: a number and an optional suffix b, k, m, g or t (powers of 1024; "kb" and "KiB" as well), in bytes.
[[nodiscard]] std::optional<std::uint64_t> parse_size(std::string_view text);

/// Quotes `word` for a POSIX shell; words that need no quotes stay as they are.
[[nodiscard]] std::string shell_quoted(std::string_view word);

/// Renders rows as columns two blanks apart, each as wide as its widest cell; trailing blanks are cut.
[[nodiscard]] std::string render_columns(std::span<const std::vector<std::string>> rows);

}  // namespace snug
