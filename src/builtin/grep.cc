#include <regex.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <deque>
#include <memory>

#include "files.hh"
#include "snug/base/text.hh"
#include "text.hh"

namespace snug::builtin {
namespace {

/// One of the patterns, ready to be looked for.
class Expression {
 public:
  Expression(const std::string& pattern, int flags) {
    const int error = ::regcomp(&compiled_, pattern.c_str(), flags);
    if (error == 0) return;
    std::array<char, 256> text;
    ::regerror(error, &compiled_, text.data(), text.size());
    throw Failure(format("{}: {}", quoted(pattern), text.data()), 2);
  }
  ~Expression() { ::regfree(&compiled_); }
  Expression(const Expression&) = delete;
  Expression& operator=(const Expression&) = delete;

  // Where it is in `text`, which ends with a zero, from `from` on.
  [[nodiscard]] bool find(const std::string& text, std::size_t from, regmatch_t& place) const {
    if (::regexec(&compiled_, text.c_str() + from, 1, &place, from ? REG_NOTBOL : 0) != 0) return false;
    place.rm_so += static_cast<regoff_t>(from);
    place.rm_eo += static_cast<regoff_t>(from);
    return true;
  }

 private:
  regex_t compiled_{};
};

// A text as a pattern that means just that.
std::string fixed(std::string_view text) {
  std::string out;
  for (const char each : text) {
    if (std::string_view("\\.[]*^$").find(each) != std::string_view::npos) out += '\\';
    out += each;
  }
  return out;
}

class Search {
 public:
  explicit Search(Call& call)
      : call_(call), colour_(take_colour(call, "auto")), options_(call, "A:B:C:EFHGILRce:hilnoqrsvwx", {{"ignore-case", 'i'}, {"recursive", 'r'}, {"count", 'c'}, {"invert-match", 'v'}, {"regexp", 'e'}}) {
    operands_ = options_.operands();
    std::vector<std::string> patterns;
    if (options_.has('e')) patterns = options_.all('e');
    else if (operands_.empty()) throw Failure("a pattern is needed", 2);
    else patterns.push_back(operands_.front()), operands_.erase(operands_.begin());
    const bool extended = (options_.has('E') || call.words[0] == "egrep") && !options_.has('F');
    for (const std::string& given : patterns)
      for (const std::string& pattern : split(given, '\n'))
        expressions_.push_back(std::make_unique<Expression>(options_.has('F') ? fixed(pattern) : pattern, (extended ? REG_EXTENDED : 0) | (options_.has('i') ? REG_ICASE : 0)));
    before_ = context('B'), after_ = context('A');
    recursive_ = options_.has('r') || options_.has('R');
    if (recursive_ && operands_.empty()) operands_.emplace_back(".");
    names_ = !options_.has('h') && (options_.has('H') || recursive_ || operands_.size() > 1);
  }

  int run() {
    if (operands_.empty()) operands_.emplace_back("-");
    for (const std::string& path : operands_) visit(path, true);
    if (found_ && options_.has('q')) return 0;
    return call_.status ? 2 : found_ ? 0 : 1;
  }

 private:
  [[nodiscard]] std::size_t context(char side) const {
    const char letter = options_.has(side) ? side : 'C';
    return options_.has(letter) ? static_cast<std::size_t>(std::max<long long>(0, number_of(options_.value(letter)))) : 0;
  }

  // In folders neither links nor pipes nor devices are gone into.
  void visit(const std::string& path, bool named) {
    if (found_ && options_.has('q')) return;
    const auto status = path == "-" ? std::nullopt : find_stat(path, named);
    if (status && S_ISDIR(status->st_mode) && recursive_) {
      try {
        for (const std::string& name : list_folder(path)) visit(path == "." && named ? name : join_path(path, name), false);
      } catch (const Failure& problem) {
        complain(problem.message());
      }
      return;
    }
    if (!named && !(status && S_ISREG(status->st_mode))) return;
    try {
      const sys::Fd file = open_input(path);
      if (!options_.last_of("cqlL") && is_output(file.get())) throw Failure(format("{}: input file is also the output", printable(path)));
      search(file.get(), path);
    } catch (const Failure& problem) {
      complain(problem.message());
    }
  }

  void complain(const std::string& text) {
    options_.has('s') ? static_cast<void>(call_.status = 1) : call_.complain(text);
  }

  static bool is_in_word(char each) { return each == '_' || (each >= '0' && each <= '9') || ((each | 32) >= 'a' && (each | 32) <= 'z'); }

  [[nodiscard]] bool fits(const std::string& line, const regmatch_t& place) const {
    const auto start = static_cast<std::size_t>(place.rm_so), end = static_cast<std::size_t>(place.rm_eo);
    if (options_.has('x')) return start == 0 && end == line.size();
    if (!options_.has('w')) return true;
    return (start == 0 || !is_in_word(line[start - 1])) && (end == line.size() || !is_in_word(line[end]));
  }

  // The first place from `from` on, of any pattern.
  [[nodiscard]] bool find(const std::string& line, std::size_t from, regmatch_t& best) const {
    bool found = false;
    for (const auto& expression : expressions_) {
      regmatch_t place{};
      for (std::size_t at = from; at <= line.size() && expression->find(line, at, place); at = static_cast<std::size_t>(place.rm_so) + 1) {
        if (!fits(line, place)) continue;
        if (!found || place.rm_so < best.rm_so || (place.rm_so == best.rm_so && place.rm_eo > best.rm_eo)) best = place;
        found = true;
        break;
      }
    }
    return found;
  }

  void search(int fd, const std::string& path) {
    std::uint64_t number = 0, count = 0, left = 0, shown = 0;
    bool binary = false;
    std::deque<std::string> earlier;
    for_each_line(fd, [&](std::string_view text) {
      ++number;
      binary = binary || text.find('\0') != std::string_view::npos;
      const std::string line(text);
      regmatch_t place{};
      const bool chosen = find(line, 0, place) != options_.has('v');
      if (chosen) {
        found_ = true;
        ++count;
        if (options_.has('q') || options_.has('l') || options_.has('L')) return false;
        if (options_.has('c')) return true;
        if (binary) return call_.out.line(format("{}: not a text, but matches", call_.out.name(path))), false;
        if ((before_ || after_) && shown && number - earlier.size() > shown + 1) call_.out.line("--");
        for (std::size_t at = 0; at < earlier.size(); ++at) put(path, number - earlier.size() + at, '-', earlier[at]);
        put_chosen(path, number, line);
        shown = number;
        left = after_;
        earlier.clear();
      } else if (left) {
        put(path, number, '-', line);
        shown = number;
        --left;
      } else if (before_) {
        earlier.push_back(line);
        if (earlier.size() > before_) earlier.pop_front();
      }
      return true;
    });
    if (options_.has('c')) call_.out.line(names_ ? format("{}:{}", call_.out.name(path), count) : format("{}", count));
    if (count ? options_.has('l') : options_.has('L')) call_.out.line(call_.out.name(path));
  }

  // In the colours of GNU grep.
  [[nodiscard]] std::string painted(std::string_view text, std::string_view colour) const {
    return colour_ ? format("\033[{}m{}\033[m", colour, text) : std::string(text);
  }

  void put(const std::string& path, std::uint64_t number, char sign, const std::string& line) {
    const std::string mark = painted(std::string_view(&sign, 1), "36");
    if (names_) call_.out.put(painted(call_.out.name(path), "35") + mark);
    if (options_.has('n')) call_.out.put(painted(format("{}", number), "32") + mark);
    call_.out.line(line);
  }

  // The places of a line that match, and are not empty.
  [[nodiscard]] std::vector<regmatch_t> places(const std::string& line) const {
    std::vector<regmatch_t> all;
    regmatch_t place{};
    for (std::size_t at = 0; at <= line.size() && find(line, at, place); at = static_cast<std::size_t>(std::max(place.rm_eo, place.rm_so + 1)))
      if (place.rm_eo > place.rm_so) all.push_back(place);
    return all;
  }

  static std::string_view part(const std::string& line, regoff_t from, regoff_t to) {
    return std::string_view(line).substr(static_cast<std::size_t>(from), static_cast<std::size_t>(to - from));
  }

  void put_chosen(const std::string& path, std::uint64_t number, const std::string& line) {
    if (options_.has('v') || !(colour_ || options_.has('o'))) return put(path, number, ':', line);
    std::string whole;
    regoff_t from = 0;
    for (const regmatch_t& place : places(line)) {
      const std::string match = painted(part(line, place.rm_so, place.rm_eo), "01;31");
      if (options_.has('o')) put(path, number, ':', match);
      whole.append(part(line, from, place.rm_so)).append(match);
      from = place.rm_eo;
    }
    if (!options_.has('o')) put(path, number, ':', whole.append(part(line, from, static_cast<regoff_t>(line.size()))));
  }

  Call& call_;
  bool colour_;
  Options options_;
  std::vector<std::string> operands_;
  std::vector<std::unique_ptr<Expression>> expressions_;
  std::size_t before_ = 0, after_ = 0;
  bool recursive_ = false, names_ = false, found_ = false;
};

}  // namespace

int search_text(Call& call) { return Search(call).run(); }

}  // namespace snug::builtin
