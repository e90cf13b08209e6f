#include "complete.hh"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>

#include "files.hh"
#include "snug/base/text.hh"
#include "table.hh"

namespace snug::builtin {
namespace {

constexpr std::array<std::string_view, 10> opening{"if", "then", "elif", "else", "while", "until", "do", "{", "!", "time"};

// Names that a terminal could act on are not offered: readline would print them as they are.
void offer(shell::Candidates& to, std::string_view name) {
  if (name.starts_with(to.typed) && printable(name) == name && std::none_of(to.words.begin(), to.words.end(), [&](const auto& each) { return each.word == name; }))
    to.words.push_back({std::string(name)});
}

void offer_commands(shell::Candidates& to, const Session& session) {
  for (const BuiltinGroup& group : builtin_groups())
    for (const Builtin& each : group.builtins) offer(to, each.name);
  for (const auto& [name, body] : session.functions) offer(to, name);
  for (const auto& [name, text] : session.aliases) offer(to, name);
  for (const std::string& folder : split(session.value("PATH"), ':')) {
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(folder.empty() ? "." : folder.c_str()), ::closedir);
    while (const dirent* entry = entries ? ::readdir(entries.get()) : nullptr)
      if (entry->d_name[0] != '.' && ::access(join_path(folder, entry->d_name).c_str(), X_OK) == 0) offer(to, entry->d_name);
  }
}

/// $NAME or ${NAME}, at the front of a text.
struct VariableAt {
  std::string name = {};
  std::size_t length = 0;  ///< 0: there is none
};

VariableAt find_variable(std::string_view text) {
  if (!text.starts_with('$')) return {};
  const bool in_braces = text.starts_with("${");
  std::size_t end = in_braces ? 2 : 1;
  const std::size_t front = end;
  while (end < text.size() && is_name(text.substr(front, end + 1 - front))) ++end;
  if (end == front || (in_braces && text.substr(end, 1) != "}")) return {};
  return {std::string(text.substr(front, end - front)), end + in_braces};
}

}  // namespace

LastWord find_last_word(std::string_view line, const std::function<std::optional<std::string>(const std::string&)>& find) {
  LastWord word{.start = 0, .is_command = true};
  bool in_word = false;
  char quote = 0;
  const auto end_word = [&](std::size_t at, bool command) {
    const bool opens = std::find(opening.begin(), opening.end(), word.text) != opening.end();
    const bool assigns = word.text.find('=') != std::string::npos && is_name(std::string_view(word.text).substr(0, word.text.find('=')));
    word.is_command = command || (word.is_command && in_word && (opens || assigns)) || (word.is_command && !in_word);
    word.start = at + 1;
    word.text.clear();
    in_word = false;
  };
  for (std::size_t at = 0; at < line.size(); ++at) {
    const char each = line[at];
    if (const VariableAt variable = quote == '\'' ? VariableAt() : find_variable(line.substr(at)); variable.length && at + variable.length < line.size()) {
      word.text += find(variable.name).value_or("");
      at += variable.length - 1;
      in_word = true;
    } else if (quote) {
      if (each == quote) quote = 0;
      else if (each == '\\' && quote == '"' && at + 1 < line.size()) word.text += line[++at];
      else word.text += each;
    } else if (each == '\'' || each == '"') {
      quote = each;
      in_word = true;
    } else if (each == '\\' && at + 1 < line.size()) {
      word.text += line[++at];
      in_word = true;
    } else if (std::string_view(" \t\n").find(each) != std::string_view::npos) {
      end_word(at, false);
    } else if (std::string_view(";|&(").find(each) != std::string_view::npos) {
      end_word(at, true);
    } else if (each == '<' || each == '>') {
      end_word(at, false);
      word.is_command = false;
    } else {
      word.text += each;
      in_word = true;
    }
  }
  return word;
}

shell::Completion find_completions(std::string_view line, const Session& session) {
  LastWord word = find_last_word(line, [&](const std::string& name) { return session.find(name); });
  shell::Completion completion{.start = word.start, .found = {.typed = std::move(word.text)}};
  shell::Candidates& found = completion.found;
  if (found.typed.starts_with('$') && line.substr(word.start) == found.typed) {
    found.verbatim = true;
    for (const auto& [name, variable] : session.variables)
      if (format("${}", name).starts_with(found.typed)) found.words.push_back({format("${}", name)});
    return completion;
  }
  if (word.is_command && found.typed.find('/') == std::string::npos) offer_commands(found, session);
  else found.files = shell::Candidates::Files::all;
  return completion;
}

}  // namespace snug::builtin
