#include "expected.hh"

#include <algorithm>

#include "snug/base/text.hh"

namespace snug::explain {
namespace {

using Words = std::vector<std::string>;

// Splits at ", " outside of quotes and brackets.
Words split_arguments(std::string_view text) {
  Words words;
  std::size_t start = 0;
  int depth = 0;
  bool quoted = false;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char each = text[at];
    if (each == '\\') ++at;
    else if (each == '"') quoted = !quoted;
    else if (!quoted && (each == '(' || each == '[' || each == '{')) ++depth;
    else if (!quoted && (each == ')' || each == ']' || each == '}')) --depth;
    else if (!quoted && depth == 0 && text.substr(at, 2) == ", ") {
      words.emplace_back(text.substr(start, at - start));
      start = at + 2;
    }
  }
  if (start < text.size()) words.emplace_back(text.substr(start));
  return words;
}

// Where the bracket that opens at `open` is closed.
std::size_t find_close(std::string_view text, std::size_t open) {
  int depth = 0;
  bool quoted = false;
  for (std::size_t at = open; at < text.size(); ++at) {
    if (text[at] == '\\') ++at;
    else if (text[at] == '"') quoted = !quoted;
    else if (!quoted && text[at] == '(') ++depth;
    else if (!quoted && text[at] == ')' && --depth == 0) return at;
  }
  return text.size();
}

bool is_descriptor(std::string_view seen) { return seen.starts_with('#'); }

int number_of(std::string_view seen) {
  const auto number = parse_number(seen.substr(1, seen.find('<') - 1));
  return number ? static_cast<int>(*number) : -1;
}

std::string_view path_of(std::string_view seen) {
  const std::size_t open = seen.find('<');
  return open == std::string_view::npos ? std::string_view() : seen.substr(open + 1, seen.size() - open - 2);
}

// TARGET, ROOT, CONTAINER: the listing does not say which descriptor that is.
bool is_name(std::string_view word) {
  return word != "NULL" && word != "ENV" && word != "AT_FDCWD" && !word.empty() &&
         std::all_of(word.begin(), word.end(), [](char each) { return each >= 'A' && each <= 'Z'; });
}

bool is_slot(std::string_view word) { return word.size() > 1 && word[0] == 'm' && parse_number(word.substr(1)); }

Words sorted(std::string_view flags) {
  Words words = split(flags, '|');
  std::sort(words.begin(), words.end());
  return words;
}

std::string_view last_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// "upper0", "m3/empty0" and "m3" say where it is only together with what was made before.
bool is_same_layer(std::string_view expected, std::string_view seen) {
  return expected == seen || is_slot(expected) || (!expected.starts_with('/') && seen.ends_with(format("/{}", last_name(expected))));
}

bool is_same_option(std::string_view expected, std::string_view seen) {
  const std::size_t is = expected.find('=');
  if (expected == seen) return true;
  if (is == std::string_view::npos || seen.substr(0, is) != expected.substr(0, is) || expected.find("dir") == std::string_view::npos) return false;
  const Words wanted = split(expected.substr(is + 1), ':'), found = split(seen.substr(std::min(is + 1, seen.size())), ':');
  return std::equal(wanted.begin(), wanted.end(), found.begin(), found.end(), is_same_layer);
}

// "snug-ID" names the container, whose id is made when it starts.
bool is_same_name(std::string_view expected, std::string_view seen) {
  const std::size_t at = expected.find("snug-ID");
  if (at == std::string_view::npos) return false;
  const std::size_t before = at + 5, behind = expected.size() - before - 2;
  return seen.size() > before + behind && seen.substr(0, before) == expected.substr(0, before) && seen.substr(seen.size() - behind) == expected.substr(before + 2);
}

// "m3/sys/user/max" is a file of what is in that slot, whose paths begin there.
bool is_same_file(std::string_view expected, std::string_view seen) {
  const std::size_t slash = expected.find('/');
  return slash != std::string_view::npos && is_slot(expected.substr(0, slash)) && expected.substr(slash) == seen;
}

bool is_same_argument(std::string_view expected, std::string_view seen, const Bindings& bindings) {
  if (seen == "?" || expected == seen || is_same_name(expected, seen) || is_same_file(expected, seen)) return true;
  if (is_descriptor(seen)) {
    const bool hidden = path_of(seen).empty();  // where it leads was closed to the tracer
    const auto bound = bindings.find(expected);
    if (bound != bindings.end()) return bound->second == number_of(seen);
    if (expected.starts_with("open(")) return hidden || format("open(\"{}\")", path_of(seen)) == expected;
    if (expected.starts_with('"')) return hidden || format("\"{}\"", path_of(seen)) == expected;
    return is_name(expected) || expected.starts_with("m");  // "m3/empty0": a folder in it
  }
  return expected.find('|') != std::string_view::npos && expected[0] != '"' && expected[0] != '{' && sorted(expected) == sorted(seen);
}

}  // namespace

Expected parse_call(std::string text) {
  Expected call;
  const std::size_t open = text.find('(');
  if (text.starts_with('/') || open == std::string::npos) {  // a helper program and its words
    const std::size_t end = text.find(" where ");
    call.names = {"run"};
    call.arguments = {text.substr(0, end)};
    call.optional = end != std::string::npos;
    call.awaited = call.optional && text.substr(end) == " where something is sent";
  } else {
    const std::size_t close = find_close(text, open);
    const std::string_view rest = std::string_view(text).substr(std::min(close + 1, text.size()));
    call.names = {text.substr(0, open)};
    call.arguments = split_arguments(std::string_view(text).substr(open + 1, close - open - 1));
    if (rest.starts_with(" or ")) call.names.emplace_back(rest.substr(4, rest.find('(') - 4));
    if (rest.starts_with(" = ") && rest[3] != '{') call.binds = rest.substr(3);
    const auto says = [&](std::string_view words) { return rest.find(words) != std::string_view::npos; };
    call.repeated = says(" for each mount");
    call.awaited = says(" where something is sent") || says(" where a name is asked for") || says(" where rules are kept");
    call.optional = !call.repeated && (says(" where ") || says(" for each") || says(" around "));
  }
  call.text = std::move(text);
  return call;
}

bool is_same(const Expected& expected, const plan::SeenCall& seen, const Bindings& bindings) {
  if (std::find(expected.names.begin(), expected.names.end(), seen.name) == expected.names.end()) return false;
  if (expected.names.size() > 1) return seen.name != "openat" || seen.builds;
  if (seen.name == "ioctl") return std::find(expected.arguments.begin(), expected.arguments.end(), seen.arguments.at(0)) != expected.arguments.end();
  if (seen.name == "fsconfig") return seen.arguments.at(0) == "?" || is_same_option(expected.arguments.at(0), seen.arguments.at(0));
  const std::size_t both = std::min(expected.arguments.size(), seen.arguments.size());
  for (std::size_t at = 0; at < both; ++at) {
    // Below the root only the last name is used, with the folder that it is in open.
    const bool below_root = at > 0 && expected.arguments[at - 1] == "ROOT" && expected.names[0] != "openat2";
    const std::string wanted = below_root ? format("\"{}", last_name(expected.arguments[at])) : expected.arguments[at];
    if (!is_same_argument(wanted, seen.arguments[at], bindings)) return false;
  }
  return true;
}

}  // namespace snug::explain
