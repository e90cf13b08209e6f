#include <algorithm>
#include <array>

#include "snug/base/error.hh"
#include "snug/base/spell.hh"
#include "snug/base/text.hh"
#include "snug/cli/command.hh"

namespace snug::cli {
namespace {

class Parser {
 public:
  Parser(const Command& command, std::span<const std::string_view> words)
      : command_(command), options_(options_of(command)), words_(words) {}

  Arguments parse() {
    while (!words_.empty()) {
      const std::string_view word = take();
      if (only_operands_ || !word.starts_with('-') || word == "-")
        operand(word);
      else if (word == "--")
        only_operands_ = true;
      else if (word.starts_with("--"))
        long_option(word.substr(2));
      else
        letters(word.substr(1));
    }
    return std::move(arguments_);
  }

 private:
  std::string_view take() {
    const std::string_view word = words_.front();
    words_ = words_.subspan(1);
    return word;
  }

  void operand(std::string_view word) {
    if (arguments_.operands.size() == command_.max_operands)
      throw UsageError(format("{} has no use for the word {}", command_.name, quoted(word)), see_help());
    arguments_.operands.emplace_back(word);
    only_operands_ = only_operands_ || command_.stop_at_operand;
  }

  void long_option(std::string_view text) {
    const std::size_t equals = text.find('=');
    const std::string_view name = text.substr(0, equals);
    const auto found =
        std::find_if(options_.begin(), options_.end(), [&](auto* option) { return option->name == name; });
    if (found == options_.end()) unknown_name(name);
    if (equals != std::string_view::npos)
      give(**found, text.substr(equals + 1));
    else if ((*found)->is_flag())
      give(**found, "true");
    else
      give(**found, next_word(**found, format("--{}", name)));
  }

  void letters(std::string_view cluster) {
    while (!cluster.empty()) {
      const char letter = cluster.front();
      cluster.remove_prefix(1);
      const auto found = std::find_if(options_.begin(), options_.end(),
                                      [&](auto* option) { return option->letter == letter; });
      if (letter == 0 || found == options_.end()) unknown_letter(letter);
      const Option& option = **found;
      if (cluster.starts_with('=')) return give(option, cluster.substr(1));
      if (option.is_flag())
        give(option, "true");
      else
        return give(option, cluster.empty() ? next_word(option, format("-{}", letter)) : cluster);
    }
  }

  std::string_view next_word(const Option& option, std::string_view typed) {
    if (words_.empty()) throw UsageError(format("{} needs a value: {}", typed, option.argument), see_help());
    return take();
  }

  void give(const Option& option, std::string_view value) {
    if (option.is_flag()) value = parse_flag(option, value) ? "true" : "false";
    arguments_.options.push_back({&option, std::string(value)});
  }

  [[noreturn]] void unknown_name(std::string_view name) const {
    if (command_.shared)
      for (const NotYet& absent : command_.shared->not_yet)
        if (absent.word == name) not_yet(format("--{}", name), absent);
    std::vector<std::string> names;
    for (const Option* option : options_)
      if (!option->hidden) names.emplace_back(option->name);
    const auto nearest = find_nearest(name, names);
    throw UsageError(format("{} has no option {}", command_.name, quoted(format("--{}", name))),
                     nearest ? format("did you mean --{}?", *nearest) : see_help());
  }

  [[noreturn]] void unknown_letter(char letter) const {
    const std::string typed{'-', letter};
    if (command_.shared)
      for (const NotYet& absent : command_.shared->not_yet)
        if (absent.letter == letter && letter != 0) not_yet(typed, absent);
    throw UsageError(format("{} has no option {}", command_.name, quoted(typed)), see_help());
  }

  [[noreturn]] static void not_yet(std::string_view typed, const NotYet& absent) {
    throw UsageError(format("{} comes with {}; it is not there yet", typed, absent.comes_with));
  }

  std::string see_help() const { return format("'snug {} --help' lists what it takes", command_.name); }

  const Command& command_;
  std::vector<const Option*> options_;
  std::span<const std::string_view> words_;
  Arguments arguments_;
  bool only_operands_ = false;
};

}  // namespace

std::vector<const Option*> options_of(const Command& command) {
  std::vector<const Option*> options;
  for (const Option& option : command.options) options.push_back(&option);
  if (command.shared)
    for (const Option& option : command.shared->options) options.push_back(&option);
  options.push_back(&help_option);
  return options;
}

Arguments parse(const Command& command, std::span<const std::string_view> words) {
  return Parser(command, words).parse();
}

bool parse_flag(const Option& option, std::string_view value) {
  static constexpr std::array<std::string_view, 3> yes{"true", "1", "yes"}, no{"false", "0", "no"};
  if (std::find(yes.begin(), yes.end(), value) != yes.end()) return true;
  if (std::find(no.begin(), no.end(), value) != no.end()) return false;
  throw UsageError(format("--{} is either true or false, not {}", option.name, quoted(value)));
}

}  // namespace snug::cli
