#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "snug/explain/picture.hh"

namespace snug::explain {

/// What a piece of a drawing means; its colour follows from that.
enum class Ink { plain, faint, strong, own, shared, unknown, maker, door, kernel };

/// A piece of a line: text that was made harmless.
struct Piece {
  std::string text;
  Ink ink = Ink::plain;
};
using Row = std::vector<Piece>;

/// The signs that a drawing is made of.
struct Signs {
  std::string_view own, shared, hosts, unknown, from, times, cut, call, dash, door, one_way;
  std::string_view thin[6], thick[6];  ///< of boxes: corners from the top left, as one reads; then across, and down
  std::string_view shelf[7];           ///< across, down; left and right end of a shelf, right end of the last, left and right foot
};
[[nodiscard]] const Signs& signs_of(const Style& style);

/// The sign of a wall that stands so, and its ink.
[[nodiscard]] Piece mark_of(Standing standing, const Style& style);

/// Makes a stranger's text fit to be drawn: nothing that a terminal could act on, and ASCII where nothing else is to be had.
[[nodiscard]] std::string drawable(std::string_view text, const Style& style);

[[nodiscard]] std::size_t width_of(const Row& row);

/// Gives the row, cut or filled up to exactly so many columns.
[[nodiscard]] Row fitted(Row row, std::size_t width, const Style& style);

/// Puts text behind text, with at least a blank between, the second at the right end of `width` columns.
[[nodiscard]] Row apart(Row left, Row right, std::size_t width, const Style& style);

/// Flows words into rows of `width` columns.
[[nodiscard]] std::vector<Row> flowed(const std::vector<Row>& words, std::size_t width, std::string_view separator, const Style& style);

/// Flows a text into rows, word by word.
[[nodiscard]] std::vector<Row> words_of(std::string_view text, Ink ink, std::size_t width, const Style& style);

/// Renders rows as lines: colours where there are any, no blanks at the end.
[[nodiscard]] std::string render_rows(const std::vector<Row>& rows, const Style& style);

/// Gives the words of a process, without the folder of its program; in brackets the name of one that has none to show.
[[nodiscard]] std::string title_of(const plan::LiveProcess& process);

/// Gives processor time as "12.34 s".
[[nodiscard]] std::string render_processor_time(std::uint64_t time, std::uint64_t ticks);

/// Counts things: "1 process", "2 processes".
[[nodiscard]] std::string counted(std::size_t count, std::string_view one, std::string_view many);

}  // namespace snug::explain
