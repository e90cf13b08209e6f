#include "candidates.hh"

#include <algorithm>

#include "snug/base/text.hh"
#include "words.hh"

namespace snug::shell {
namespace {

using cli::Complete;
using Files = Candidates::Files;
using Options = std::vector<const cli::Option*>;

constexpr std::size_t nowhere = std::string_view::npos;
constexpr cli::Completer of_a_flag{Complete::words, "true false"};

/// What a word that begins with a dash means to the parser.
struct OptionWord {
  const cli::Option* option = nullptr;  ///< the one that the value belongs to
  std::size_t value = nowhere;          ///< where in the word its value begins
};

OptionWord read_long(std::string_view word, const Options& options) {
  const std::size_t equals = word.find('=');
  const std::string_view name = word.substr(2, equals == nowhere ? nowhere : equals - 2);
  for (const cli::Option* option : options)
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

void offer_word(Candidates& to, std::size_t from, std::string_view word) {
  if (word.starts_with(std::string_view(to.typed).substr(from)))
    to.words.push_back(to.typed.substr(0, from).append(word));
}

void offer_rootfs(Candidates& to, std::size_t from) {
  const std::string_view value = std::string_view(to.typed).substr(from);
  if (value.starts_with("dir:") || value.starts_with("tar:")) {
    to.path = from + 4;
    to.files = value[0] == 'd' ? Files::folders : Files::all;
  } else if (value.starts_with('/') || value.starts_with('.')) {
    to.files = Files::folders;
  } else {
    for (const std::string_view word : {"host", "dir:", "tar:"}) offer_word(to, from, word);
  }
}

/// Offers what a value can be that begins at `from` in the word.
void offer_value(Candidates& to, std::size_t from, const cli::Completer& completer, cli::CommandTable commands) {
  to.path = from;
  switch (completer.kind) {
    case Complete::nothing: break;
    case Complete::containers: break;  // comes with the prompt's own look at the store
    case Complete::file: to.files = Files::all; break;
    case Complete::folder: to.files = Files::folders; break;
    case Complete::rootfs: offer_rootfs(to, from); break;
    case Complete::command:
      for (const cli::Command* command : commands) offer_word(to, from, command->name);
      break;
    case Complete::words:
      for (const std::string& word : split(completer.words, ' ')) offer_word(to, from, word);
      break;
  }
}

/// Goes through the words of a command as the parser does.
class Walk {
 public:
  Walk(const cli::Command& command, cli::CommandTable commands)
      : command_(command), commands_(commands), options_(cli::options_of(command)) {}

  void pass(std::string_view word) {
    if (wants_) {
      wants_ = nullptr;
    } else if (only_operands_ || !word.starts_with('-') || word == "-") {
      ++operands_;
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
    else if (operands_ == 0)
      offer_value(to, 0, command_.completer, commands_);
    else if (command_.stop_at_operand)
      to.files = Files::all;
  }

 private:
  void offer_option(Candidates& to) const {
    const OptionWord read = read_option(to.typed, options_);
    if (read.option && read.value != nowhere)
      return offer_value(to, read.value, read.option->is_flag() ? of_a_flag : read.option->completer, commands_);
    for (const cli::Option* option : options_)
      if (!option->hidden) offer_word(to, 0, format("--{}", option->name));
  }

  const cli::Command& command_;
  cli::CommandTable commands_;
  Options options_;
  const cli::Option* wants_ = nullptr;
  std::size_t operands_ = 0;
  bool only_operands_ = false;
};

void offer_command(Candidates& to, cli::CommandTable commands) {
  for (const cli::Command* command : commands) offer_word(to, 0, command->name);
  for (const std::string_view word : leaving_words) offer_word(to, 0, word);
}

}  // namespace

Candidates find_candidates(std::string_view text, cli::CommandTable commands) {
  Line line = take_apart(text);
  Candidates found;
  if (line.end == Line::End::comment) return found;
  if (line.end == Line::End::gap) line.words.push_back({{}, text.size()});
  found.start = line.words.back().start;
  found.typed = std::move(line.words.back().text);
  line.words.pop_back();
  if (!line.words.empty() && text[line.words[0].start] == host_mark) {
    found.files = Files::all;
    return found;
  }
  if (!line.words.empty() && line.words[0].text == own_name) line.words.erase(line.words.begin());
  if (line.words.empty()) {
    offer_command(found, commands);
    return found;
  }
  for (const cli::Command* command : commands) {
    if (command->name != line.words[0].text) continue;
    Walk walk(*command, commands);
    for (std::size_t at = 1; at < line.words.size(); ++at) walk.pass(line.words[at].text);
    walk.offer(found);
  }
  return found;
}

}  // namespace snug::shell
