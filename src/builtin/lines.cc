#include <algorithm>
#include <cstdint>
#include <cstdlib>

#include "files.hh"
#include "snug/base/text.hh"
#include "text.hh"

namespace snug::builtin {
namespace {

std::vector<std::string> lines_of(Call& call, const std::vector<std::string>& paths) {
  std::vector<std::string> all;
  for_each_input(call, paths, [&](int fd, const std::string&) {
    for_each_line(fd, [&](std::string_view line) { return all.emplace_back(line), true; });
  });
  return all;
}

char one_character(const std::string& text) {
  if (text == "\\t") return '\t';
  if (text.size() != 1) throw Failure(format("{} is not one character", quoted(text)), 2);
  return text[0];
}

// From the field on, counted from 1; without a separator blanks part them.
std::string_view from_field(std::string_view line, std::size_t number, char separator) {
  for (; number > 1 && !line.empty(); --number) {
    if (separator) {
      line.remove_prefix(std::min(line.find(separator), line.size() - 1) + 1);
      continue;
    }
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    line.remove_prefix(std::min(line.find_first_of(" \t"), line.size()));
  }
  return line;
}

/// How two lines are compared.
class Order {
 public:
  explicit Order(const Options& options) {
    numbers_ = options.has('n'), folds_ = options.has('f'), blanks_ = options.has('b');
    if (options.has('t')) separator_ = one_character(options.value('t'));
    if (!options.has('k')) return;
    const std::string& key = options.value('k');
    const std::size_t end = key.find_first_not_of("0123456789");
    field_ = static_cast<std::size_t>(number_of(key.substr(0, end)));
    const std::string_view rest = end == std::string::npos ? std::string_view() : std::string_view(key).substr(end);
    numbers_ = numbers_ || rest.find('n') != std::string_view::npos;
    reversed_ = rest.find('r') != std::string_view::npos;
    if (rest.starts_with(',')) last_ = static_cast<std::size_t>(std::strtoul(rest.data() + 1, nullptr, 10));
    if (field_ == 0) throw Failure("fields are counted from 1", 2);
  }

  [[nodiscard]] bool reversed() const { return reversed_; }

  [[nodiscard]] int compare(const std::string& one, const std::string& other) const {
    const std::string_view a = key_of(one), b = key_of(other);
    if (numbers_) {
      const double x = std::strtod(std::string(a).c_str(), nullptr), y = std::strtod(std::string(b).c_str(), nullptr);
      return x < y ? -1 : x > y;
    }
    if (!folds_) return a.compare(b);
    const auto lower = [](char each) { return each >= 'A' && each <= 'Z' ? static_cast<char>(each + 32) : each; };
    const auto less = [&](char x, char y) { return static_cast<unsigned char>(lower(x)) < static_cast<unsigned char>(lower(y)); };
    if (std::lexicographical_compare(a.begin(), a.end(), b.begin(), b.end(), less)) return -1;
    return std::lexicographical_compare(b.begin(), b.end(), a.begin(), a.end(), less);
  }

 private:
  [[nodiscard]] std::string_view key_of(const std::string& line) const {
    std::string_view key = from_field(line, field_, separator_);
    if (last_ >= field_ && last_) key.remove_suffix(from_field(line, last_ + 1, separator_).size());
    if (blanks_) key.remove_prefix(std::min(key.find_first_not_of(" \t"), key.size()));
    return key;
  }

  bool numbers_ = false, folds_ = false, blanks_ = false, reversed_ = false;
  char separator_ = 0;
  std::size_t field_ = 1, last_ = 0;
};

/// 1,3-5,7-
struct Ranges {
  std::vector<std::pair<std::size_t, std::size_t>> all;

  explicit Ranges(const std::string& list) {
    for (const std::string& part : split(list, ',')) {
      const std::size_t dash = part.find('-');
      const auto first = dash == 0 ? std::optional<std::uint64_t>(1) : parse_number(part.substr(0, dash));
      const bool open = dash != std::string::npos && dash + 1 == part.size();
      const auto last = dash == std::string::npos ? first : open ? std::optional<std::uint64_t>(SIZE_MAX) : parse_number(part.substr(dash + 1));
      if (!first || !last || *first == 0 || *last < *first || part == "-") throw Failure(format("{} is no list such as 1,3-5", quoted(list)), 2);
      all.emplace_back(*first, *last);
    }
  }

  [[nodiscard]] bool has(std::size_t number) const {
    return std::any_of(all.begin(), all.end(), [&](const auto& range) { return number >= range.first && number <= range.second; });
  }
};

std::string cut_fields(const std::string& line, const Ranges& ranges, char separator) {
  std::string out;
  std::size_t number = 0;
  bool any = false;
  for (const std::string& field : split(line, separator)) {
    if (!ranges.has(++number)) continue;
    if (std::exchange(any, true)) out += separator;
    out += field;
  }
  return out;
}

std::string cut_characters(const std::string& line, const Ranges& ranges, bool bytes) {
  std::string out;
  std::size_t number = 0;
  for (const char each : line) {
    number += bytes || (static_cast<unsigned char>(each) & 0xc0U) != 0x80;
    if (ranges.has(number)) out += each;
  }
  return out;
}

}  // namespace

int sort_lines(Call& call) {
  const Options options(call, "bfk:nrt:u", {{"reverse", 'r'}, {"unique", 'u'}, {"key", 'k'}});
  const Order order(options);
  std::vector<std::string> all = lines_of(call, options.operands());
  const bool reversed = options.has('r') != order.reversed();
  std::stable_sort(all.begin(), all.end(), [&](const std::string& a, const std::string& b) {
    int result = order.compare(a, b);
    if (result == 0 && !options.has('u')) result = a.compare(b);
    return reversed ? result > 0 : result < 0;
  });
  const std::string* last = nullptr;
  for (const std::string& line : all) {
    if (options.has('u') && last && order.compare(*last, line) == 0) continue;
    call.out.line(line);
    last = &line;
  }
  return call.status;
}

int drop_repeats(Call& call) {
  const Options options(call, "cdiu");
  options.need(0, 1);
  const std::vector<std::string> all = lines_of(call, options.operands());
  const auto lowered = [&](std::string line) {
    if (options.has('i'))
      for (char& each : line)
        if (each >= 'A' && each <= 'Z') each = static_cast<char>(each + 32);
    return line;
  };
  for (std::size_t at = 0, end = 0; at < all.size(); at = end) {
    for (end = at + 1; end < all.size() && lowered(all[end]) == lowered(all[at]);) ++end;
    if ((options.has('d') && end - at == 1) || (options.has('u') && end - at > 1)) continue;
    call.out.line(options.has('c') ? format("{:7} {}", end - at, all[at]) : all[at]);
  }
  return call.status;
}

int cut_lines(Call& call) {
  const Options options(call, "b:c:d:f:s", {{"fields", 'f'}, {"delimiter", 'd'}, {"characters", 'c'}});
  const char by = options.last_of("bcf");
  if (!by) throw Failure("-f or -c is needed", 2);
  const Ranges ranges(options.value(by));
  const char separator = options.has('d') ? one_character(options.value('d')) : '\t';
  for_each_input(call, options.operands(), [&](int fd, const std::string&) {
    for_each_line(fd, [&](std::string_view text) {
      const std::string line(text);
      if (by != 'f') call.out.line(cut_characters(line, ranges, by == 'b'));
      else if (line.find(separator) != std::string::npos) call.out.line(cut_fields(line, ranges, separator));
      else if (!options.has('s')) call.out.line(line);
      return true;
    });
  });
  return call.status;
}

}  // namespace snug::builtin
