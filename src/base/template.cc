#include "snug/base/template.hh"

#include <algorithm>

#include "snug/base/error.hh"
#include "snug/base/json.hh"
#include "snug/base/text.hh"

namespace snug {
namespace {

Json json_of(const Fields& fields) {
  Json json = Json::object();
  for (const auto& [name, value] : fields) json[name] = value;
  return json;
}

std::string dump(const Json& json) { return json.dump(-1, ' ', true, Json::error_handler_t::replace); }

// "State.Pid": members of members.
const Json& find_field(const Json& json, std::string_view path) {
  const Json* at = &json;
  for (const std::string& name : split(path, '.')) {
    const auto found = at->is_object() ? at->find(name) : at->end();
    if (found == at->end()) {
      std::vector<std::string> names;
      for (const auto& [member, value] : json.items()) names.push_back("." + member);
      throw UsageError(format("--format: there is no field {}", quoted(path)), "there are " + join(names, ", "));
    }
    at = &*found;
  }
  return *at;
}

std::string text_of(const Json& json) { return json.is_string() ? json.get<std::string>() : dump(json); }

// What stands between the braces.
std::string find_value(std::string_view expression, const Json& json) {
  expression = trimmed(expression);
  constexpr std::string_view as_json = "json ";
  if (expression == "json .") return dump(json);
  if (expression.starts_with(as_json) && trimmed(expression.substr(as_json.size())).starts_with('.'))
    return dump(find_field(json, trimmed(expression.substr(as_json.size())).substr(1)));
  if (!expression.starts_with('.')) throw UsageError(format("--format: {} is not understood", quoted(expression)), "{{.Field}}, {{json .Field}} and {{json .}} are");
  return text_of(find_field(json, expression.substr(1)));
}

// A field of its own name is what nearly all ask for: for hundreds of things no JSON is made.
std::string find_value(std::string_view expression, const Fields& fields) {
  const std::string_view path = trimmed(expression);
  for (const auto& [name, value] : fields)
    if (path.starts_with('.') && path.substr(1) == name) return value;
  return find_value(expression, json_of(fields));
}

std::string unescaped(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char next = text[at] == '\\' && at + 1 < text.size() ? text[at + 1] : '\0';
    if (next != 't' && next != 'n') {
      result += text[at];
      continue;
    }
    result += next == 't' ? '\t' : '\n';
    ++at;
  }
  return result;
}

/// What its texts are to a terminal.
struct Shown {
  const Json& json;
};

std::string find_value(std::string_view expression, const Shown& shown) { return printable(find_value(expression, shown.json)); }

template <typename Source>
std::string fill(std::string_view pattern, const Source& source) {
  std::string result;
  while (true) {
    const std::size_t open = pattern.find("{{");
    result += unescaped(pattern.substr(0, open));
    if (open == std::string_view::npos) return result;
    const std::size_t close = pattern.find("}}", open);
    if (close == std::string_view::npos) throw UsageError(format("--format {}: a {{{{ has no }}}}", quoted(pattern)));
    result += find_value(pattern.substr(open + 2, close - open - 2), source);
    pattern.remove_prefix(close + 2);
  }
}

std::string render_table(const std::string& pattern, const std::vector<Fields>& list, const Fields& headings) {
  std::vector<std::vector<std::string>> rows{split(fill_template(pattern, headings), '\t')};
  for (const Fields& fields : list) rows.push_back(split(fill_template(pattern, fields), '\t'));
  return render_columns(rows);
}

}  // namespace

std::string fill_template(std::string_view pattern, const Fields& fields) { return fill(pattern, fields); }

std::string fill_template(std::string_view pattern, const Json& json) { return fill(pattern, json); }

std::string fill_each(std::string_view pattern, const Json& list, bool on_terminal) {
  std::string text;
  for (const Json& each : list) text += (on_terminal ? fill(pattern, Shown{each}) : fill_template(pattern, each)) + "\n";
  return text;
}

std::string render_list(std::string_view how, const std::vector<Fields>& list, const Fields& headings) {
  constexpr std::string_view table = "table ";
  static_cast<void>(how == "json" ? std::string() : fill_template(how.starts_with(table) ? how.substr(table.size()) : how, headings));
  if (how.starts_with(table)) return render_table(std::string(how.substr(table.size())), list, headings);
  std::string text;
  for (const Fields& fields : list) text += (how == "json" ? dump(json_of(fields)) : fill_template(how, fields)) + "\n";
  return text;
}

}  // namespace snug
