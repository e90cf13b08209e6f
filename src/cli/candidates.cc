#include "snug/cli/candidates.hh"

#include <algorithm>
#include <array>

#include "snug/base/text.hh"

namespace snug::cli {
namespace {

using Files = Candidates::Files;
using Options = std::vector<const Option*>;

constexpr std::size_t nowhere = std::string_view::npos;
constexpr Completer of_a_flag{Complete::words, "true false"};

/// What a word that begins with a dash means to the parser.
struct OptionWord {
  const Option* option = nullptr;  ///< the one that the value belongs to
  std::size_t value = nowhere;     ///< where in the word its value begins
};

OptionWord read_long(std::string_view word, const Options& options) {
  const std::size_t equals = word.find('=');
  const std::string_view name = word.substr(2, equals == nowhere ? nowhere : equals - 2);
  for (const Option* option : options)
    if (option->name == name) return {option, equals == nowhere ? nowhere : equals + 1};
  return {};
}

OptionWord read_letters(std::string_view word, const Options& options) {
  for (std::size_t at = 1; at < word.size(); ++at) {
    const auto found =
        std::find_if(options.begin(), options.end(), [&](auto* each) { return each->letter == word[at]; });
    if (found == options.end()) return {};
    const bool last = at + 1 == word.size();
    if (!last && word[at + 1] == '=') return {*found, at + 2};
    if (!(*found)->is_flag()) return {*found, last ? nowhere : at + 1};
  }
  return {};
}

OptionWord read_option(std::string_view word, const Options& options) {
  return word.starts_with("--") ? read_long(word, options) : read_letters(word, options);
}

void offer_commands(Candidates& to, CommandTable commands) {
  for (const Command* command : commands) to.offer(command->name, command->summary);
}

/// Offers what a value can be that begins at `from` in the word.
void offer_value(Candidates& to, std::size_t from, const Completer& completer, CommandTable commands) {
  to.from = from;
  to.wanted = completer.kind;
  if (!completer.words.empty())
    for (const std::string& word : split(completer.words, ' ')) to.offer(word);
  switch (completer.kind) {
    case Complete::file: to.files = Files::all; break;
    case Complete::folder: to.files = Files::folders; break;
    case Complete::command: offer_commands(to, commands); break;
    default: break;
  }
}

/// Goes through the words of a command as the parser does.
class Walk {
 public:
  Walk(const Command& command, CommandTable commands)
      : command_(command), commands_(commands), options_(options_of(command)) {}

  void pass(std::string_view word) {
    if (wants_) {
      wants_ = nullptr;
    } else if (only_operands_ || !word.starts_with('-') || word == "-") {
      operands_.emplace_back(word);
      only_operands_ = only_operands_ || command_.stop_at_operand;
    } else if (word == "--") {
      only_operands_ = true;
    } else {
      const OptionWord read = read_option(word, options_);
      if (read.option && !read.option->is_flag() && read.value == nowhere) wants_ = read.option;
    }
  }

  void offer(Candidates& to) const {
    if (wants_)
      offer_value(to, 0, wants_->completer, commands_);
    else if (!only_operands_ && to.typed.starts_with('-'))
      offer_option(to);
    else if (operands_.size() < command_.max_operands)
      offer_operand(to);
  }

 private:
  void offer_operand(Candidates& to) const {
    to.operands = operands_;
    offer_value(to, 0, operands_.empty() ? command_.completer : command_.further.value_or(command_.completer), commands_);
  }

  void offer_option(Candidates& to) const {
    const OptionWord read = read_option(to.typed, options_);
    if (read.option && read.value != nowhere)
      return offer_value(to, read.value, read.option->is_flag() ? of_a_flag : read.option->completer, commands_);
    for (const Option* option : options_)
      if (!option->hidden) to.offer(format("--{}", option->name), option->help);
  }

  const Command& command_;
  CommandTable commands_;
  Options options_;
  const Option* wants_ = nullptr;
  std::vector<std::string> operands_;
  bool only_operands_ = false;
};

}  // namespace

void Candidates::offer(std::string_view word, std::string_view about) {
  if (!word.starts_with(std::string_view(typed).substr(from))) return;
  std::string whole = typed.substr(0, from).append(word);
  if (printable(whole) == whole) words.push_back({std::move(whole), printable(about)});
}

Candidates find_candidates(std::span<const std::string> words, CommandTable commands) {
  Candidates found{.typed = words.back()};
  if (words.size() == 1) {
    offer_commands(found, commands);
    if (!found.typed.empty())
      for (const std::string_view option : {"--help", "--version"}) found.offer(option);
    return found;
  }
  for (const Command* command : commands) {
    if (command->name != words[0]) continue;
    Walk walk(*command, commands);
    for (const std::string& word : words.subspan(1, words.size() - 2)) walk.pass(word);
    walk.offer(found);
  }
  return found;
}

std::string render_candidates(const Candidates& candidates) {
  static constexpr std::array<std::string_view, 3> files{"none", "files", "folders"};
  if (printable(candidates.typed) != candidates.typed) return "none 0\n\n";
  std::string text = format("{} {}\n{}\n", files.at(static_cast<std::size_t>(candidates.files)), candidates.from, candidates.typed);
  for (const Candidate& each : candidates.words) text += format("{}\t{}\n", each.word, each.about);
  return text;
}

}  // namespace snug::cli
