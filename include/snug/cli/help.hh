#pragma once

#include <span>
#include <string>
#include <string_view>

#include "snug/cli/command.hh"

namespace snug::cli {

using CommandTable = std::span<const Command* const>;

/// Breaks `text` at white space into lines of `width` columns; those behind the first begin with `indent` blanks, and the first at `column`.
[[nodiscard]] std::string wrapped(std::string_view text, std::size_t width, std::size_t indent = 0, std::size_t column = 0);

/// Renders what `snug COMMAND --help` prints, 80 columns wide.
[[nodiscard]] std::string render_help(const Command& command);

/// Renders what `snug help` prints: `about`, and a line for each command.
[[nodiscard]] std::string render_overview(std::string_view about, CommandTable commands);

/// Renders every command and each of its options as a line of COMMAND, LETTER, NAME, ARGUMENT and HELP with
/// tabs between them and "-" for nothing: what tests hold the man pages against.
[[nodiscard]] std::string render_tables(CommandTable commands);

}  // namespace snug::cli
