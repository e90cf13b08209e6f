#include "sheet.hh"

#include <algorithm>

#include "snug/base/text.hh"
#include "snug/base/utf8.hh"

namespace snug::explain {
namespace {

constexpr Signs drawn{"■", "▣", "□", "?", "←", "×", "…", "→", "─", "⇄", "→",
                      {"┌", "┐", "└", "┘", "─", "│"}, {"┏", "┓", "┗", "┛", "━", "┃"}, {"═", "║", "╠", "╣", "╣", "╚", "╝"}};
constexpr Signs typed{"#", "+", ".", "?", "<-", "x", "..", "->", "-", ":", ":",
                      {"+", "+", "+", "+", "-", "|"}, {"+", "+", "+", "+", "=", "|"}, {"=", "|", "+", "+", "+", "+", "+"}};

std::string_view escape_of(Ink ink) {
  switch (ink) {
    case Ink::plain: return "";
    case Ink::faint: return "\x1b[2m";
    case Ink::strong: return "\x1b[1m";
    case Ink::own: return "\x1b[32m";
    case Ink::shared: return "\x1b[33m";
    case Ink::unknown: return "\x1b[35m";
    case Ink::maker: return "\x1b[36m";
    case Ink::door: return "\x1b[33m";
    case Ink::kernel: return "\x1b[1;34m";
  }
  return "";
}

}  // namespace

const Signs& signs_of(const Style& style) { return style.unicode ? drawn : typed; }

Piece mark_of(Standing standing, const Style& style) {
  const Signs& signs = signs_of(style);
  switch (standing) {
    case Standing::own: return {std::string(signs.own), Ink::own};
    case Standing::shared: return {std::string(signs.shared), Ink::shared};
    case Standing::hosts: return {std::string(signs.hosts), Ink::faint};
    case Standing::unknown: break;
  }
  return {std::string(signs.unknown), Ink::unknown};
}

std::string drawable(std::string_view text, const Style& style) {
  std::string out = printable(text);
  if (style.unicode) return out;
  std::string ascii;
  for (const char each : out)
    if ((static_cast<unsigned char>(each) & 0xC0U) != 0x80U) ascii += static_cast<unsigned char>(each) < 0x80 ? each : '?';
  return ascii;
}

std::size_t width_of(const Row& row) {
  std::size_t width = 0;
  for (const Piece& piece : row) width += display_width(piece.text);
  return width;
}

Row fitted(Row row, std::size_t width, const Style& style) {
  std::size_t have = width_of(row);
  if (have > width) {
    const std::string_view cut = signs_of(style).cut;
    const std::size_t room = width - std::min(width, display_width(cut));
    Row front;
    have = 0;
    for (Piece& piece : row) {
      const std::string_view part = fitting(piece.text, room - have);
      const bool whole = part.size() == piece.text.size();
      have += display_width(part);
      front.push_back({std::string(part), piece.ink});
      if (!whole) break;
    }
    front.push_back({std::string(fitting(cut, width)), Ink::faint});
    row = std::move(front);
    have = width_of(row);
  }
  if (have < width) row.push_back({std::string(width - have, ' '), Ink::plain});
  return row;
}

Row apart(Row left, Row right, std::size_t width, const Style& style) {
  const std::size_t taken = std::min(width_of(right), width);
  Row row = fitted(std::move(left), width - taken - (taken && taken < width ? 1 : 0), style);
  if (taken && taken < width) row.push_back({" "});
  for (Piece& piece : right) row.push_back(std::move(piece));
  return fitted(std::move(row), width, style);
}

std::vector<Row> flowed(const std::vector<Row>& words, std::size_t width, std::string_view separator, const Style& style) {
  std::vector<Row> rows;
  for (const Row& word : words) {
    const bool fits = !rows.empty() && width_of(rows.back()) + display_width(separator) + width_of(word) <= width;
    if (fits) rows.back().push_back({std::string(separator)});
    else rows.emplace_back();
    rows.back().insert(rows.back().end(), word.begin(), word.end());
  }
  for (Row& row : rows)
    if (width_of(row) > width) row = fitted(std::move(row), width, style);
  return rows;
}

std::vector<Row> words_of(std::string_view text, Ink ink, std::size_t width, const Style& style) {
  std::vector<Row> parts;
  for (const std::string& word : split(text, ' ')) parts.push_back({{word, ink}});
  return flowed(parts, width, " ", style);
}

std::string render_rows(const std::vector<Row>& rows, const Style& style) {
  std::string out;
  for (const Row& row : rows) {
    std::string line;
    for (const Piece& piece : row) {
      const bool coloured = style.colour && piece.ink != Ink::plain && piece.text.find_first_not_of(' ') != std::string::npos;
      line += coloured ? format("{}{}\x1b[0m", escape_of(piece.ink), piece.text) : piece.text;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

std::string title_of(const plan::LiveProcess& process) {
  if (process.words.empty()) return process.walls[plan::user_wall] == 0 ? process.name : format("[{}]", process.name);
  std::vector<std::string> words = process.words;
  if (const std::size_t slash = words[0].substr(0, words[0].find(' ')).rfind('/'); slash != std::string::npos && slash + 1 < words[0].size()) words[0].erase(0, slash + 1);
  return join(words, " ");
}

std::string render_processor_time(std::uint64_t time, std::uint64_t ticks) {
  return format("{:.2f} s", static_cast<double>(time) / static_cast<double>(std::max<std::uint64_t>(ticks, 1)));
}

std::string counted(std::size_t count, std::string_view one, std::string_view many) { return format("{} {}", count, count == 1 ? one : many); }

}  // namespace snug::explain
