#include <algorithm>
#include <array>
#include <bitset>

#include "files.hh"
#include "snug/base/text.hh"
#include "text.hh"

namespace snug::builtin {
namespace {

constexpr std::array<std::pair<std::string_view, std::string_view>, 12> classes{
    {{"[:upper:]", "A-Z"}, {"[:lower:]", "a-z"}, {"[:alpha:]", "A-Za-z"}, {"[:digit:]", "0-9"}, {"[:alnum:]", "0-9A-Za-z"}, {"[:space:]", "\t-\r "},
     {"[:blank:]", "\t "}, {"[:punct:]", "!-/:-@\\[-`{-~"}, {"[:cntrl:]", "\\000-\\037\\177"}, {"[:print:]", " -~"}, {"[:graph:]", "!-~"}, {"[:xdigit:]", "0-9A-Fa-f"}}};

// One character of a set: \n and its kin, \NNN, or itself.
char take_character(std::string_view text, std::size_t& at) {
  if (text[at] != '\\' || at + 1 >= text.size()) return text[at++];
  static constexpr std::string_view letters = "abfnrtv\\", bytes = "\a\b\f\n\r\t\v\\";
  const char letter = text[++at];
  if (const std::size_t found = letters.find(letter); found != std::string_view::npos) return ++at, bytes[found];
  if (letter < '0' || letter > '7') return ++at, letter;
  unsigned value = 0;
  for (unsigned digits = 0; digits < 3 && at < text.size() && text[at] >= '0' && text[at] <= '7'; ++digits) value = value * 8 + static_cast<unsigned>(text[at++] - '0');
  return static_cast<char>(value);
}

// A class that is none, and what brackets mean to other programs: [=a=] and [a*5].
void refuse_brackets(std::string_view text) {
  if (text.size() < 4 || text[0] != '[') return;
  const char sign = text[1];
  const std::size_t end = sign == ':' || sign == '=' ? text.find(std::string{sign, ']'}, 2) : std::string_view::npos;
  if (end != std::string_view::npos) throw Failure(format("{} is no class such as [:upper:]", quoted(text.substr(0, end + 2))), 2);
  if (text[2] == '*' && text.find(']') != std::string_view::npos) throw Failure(format("{}: repeats are not understood here", quoted(text.substr(0, text.find(']') + 1))), 2);
}

std::string expand_set(std::string_view text) {
  std::string set;
  for (std::size_t at = 0; at < text.size();) {
    bool is_class = false;
    for (const auto& [name, ranges] : classes) {
      if (!text.substr(at).starts_with(name)) continue;
      set += expand_set(ranges);
      at += name.size();
      is_class = true;
      break;
    }
    if (is_class) continue;
    refuse_brackets(text.substr(at));
    const char first = take_character(text, at);
    if (at + 1 >= text.size() || text[at] != '-') {
      set += first;
      continue;
    }
    ++at;
    const char last = take_character(text, at);
    if (static_cast<unsigned char>(last) < static_cast<unsigned char>(first)) throw Failure(format("the range in {} goes backwards", quoted(text)), 2);
    for (unsigned each = static_cast<unsigned char>(first); each <= static_cast<unsigned char>(last); ++each) set += static_cast<char>(each);
  }
  return set;
}

std::string complement(const std::string& set) {
  std::bitset<256> has;
  for (const char each : set) has.set(static_cast<unsigned char>(each));
  std::string out;
  for (unsigned each = 0; each < 256; ++each)
    if (!has[each]) out += static_cast<char>(each);
  return out;
}

}  // namespace

int translate(Call& call) {
  const Options options(call, "Ccds");
  options.need(1, 2);
  std::string from = expand_set(options.operands()[0]);
  if (options.has('c') || options.has('C')) from = complement(from);
  const std::string to = options.operands().size() > 1 ? expand_set(options.operands()[1]) : "";
  const bool drops = options.has('d');
  if (to.empty() && !drops && !options.has('s')) throw Failure("a second set is needed", 2);
  std::array<char, 256> table;
  std::bitset<256> dropped, squeezed;
  for (unsigned each = 0; each < 256; ++each) table[each] = static_cast<char>(each);
  for (std::size_t at = 0; at < from.size(); ++at) {
    if (drops) dropped.set(static_cast<unsigned char>(from[at]));
    else if (!to.empty()) table[static_cast<unsigned char>(from[at])] = to[std::min(at, to.size() - 1)];
  }
  if (options.has('s'))
    for (const char each : to.empty() ? from : to) squeezed.set(static_cast<unsigned char>(each));
  int last = -1;
  std::array<char, 32768> buffer;
  while (const std::size_t count = read_some(0, buffer.data(), buffer.size())) {
    std::string text;
    for (const char each : std::string_view(buffer.data(), count)) {
      if (dropped[static_cast<unsigned char>(each)]) continue;
      const auto byte = static_cast<unsigned char>(table[static_cast<unsigned char>(each)]);
      if (byte == last && squeezed[byte]) continue;
      last = byte;
      text += static_cast<char>(byte);
    }
    call.out.put(text);
    call.out.flush();
  }
  return 0;
}

}  // namespace snug::builtin
