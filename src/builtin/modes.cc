// The modes of files, as texts.

#include <array>

#include "files.hh"
#include "snug/base/text.hh"

namespace snug::builtin {

std::string mode_text(mode_t mode) {
  static constexpr std::array<std::pair<mode_t, char>, 7> types{{{S_IFDIR, 'd'}, {S_IFLNK, 'l'}, {S_IFCHR, 'c'}, {S_IFBLK, 'b'}, {S_IFIFO, 'p'}, {S_IFSOCK, 's'}, {S_IFREG, '-'}}};
  std::string text = "?rwxrwxrwx";
  for (const auto& [type, letter] : types)
    if ((mode & S_IFMT) == type) text[0] = letter;
  for (unsigned bit = 0; bit < 9; ++bit)
    if (!(mode & (0400U >> bit))) text[bit + 1] = '-';
  const auto mark = [&](mode_t bit, std::size_t at, char set) {
    if (mode & bit) text[at] = text[at] == 'x' ? set : static_cast<char>(set - 'a' + 'A');
  };
  mark(S_ISUID, 3, 's');
  mark(S_ISGID, 6, 's');
  mark(S_ISVTX, 9, 't');
  return text;
}

namespace {

// The bits that a letter of rwxXst stands for, for all three kinds of users.
mode_t bits_of(char letter, mode_t mode, bool folder) {
  switch (letter) {
    case 'r': return 0444;
    case 'w': return 0222;
    case 'x': return 0111;
    case 'X': return folder || (mode & 0111U) ? 0111 : 0;
    case 's': return S_ISUID | S_ISGID;
    case 't': return S_ISVTX;
    default: throw Failure(format("{} is no letter of a mode", quoted(std::string(1, letter))), 2);
  }
}

// What the user, the group or others may do, for all three.
mode_t copied_bits(char whose, mode_t mode) { return (mode >> (whose == 'u' ? 6U : whose == 'g' ? 3U : 0U) & 7U) * 0111U; }

mode_t apply_clause(std::string_view clause, mode_t mode, bool folder, mode_t mask) {
  const std::size_t sign = clause.find_first_of("+-=");
  if (sign == std::string_view::npos) throw Failure(format("{} is no mode", quoted(clause)), 2);
  mode_t who = sign == 0 ? 07777 : 0;
  for (const char each : clause.substr(0, sign)) {
    if (std::string_view("ugoa").find(each) == std::string_view::npos) throw Failure(format("{} is no mode", quoted(clause)), 2);
    who |= each == 'u' ? 04700U : each == 'g' ? 02070U : each == 'o' ? 01007U : 07777U;
  }
  const std::string_view letters = clause.substr(sign + 1);
  mode_t bits = 0;
  if (letters.size() == 1 && std::string_view("ugo").find(letters) != std::string_view::npos) bits = copied_bits(letters[0], mode);
  else
    for (const char each : letters) bits |= bits_of(each, mode, folder);
  bits &= who | (bits & S_ISVTX);
  if (sign == 0) bits &= ~mask;
  if (clause[sign] == '+') return mode | bits;
  return clause[sign] == '-' ? mode & ~bits : (mode & ~(who & (folder ? 0777U : 06777U))) | bits;
}

}  // namespace

mode_t current_mask() {
  const mode_t mask = ::umask(0);
  ::umask(mask);
  return mask;
}

mode_t parse_mode(std::string_view text, mode_t mode, bool folder, mode_t mask) {
  if (!text.empty() && text.find_first_not_of("01234567") == std::string_view::npos && text.size() < 6) {
    mode_t number = 0;
    for (const char digit : text) number = number * 8 + static_cast<mode_t>(digit - '0');
    return (number | (folder && text.size() < 5 ? mode & 06000U : 0U)) & 07777U;
  }
  for (const std::string& clause : split(text, ',')) mode = apply_clause(clause, mode, folder, mask);
  return mode & 07777U;
}

}  // namespace snug::builtin
