#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <deque>
#include <memory>

#include "expression.hh"
#include "files.hh"
#include "pattern.hh"
#include "snug/base/text.hh"
#include "snug/base/utf8.hh"
#include "text.hh"

namespace snug::builtin {
namespace {

// A text as a pattern that means just that.
std::string fixed(std::string_view text) {
  std::string out;
  for (const char each : text) {
    if (std::string_view("\\.[]*^$").find(each) != std::string_view::npos) out += '\\';
    out += each;
  }
  return out;
}

constexpr char included = '<', excluded = '>', excluded_folders = '/', flushed = '=';  // have no letters

class Search {
 public:
  explicit Search(Call& call)
      : call_(call), options_(call, "#A:B:C:EFGHILRace:f:hilm:noqrsvwx*?<:>:/:=",
                              {{"ignore-case", 'i'}, {"recursive", 'r'}, {"dereference-recursive", 'R'}, {"count", 'c'}, {"invert-match", 'v'}, {"regexp", 'e'}, {"file", 'f'},
                               {"extended-regexp", 'E'}, {"basic-regexp", 'G'}, {"fixed-strings", 'F'}, {"word-regexp", 'w'}, {"line-regexp", 'x'}, {"line-number", 'n'},
                               {"with-filename", 'H'}, {"no-filename", 'h'}, {"files-with-matches", 'l'}, {"files-without-match", 'L'}, {"only-matching", 'o'}, {"quiet", 'q'},
                               {"silent", 'q'}, {"no-messages", 's'}, {"max-count", 'm'}, {"text", 'a'}, {"after-context", 'A'}, {"before-context", 'B'}, {"context", 'C'},
                               {"color", colour_letter}, {"include", included}, {"exclude", excluded}, {"exclude-dir", excluded_folders}, {"line-buffered", flushed}}),
        colour_(wants_colour(call, options_, "auto")) {
    operands_ = options_.operands();
    const bool extended = options_.last_of("EFG") == 'E' || (!options_.last_of("EFG") && call.words[0] == "egrep"), plain = options_.last_of("EFG") == 'F';
    for (const std::string& pattern : take_patterns())
      expressions_.push_back(std::make_unique<Expression>(plain ? fixed(pattern) : pattern, (extended ? REG_EXTENDED : 0) | (options_.has('i') ? REG_ICASE : 0)));
    before_ = context('B'), after_ = context('A');
    if (options_.has('m')) most_ = static_cast<std::uint64_t>(std::max<long long>(0, number_of(options_.value('m'))));
    recursive_ = options_.has('r') || options_.has('R');
    implied_ = recursive_ && operands_.empty();
    if (implied_) operands_.emplace_back(".");
    const char names = options_.last_of("hH");
    names_ = names ? names == 'H' : recursive_ || operands_.size() > 1;
  }

  int run() {
    if (operands_.empty()) operands_.emplace_back("-");
    for (const std::string& path : operands_) visit(path, true);
    if (found_ && options_.has('q')) return 0;
    return call_.status ? 2 : found_ ? 0 : 1;
  }

 private:
  std::vector<std::string> take_patterns() {
    std::vector<std::string> patterns;
    const auto add = [&](const std::string& given) {
      for (std::string& pattern : split(given, '\n')) patterns.push_back(std::move(pattern));
    };
    if (options_.has('e'))
      for (const std::string& given : options_.all('e')) add(given);
    if (options_.has('f'))
      for (const std::string& path : options_.all('f')) for_each_line(open_input(path).get(), [&](std::string_view line) { return patterns.emplace_back(line), true; });
    if (options_.has('e') || options_.has('f')) return patterns;
    if (operands_.empty()) throw Failure("a pattern is needed", 2);
    add(operands_.front());
    operands_.erase(operands_.begin());
    return patterns;
  }

  [[nodiscard]] std::size_t context(char side) const {
    const char letter = options_.has(side) ? side : options_.has('C') ? 'C' : '#';
    return options_.has(letter) ? static_cast<std::size_t>(std::max<long long>(0, number_of(options_.value(letter)))) : 0;
  }

  [[nodiscard]] bool is_named(char option, std::string_view name) const {
    const auto fits = [&](const std::string& pattern) { return matches(pattern, name); };
    return options_.has(option) && std::any_of(options_.all(option).begin(), options_.all(option).end(), fits);
  }

  [[nodiscard]] bool is_wanted(std::string_view name) const { return !is_named(excluded, name) && (!options_.has(included) || is_named(included, name)); }

  // In folders neither pipes nor devices are gone into, and links with -R alone.
  void visit(const std::string& path, bool named) {
    if (found_ && options_.has('q')) return;
    const auto status = path == "-" ? std::nullopt : find_stat(path, named || options_.has('R'));
    if (status && S_ISDIR(status->st_mode) && recursive_) return visit_folder(path, *status, named);
    if (!named && !(status && S_ISREG(status->st_mode))) return;
    if (path != "-" && !is_wanted(base_name(path))) return;
    try {
      const sys::Fd file = open_input(path);
      const std::string shown = path == "-" ? "(standard input)" : path;
      if (!options_.last_of("cqlL") && is_output(file.get())) throw Failure(format("{}: input file is also the output", printable(shown)));
      search(file.get(), shown);
    } catch (const Failure& problem) {
      complain(problem.message());
    }
  }

  void visit_folder(const std::string& path, const struct stat& status, bool named) {
    if (is_named(excluded_folders, base_name(path)) && !(named && implied_)) return;
    try {
      above_.enter(path, status, [&] {
        for (const std::string& name : list_folder(path)) visit(named && implied_ ? name : join_path(path, name), false);
      });
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
    if (most_ == 0) return;
    bool binary = false;
    std::deque<std::string> earlier;
    for_each_line(fd, [&](std::string_view text) {
      ++number;
      binary = binary || (!options_.has('a') && text.find('\0') != std::string_view::npos);
      if (binary && options_.has('I')) return count = 0, false;
      const std::string line(text);
      regmatch_t place{};
      const bool chosen = count < most_ && find(line, 0, place) != options_.has('v');
      if (chosen) {
        found_ = true;
        ++count;
        if (options_.has('q') || options_.has('l') || options_.has('L')) return false;
        if (options_.has('c')) return count < most_;
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
      return count < most_ || left > 0;
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
    if (call_.out.is_terminal() || options_.has(flushed)) call_.out.flush();  // more may be long in coming
  }

  // Letters are not taken apart, though the pattern knows only bytes.
  static regmatch_t whole_letters(const std::string& line, regmatch_t place) {
    const auto inner = [&](regoff_t at) { return at > 0 && static_cast<std::size_t>(at) < line.size() && (static_cast<unsigned char>(line[static_cast<std::size_t>(at)]) & 0xc0U) == 0x80; };
    while (place.rm_eo > place.rm_so && inner(place.rm_eo)) ++place.rm_eo;
    while (inner(place.rm_so)) --place.rm_so;
    return place;
  }

  // The places of a line that match, and are not empty.
  [[nodiscard]] std::vector<regmatch_t> places(const std::string& line) const {
    std::vector<regmatch_t> all;
    regmatch_t place{};
    const bool text = is_utf8(line);
    for (std::size_t at = 0; at <= line.size() && find(line, at, place); at = static_cast<std::size_t>(std::max(place.rm_eo, place.rm_so + 1))) {
      if (text) place = whole_letters(line, place);
      if (place.rm_eo > place.rm_so) all.push_back(place);
    }
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
  Options options_;
  bool colour_;
  std::vector<std::string> operands_;
  std::vector<std::unique_ptr<Expression>> expressions_;
  std::size_t before_ = 0, after_ = 0;
  std::uint64_t most_ = UINT64_MAX;
  Above above_;
  bool recursive_ = false, implied_ = false, names_ = false, found_ = false;
};

}  // namespace

int search_text(Call& call) { return Search(call).run(); }

}  // namespace snug::builtin
