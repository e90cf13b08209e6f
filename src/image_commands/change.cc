#include "change.hh"

#include <algorithm>
#include <array>
#include <ctime>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "snug/base/error.hh"
#include "snug/base/json.hh"
#include "snug/base/signals.hh"
#include "snug/base/text.hh"
#include "snug/base/time.hh"

namespace snug::image_commands {
namespace {

using image::Process;
using Words = std::vector<std::string>;

constexpr std::string_view blanks = " \t";

/// Takes words apart as a Dockerfile has them: quotes of both kinds, and backslashes.
Words split_words(std::string_view text) {
  Words words;
  bool inside = false;
  char quote = 0;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char letter = text[at];
    if (!quote && blanks.find(letter) != std::string_view::npos) {
      inside = false;
      continue;
    }
    if (!std::exchange(inside, true)) words.emplace_back();
    if (letter == quote) quote = 0;
    else if (!quote && (letter == '"' || letter == '\'')) quote = letter;
    else if (letter == '\\' && quote != '\'' && at + 1 < text.size()) words.back() += text[++at];
    else words.back() += letter;
  }
  if (quote) throw UsageError(format("the quote {} is not closed in {}", quote, quoted(text)));
  return words;
}

/// A JSON list; nothing where it is none. One of something else than texts was meant for one, as docker has it.
std::optional<Words> try_list(std::string_view text) {
  if (!text.starts_with('[')) return {};
  Json list;
  try {
    list = parse_json(text);
  } catch (const Error&) {
    return {};
  }
  Words words;
  for (const Json& word : list) {
    if (!word.is_string()) throw UsageError(format("{} is no list of texts alone", quoted(text)), R"(write each in quotes: ["a", "1"])");
    words.push_back(word.get<std::string>());
  }
  return words;
}

Words command_of(std::string_view text) { return try_list(text).value_or(Words{"/bin/sh", "-c", std::string(text)}); }

/// NAME=VALUE..., or NAME VALUE as it was once written.
std::vector<std::pair<std::string, std::string>> pairs_of(std::string_view text) {
  const std::size_t blank = text.find_first_of(blanks), equals = text.find('=');
  if (equals == std::string_view::npos || blank < equals) {
    if (blank == std::string_view::npos) throw UsageError(format("{} has no value", quoted(text)), "write NAME=VALUE");
    return {{std::string(text.substr(0, blank)), std::string(trimmed(text.substr(blank)))}};
  }
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const std::string& word : split_words(text)) {
    const std::size_t at = word.find('=');
    if (at == std::string::npos || at == 0) throw UsageError(format("{} is no NAME=VALUE", quoted(word)));
    pairs.emplace_back(word.substr(0, at), word.substr(at + 1));
  }
  return pairs;
}

void set_env(Process& process, std::string_view text) {
  for (const auto& [name, value] : pairs_of(text)) {
    std::erase_if(process.env, [&](const std::string& old) { return old.starts_with(name + "="); });
    process.env.push_back(format("{}={}", name, value));
  }
}

void set_labels(Process& process, std::string_view text) {
  for (const auto& [name, value] : pairs_of(text)) process.labels[name] = value;
}

void add_once(Words& list, std::string word) {
  if (std::find(list.begin(), list.end(), word) == list.end()) list.push_back(std::move(word));
}

void add_ports(Process& process, std::string_view text) {
  std::set<std::string> known(process.ports.begin(), process.ports.end());  // ranges may be long
  for (const std::string& word : split_words(text)) {
    const std::size_t slash = word.find('/');
    const std::string protocol = slash == std::string::npos ? "tcp" : word.substr(slash + 1);
    const std::string range = word.substr(0, slash);
    const std::size_t dash = range.find('-');
    const auto first = parse_number(range.substr(0, dash)), last = dash == std::string::npos ? first : parse_number(range.substr(dash + 1));
    if (!first || !last || *first == 0 || *first > *last || *last > 65535 || (protocol != "tcp" && protocol != "udp" && protocol != "sctp"))
      throw UsageError(format("{} is no port", quoted(word)), "80, 53/udp, 8000-8010");
    for (auto port = *first; port <= *last; ++port)
      if (std::string each = format("{}/{}", port, protocol); known.insert(each).second) process.ports.push_back(std::move(each));
  }
}

void add_volumes(Process& process, std::string_view text) {
  for (std::string& path : try_list(text).value_or(split_words(text))) add_once(process.volumes, std::move(path));
}

void set_workdir(Process& process, std::string_view text) {
  if (text.starts_with('/') || process.workdir.empty()) process.workdir = text.starts_with('/') ? std::string(text) : format("/{}", text);
  else process.workdir = format("{}{}{}", process.workdir, process.workdir.ends_with('/') ? "" : "/", text);
}

void set_stop_signal(Process& process, std::string_view text) {
  if (!parse_signal(text)) throw UsageError(format("{} is no signal", quoted(text)), "SIGTERM, SIGQUIT, 15");
  process.stop_signal = text;
}

struct Instruction {
  std::string_view name;
  void (*apply)(Process&, std::string_view);
};

constexpr std::array instructions{
    Instruction{"CMD", [](Process& process, std::string_view text) { process.command = command_of(text); }},
    Instruction{"ENTRYPOINT", [](Process& process, std::string_view text) { process.entrypoint = command_of(text); }},
    Instruction{"ENV", set_env},
    Instruction{"EXPOSE", add_ports},
    Instruction{"LABEL", set_labels},
    Instruction{"STOPSIGNAL", set_stop_signal},
    Instruction{"USER", [](Process& process, std::string_view text) { process.user = text; }},
    Instruction{"VOLUME", add_volumes},
    Instruction{"WORKDIR", set_workdir},
};

// A line each; one goes on behind a backslash at its end.
Words instructions_of(std::string_view text) {
  Words found;
  bool goes_on = false;
  for (std::string_view line : lines(text)) {
    if (!std::exchange(goes_on, line.ends_with('\\'))) found.emplace_back();
    if (goes_on) line.remove_suffix(1);
    found.back() += line;
  }
  if (found.size() > 1) std::erase_if(found, [](const std::string& one) { return trimmed(one).empty(); });
  if (found.empty()) found.emplace_back();
  return found;
}

std::string capitals(std::string_view text) {
  std::string large(text);
  for (char& letter : large)
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
  return large;
}

}  // namespace

image::Config new_config(std::string created_by, std::string comment) {
  const std::string now = render_time(std::time(nullptr));
  return {.platform = image::own_platform(), .created = now, .author = {}, .process = {}, .diff_ids = {},
          .history = {{.created = now, .created_by = std::move(created_by), .author = {}, .comment = std::move(comment)}}};
}

void apply_change(Process& process, std::string_view instruction) {
  const std::string_view text = trimmed(instruction);
  const std::size_t end = std::min(text.find_first_of(" \t="), text.size());  // podman takes CMD=… too
  const std::string name = capitals(text.substr(0, end));
  const auto found = std::find_if(instructions.begin(), instructions.end(), [&](const Instruction& one) { return one.name == name; });
  if (found == instructions.end())
    throw UsageError(format("{} is no change", quoted(text.substr(0, end))), "CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME and WORKDIR are");
  const std::string_view value = end < text.size() ? trimmed(text.substr(end + 1)) : "";
  if (value.empty()) throw UsageError(format("{} says nothing", name), format("{} …", name));
  found->apply(process, value);
}

void apply_changes(image::Process& process, const std::vector<std::string>& changes) {
  const auto entrypoint = std::exchange(process.entrypoint, {}), command = std::exchange(process.command, {});
  for (const std::string& change : changes) {
    try {
      for (const std::string& instruction : instructions_of(change)) apply_change(process, instruction);
    } catch (const UsageError& error) {
      throw UsageError(format("--change {}: {}", quoted(change), error.message()), error.hint());
    }
  }
  if (!process.entrypoint && !process.command) process.command = command;  // a new ENTRYPOINT has nothing to do with the old CMD
  if (!process.entrypoint) process.entrypoint = entrypoint;
}

void apply_changes(image::Process& process, const cli::Arguments& arguments) {
  Words changes;
  for (const cli::Given& given : arguments.options)
    if (given.option->name == "change") changes.push_back(given.value);
  apply_changes(process, changes);
}

}  // namespace snug::image_commands
