#include "expand.hh"

#include "arithmetic.hh"
#include "pattern.hh"
#include "snug/base/text.hh"

namespace snug::builtin {
namespace {

/// A field in the making: a pattern in which all that was quoted is escaped.
struct Field {
  std::string pattern;
  bool exists = false;  ///< it is one although it is empty
};

// Removes what a pattern matches at one end: the shortest or the longest.
std::string without(const std::string& value, const std::string& pattern, bool front, bool longest) {
  for (std::size_t step = 0; step <= value.size(); ++step) {
    const std::size_t length = longest ? value.size() - step : step;
    if (front && matches(pattern, std::string_view(value).substr(0, length))) return value.substr(length);
    if (!front && matches(pattern, std::string_view(value).substr(value.size() - length))) return value.substr(0, value.size() - length);
  }
  return value;
}

class Expander {
 public:
  Expander(const Surroundings& surroundings, bool splits) : surroundings_(surroundings), splits_(splits) {
    separators_ = surroundings_.find("IFS").value_or(" \t\n");
  }

  void take(const Word& word) {
    for (const Part& part : word.parts) take(part);
  }

  std::vector<Field> finish() {
    end_field();
    return std::move(fields_);
  }

 private:
  void take(const Part& part) {
    switch (part.kind) {
      case Part::Kind::text: return add(part.text, part.quoted);
      case Part::Kind::home: return add(home_of(part.text), true);
      case Part::Kind::length: return add(format("{}", part.text == "@" || part.text == "*" ? surroundings_.parameters().size() : length_of(part.text)), part.quoted);
      case Part::Kind::arithmetic: return add(format("{}", work_out(*part.argument)), part.quoted);
      case Part::Kind::command: return add_value(surroundings_.run(*part.commands), part.quoted);
      case Part::Kind::variable: return take_variable(part);
    }
  }

  std::string home_of(const std::string& user) const {
    return (user.empty() ? surroundings_.find("HOME") : surroundings_.home(user)).value_or("~" + user);
  }

  // The value of what should be there.
  std::string value_of(const std::string& name) const {
    std::optional<std::string> value = surroundings_.find(name);
    if (!value && name != "!" && surroundings_.needs_variables()) throw Missing(format("{}: is not set", name));
    return std::move(value).value_or("");
  }

  // In characters, as far as it is UTF-8.
  std::size_t length_of(const std::string& name) const {
    std::size_t count = 0;
    for (const char each : value_of(name)) count += (static_cast<unsigned char>(each) & 0xc0U) != 0x80;
    return count;
  }

  std::int64_t work_out(const Word& expression) const {
    const std::string text = expand_whole(expression, surroundings_);
    try {
      return evaluate(text, {[this](const std::string& name) { return value_of(name); }, surroundings_.set});
    } catch (const Error& error) {
      throw Missing(error.message());
    }
  }

  void take_variable(const Part& part) {
    if (part.text == "@" || part.text == "*") return take_parameters(part);
    std::optional<std::string> value = surroundings_.find(part.text);
    const bool colon = part.operation.starts_with(':');
    const bool missing = !value || (colon && value->empty());
    switch (part.operation.empty() ? '\0' : part.operation.back()) {
      case '-':
      case '+':
        add("", part.quoted);  // a word, whatever comes of it
        if (missing == part.operation.ends_with('-')) return take_argument(part);
        return missing ? void() : add_value(*value, part.quoted);
      case '=':
        if (missing) surroundings_.set(part.text, *(value = expand_whole(*part.argument, surroundings_)));
        return add_value(*value, part.quoted);
      case '?':
        if (missing) throw Missing(format("{}: {}", part.text, part.argument->parts.empty() ? "is not set" : printable(expand_whole(*part.argument, surroundings_))));
        return add_value(*value, part.quoted);
      case '#':
      case '%':
        return add_value(without(value_of(part.text), expand_pattern(*part.argument, surroundings_), part.operation[0] == '#', part.operation.size() == 2), part.quoted);
      default: return add_value(value_of(part.text), part.quoted);
    }
  }

  void take_argument(const Part& part) {
    for (const Part& each : part.argument->parts)
      each.kind == Part::Kind::text ? add_value(each.text, each.quoted) : take(each);
  }

  // "$@": each a field of its own; what stands before and behind belongs to the first and the last.
  void take_parameters(const Part& part) {
    const std::vector<std::string> parameters = surroundings_.parameters();
    if (!part.operation.empty() && part.operation.find_first_of("-+") != std::string::npos && (parameters.empty() == (part.operation.back() == '-')))
      return take_argument(part);
    if (part.operation.ends_with('+')) return;
    const bool apart = splits_ && !(part.text == "*" && part.quoted);
    if (!apart) return add(join(parameters, separators_.empty() ? "" : separators_.substr(0, 1)), part.quoted);
    for (std::size_t at = 0; at < parameters.size(); ++at) {
      if (at) end_field();
      add_value(parameters[at], part.quoted);
    }
  }

  void add(std::string_view text, bool quoted) {
    field_.pattern += quoted ? escaped_pattern(text) : escaped_backslashes(text);
    field_.exists = field_.exists || quoted || !text.empty();
  }

  // A backslash out of a variable is one, whatever stands behind it.
  static std::string escaped_backslashes(std::string_view text) {
    std::string out;
    for (const char each : text) out += each == '\\' ? "\\\\" : std::string(1, each);
    return out;
  }

  static bool is_blank(char each) { return each == ' ' || each == '\t' || each == '\n'; }

  bool is_separator(char each) const { return separators_.find(each) != std::string::npos; }

  // What a variable or command gave.
  void add_value(std::string_view value, bool quoted) {
    if (quoted || !splits_) return add(value, quoted);
    for (std::size_t at = 0; at < value.size();) {
      std::size_t end = at;
      while (end < value.size() && !is_separator(value[end])) ++end;
      if (end > at) add(value.substr(at, end - at), false);
      if (end == value.size()) return;
      const bool blank = is_blank(value[end]), ended = field_.exists;
      if (!blank && end == at) field_.exists = true;  // nothing between two of them is an empty field
      end_field();
      at = end + 1;
      if (!blank || !ended) continue;
      while (at < value.size() && is_separator(value[at]) && is_blank(value[at])) ++at;
      if (at < value.size() && is_separator(value[at])) ++at;  // blanks beside it belong to it
    }
  }

  void end_field() {
    if (field_.exists) fields_.push_back(std::move(field_));
    field_ = {};
  }

  const Surroundings& surroundings_;
  bool splits_;
  std::string separators_;
  Field field_;
  std::vector<Field> fields_;
};

}  // namespace

std::vector<std::string> expand(const std::vector<Word>& words, const Surroundings& surroundings) {
  std::vector<std::string> out;
  for (const Word& word : words) {
    if (word.assigns) {
      out.push_back(expand_whole(word, surroundings));
      continue;
    }
    Expander expander(surroundings, true);
    expander.take(word);
    for (const Field& field : expander.finish()) {
      std::vector<std::string> paths = is_pattern(field.pattern) ? surroundings.paths(field.pattern) : std::vector<std::string>();
      if (paths.empty()) paths.push_back(unescaped(field.pattern));  // what names no file stands for itself
      out.insert(out.end(), std::make_move_iterator(paths.begin()), std::make_move_iterator(paths.end()));
    }
  }
  return out;
}

std::string expand_pattern(const Word& word, const Surroundings& surroundings) {
  Expander expander(surroundings, false);
  expander.take(word);
  std::string pattern;
  for (const Field& field : expander.finish()) pattern += field.pattern;
  return pattern;
}

std::string expand_whole(const Word& word, const Surroundings& surroundings) { return unescaped(expand_pattern(word, surroundings)); }

}  // namespace snug::builtin
