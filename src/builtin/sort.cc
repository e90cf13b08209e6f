#include <fcntl.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "files.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "text.hh"

namespace snug::builtin {
namespace {

constexpr std::string_view blanks = " \t";

char lowered(char each) { return each >= 'A' && each <= 'Z' ? static_cast<char>(each + 32) : each; }

std::string_view without_blanks(std::string_view text) { return text.substr(std::min(text.find_first_not_of(blanks), text.size())); }

/// A number as it is written, of any length: what is behind it does not count, and a text that is none is 0.
struct Written {
  bool negative = false;
  std::string_view whole, part;
  char unit = 0;  ///< what stands behind it

  explicit Written(std::string_view text) {
    text = without_blanks(text);
    negative = text.starts_with('-');
    text.remove_prefix(negative);
    text.remove_prefix(std::min(text.find_first_not_of('0'), text.size()));
    whole = take_digits(text);
    if (text.starts_with('.')) text.remove_prefix(1), part = take_digits(text);
    part = part.substr(0, part.find_last_not_of('0') + 1);
    if (!text.empty()) unit = text[0];
  }

  [[nodiscard]] bool is_zero() const { return whole.empty() && part.empty(); }

  static std::string_view take_digits(std::string_view& text) {
    const std::string_view digits = text.substr(0, text.find_first_not_of("0123456789"));
    text.remove_prefix(digits.size());
    return digits;
  }
};

int compare_sizes(const Written& one, const Written& other) {
  if (one.whole.size() != other.whole.size()) return one.whole.size() < other.whole.size() ? -1 : 1;
  if (const int difference = one.whole.compare(other.whole)) return difference;
  return one.part.compare(other.part);
}

// 2K before 1M: the unit counts first.
int unit_of(const Written& number) {
  const std::size_t found = number.is_zero() ? std::string_view::npos : std::string_view("KMGTPEZYRQ").find(number.unit == 'k' ? 'K' : number.unit);
  return found == std::string_view::npos ? 0 : static_cast<int>(found) + 1;
}

int compare_numbers(std::string_view a, std::string_view b, bool with_units) {
  const Written one(a), other(b);
  const bool below = one.negative && !one.is_zero(), other_below = other.negative && !other.is_zero();
  if (below != other_below) return below ? -1 : 1;
  int difference = with_units ? unit_of(one) - unit_of(other) : 0;
  if (difference == 0) difference = compare_sizes(one, other);
  return below ? -difference : difference;
}

int compare_folded(std::string_view a, std::string_view b) {
  for (std::size_t at = 0; at < std::min(a.size(), b.size()); ++at)
    if (const int difference = static_cast<unsigned char>(lowered(a[at])) - static_cast<unsigned char>(lowered(b[at]))) return difference;
  return a.size() < b.size() ? -1 : a.size() > b.size();
}

/// FIELD[.CHARACTER][LETTERS][,FIELD[.CHARACTER][LETTERS]]: the part of a line that counts, and how.
class Key {
 public:
  Key(const std::string& text, std::optional<char> separator, std::string_view usual) : separator_(separator) {
    std::string_view rest = text;
    field_ = take_number(rest, text);
    if (rest.starts_with('.')) rest.remove_prefix(1), character_ = take_number(rest, text);
    const std::string_view before = take_letters(rest);
    std::string_view behind;
    if (rest.starts_with(',')) {
      rest.remove_prefix(1);
      last_field_ = take_number(rest, text);
      if (rest.starts_with('.')) rest.remove_prefix(1), last_character_ = take_offset(rest, text);
      behind = take_letters(rest);
    }
    if (!rest.empty()) throw Failure(format("{} is no key such as 2, 2,3n or 1.2,1.4r", quoted(text)), 2);
    const std::string own = std::string(before).append(behind);
    style_ = own.empty() ? usual : own;
    skips_ = (own.empty() ? usual : before).find('b') != std::string_view::npos;
    skips_at_end_ = (own.empty() ? usual : behind).find('b') != std::string_view::npos;
  }

  [[nodiscard]] int compare(const std::string& one, const std::string& other) const {
    const int result = compare_parts(part_of(one), part_of(other));
    return has('r') ? -result : result;
  }

 private:
  [[nodiscard]] bool has(char letter) const { return style_.find(letter) != std::string::npos; }

  static std::size_t take_number(std::string_view& rest, const std::string& text) {
    const auto number = parse_number(Written::take_digits(rest));
    if (!number || *number == 0) throw Failure(format("{} is no key: fields and characters are counted from 1", quoted(text)), 2);
    return *number;
  }

  // 0: up to the end of the field.
  static std::size_t take_offset(std::string_view& rest, const std::string& text) {
    if (!rest.starts_with('0')) return take_number(rest, text);
    rest.remove_prefix(1);
    return 0;
  }

  static std::string_view take_letters(std::string_view& rest) {
    const std::string_view letters = rest.substr(0, rest.find_first_not_of("bfhnrV"));
    rest.remove_prefix(letters.size());
    return letters;
  }

  [[nodiscard]] int compare_parts(std::string_view a, std::string_view b) const {
    if (has('n') || has('h')) return compare_numbers(a, b, has('h'));
    if (has('V')) return compare_versions(a, b);
    return has('f') ? compare_folded(a, b) : a.compare(b);
  }

  // Without a separator the blanks in front of a field belong to it.
  [[nodiscard]] std::size_t end_of_field(std::string_view line, std::size_t from) const {
    const std::size_t end = separator_ ? line.find(*separator_, from) : line.find_first_of(blanks, std::min(line.find_first_not_of(blanks, from), line.size()));
    return std::min(end, line.size());
  }

  [[nodiscard]] std::size_t start_of_field(std::string_view line, std::size_t number) const {
    std::size_t at = 0;
    for (; number > 1 && at < line.size(); --number) at = end_of_field(line, at) + (separator_ ? 1 : 0);
    return std::min(at, line.size());
  }

  [[nodiscard]] std::string_view part_of(std::string_view line) const {
    const auto place = [&](std::size_t field, std::size_t character, bool skips) {
      std::size_t at = start_of_field(line, field);
      if (skips) at = std::min(line.find_first_not_of(blanks, at), line.size());
      return at + std::min(character, line.size() - at);
    };
    const std::size_t start = place(field_, character_ - 1, skips_);
    const std::size_t end = !last_field_ ? line.size() : last_character_ ? place(last_field_, last_character_, skips_at_end_) : end_of_field(line, start_of_field(line, last_field_));
    return line.substr(start, end > start ? end - start : 0);
  }

  std::optional<char> separator_;
  std::size_t field_ = 1, character_ = 1, last_field_ = 0, last_character_ = 0;  ///< 0: up to the end
  std::string style_;
  bool skips_ = false, skips_at_end_ = false;
};

/// How two lines are compared.
class Order {
 public:
  explicit Order(const Options& options) : reversed_(options.has('r')), stable_(options.has('s') || options.has('u')) {
    std::string usual;
    for (const char letter : std::string_view("bfhnrV"))
      if (options.has(letter)) usual += letter;
    const std::optional<char> separator = options.has('t') ? std::optional(one_character(options.value('t'))) : std::nullopt;
    for (const std::string& key : options.has('k') ? options.all('k') : std::vector<std::string>{"1"}) keys_.emplace_back(key, separator, usual);
  }

  [[nodiscard]] int compare(const std::string& one, const std::string& other) const {
    for (const Key& key : keys_)
      if (const int result = key.compare(one, other)) return result;
    if (stable_) return 0;
    return reversed_ ? other.compare(one) : one.compare(other);
  }

 private:
  bool reversed_, stable_;
  std::vector<Key> keys_;
};

int check_order(Call& call, const Options& options, const Order& order, const std::vector<std::string>& all) {
  for (std::size_t at = 1; at < all.size(); ++at) {
    const int result = order.compare(all[at - 1], all[at]);
    if (result < 0 || (result == 0 && !options.has('u'))) continue;
    if (!options.has('C')) call.complain(format("{}:{}: disorder: {}", options.operands().empty() ? "-" : printable(options.operands()[0]), at + 1, printable(all[at])));
    return 1;
  }
  return call.status;
}

}  // namespace

int sort_lines(Call& call) {
  const Options options(call, "CVbcfhk:no:rst:u",
                        {{"reverse", 'r'}, {"unique", 'u'}, {"key", 'k'}, {"numeric-sort", 'n'}, {"human-numeric-sort", 'h'}, {"version-sort", 'V'}, {"ignore-case", 'f'},
                         {"ignore-leading-blanks", 'b'}, {"check", 'c'}, {"output", 'o'}, {"stable", 's'}, {"field-separator", 't'}});
  const Order order(options);
  std::vector<std::string> all = lines_of_inputs(call, options.operands());
  if (call.status != 0) return 2;  // half of the lines are not the file that was asked for
  if (options.has('c') || options.has('C')) return check_order(call, options, order, all);
  std::stable_sort(all.begin(), all.end(), [&](const std::string& a, const std::string& b) { return order.compare(a, b) < 0; });
  if (options.has('u')) all.erase(std::unique(all.begin(), all.end(), [&](const std::string& a, const std::string& b) { return order.compare(a, b) == 0; }), all.end());
  // Opened when all is read: it may be one of the inputs.
  const sys::Fd file = options.has('o') ? sys::try_open(AT_FDCWD, options.value('o').c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_NOCTTY, 0666) : sys::Fd();
  if (options.has('o') && !file) throw failure(options.value('o'), errno);
  Out out(file ? file.get() : 1);
  for (const std::string& line : all) out.line(line);
  out.flush();
  return call.status;
}

}  // namespace snug::builtin
