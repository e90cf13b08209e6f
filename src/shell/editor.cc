#include "snug/shell/editor.hh"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>
#include <readline/tilde.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "signals.hh"
#include "snug/base/signals.hh"
#include "snug/base/text.hh"
#include "words.hh"

namespace snug::shell {
namespace {

// readline's callbacks carry no argument of ours.
Editor* current = nullptr;

bool is_folder(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

// Adds the names of files. One that a terminal could act on is left out: readline would print it as it is.
void add_files(Candidates& found) {
  const std::string path = found.typed.substr(found.from), before = found.typed.substr(0, found.from);
  if (path.starts_with('~')) return;  // readline would take it for a home folder, and the commands would not
  for (int state = 0; char* name = ::rl_filename_completion_function(path.c_str(), state); state = 1) {
    const std::string file = name;
    ::free(name);
    const bool folder = is_folder(file);
    if (printable(file) != file || (found.files == Candidates::Files::folders && !folder)) continue;
    found.words.push_back({before + file + (folder ? "/" : "")});
  }
  rl_filename_completion_desired = 0;
}

// What all candidates begin with, in whole characters.
std::string common_front(const std::vector<cli::Candidate>& words) {
  const std::string& first = words[0].word;
  std::string_view common = first;
  for (const auto& [word, about] : words) {
    std::size_t length = 0;
    while (length < std::min(common.size(), word.size()) && common[length] == word[length]) ++length;
    common = common.substr(0, length);
  }
  const auto cuts_a_character = [&] {
    return common.size() < first.size() && (first[common.size()] & 0xc0) == 0x80;
  };
  while (!common.empty() && cuts_a_character()) common.remove_suffix(1);
  return std::string(common);
}

// As it is listed: of a path the last part.
std::string short_name(std::string_view word) {
  const std::size_t slash = word.substr(0, word.size() - (word.ends_with('/') ? 1 : 0)).rfind('/');
  return std::string(slash == std::string_view::npos ? word : word.substr(slash + 1));
}

bool is_to_be_continued(const std::string& word) { return word.ends_with('/') || word.ends_with(':') || word.ends_with('='); }

}  // namespace

Editor::Editor(CompleteLine complete_line) : complete_line_(std::move(complete_line)), before_(current) {
  current = this;
  rl_readline_name = "snug";
  rl_catch_signals = 0;  // they come as data
  rl_catch_sigwinch = 0;
  rl_change_environment = 0;  // LINES and COLUMNS would be handed on to programs of the host
  rl_prep_term_function = take_terminal;
  rl_deprep_term_function = give_terminal_back;
  rl_getc_function = next_byte;
  rl_attempted_completion_function = complete;
  rl_completion_word_break_hook = find_word_breaks;
  rl_completion_display_matches_hook = show;
  // Whose home "~name" is, libraries would tell that are those of the root that the process is in by then.
  tilde_expansion_preexpansion_hook = [](char* name) { return ::strdup(format("~{}", name).c_str()); };
  ::rl_initialize();
}

Editor::~Editor() { current = before_; }

bool Editor::was_interrupted() const { return cut_short_by_ == SIGINT; }

void Editor::remember(const std::string& line) { ::add_history(line.c_str()); }

void Editor::forget_lines() { ::clear_history(); }

std::optional<std::string> Editor::read(const char* prompt) {
  std::optional<std::string> line;
  cut_short_by_ = 0;
  {
    const SignalsAsData signals;
    signals_ = &signals;
    ::rl_reset_screen_size();  // it may have changed while a command had the terminal
    char* text = ::readline(prompt);
    if (text) line = text;
    ::free(text);
  }
  if (cut_short_by_ == 0) return line;
  ::rl_crlf();
  if (cut_short_by_ != SIGINT) suffer(cut_short_by_);
  return "";
}

// Ctrl-C and Ctrl-Z throw away what was typed and not yet read, also between a poll(2) and a read(2): with VMIN 0
// the read does not wait then, and the signal is not overslept.
void Editor::take_terminal(int meta) {
  ::rl_prep_terminal(meta);
  termios modes{};
  if (::tcgetattr(STDIN_FILENO, &modes) != 0) return;
  modes.c_cc[VMIN] = modes.c_cc[VTIME] = 0;
  ::tcsetattr(STDIN_FILENO, TCSADRAIN, &modes);
}

void Editor::give_terminal_back() {
  rl_eof_found = 0;  // some terminals would get a line feed then, and others none
  ::rl_deprep_terminal();
}

int Editor::next_byte(FILE*) {
  while (current->cut_short_by_ == 0) {
    unsigned char byte = 0;
    const ssize_t count = ::read(STDIN_FILENO, &byte, 1);
    if (count > 0) return byte;
    if (count < 0 && errno != EINTR && errno != EAGAIN) return EOF;
    pollfd polls[2]{{current->signals_->fd(), POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
    if (::poll(polls, 2, -1) <= 0) continue;
    if (polls[0].revents) current->heed(current->signals_->next());
    if (polls[1].revents & ~POLLIN) return EOF;
  }
  return RL_ISSTATE(RL_STATE_READCMD) ? READERR : EOF;
}

void Editor::heed(int signal) {
  if (signal == SIGWINCH) return ::rl_resize_terminal();
  if (signal == SIGTSTP) {
    ::rl_cleanup_after_signal();
    suffer(signal);
    ::rl_reset_after_signal();
    ::rl_forced_update_display();
  } else if (signal != 0) {
    ::rl_echo_signal_char(signal);
    cut_short_by_ = signal;
  }
}

// readline replaces what follows the last of these characters. A word with quotes may hold one of them: then the
// whole line is replaced.
char* Editor::find_word_breaks() {
  static char blanks[] = " \t\n", none[] = "";
  const std::string_view before(rl_line_buffer, static_cast<std::size_t>(rl_point));
  const Line line = take_apart(before);
  const bool plain = line.end == Line::End::gap ||
                     (line.end == Line::End::word && before.substr(line.words.back().start) == line.words.back().text);
  return plain ? blanks : none;
}

char** Editor::complete(const char* text, int start, int) {
  rl_attempted_completion_over = 1;  // names of files are offered where they fit, and nowhere else
  rl_completion_suppress_append = 1;
  const std::string_view before(rl_line_buffer, static_cast<std::size_t>(rl_point));
  auto [word_start, found] = current->complete_line_(before);
  if (found.files != Candidates::Files::none) add_files(found);
  if (found.words.empty()) return nullptr;
  std::sort(found.words.begin(), found.words.end(), [](const auto& one, const auto& other) { return one.word < other.word; });

  const auto front = before.substr(static_cast<std::size_t>(start), word_start - static_cast<std::size_t>(start));
  const auto replacement = [&](const std::string& word) { return format("{}{}", front, found.verbatim ? word : escaped(word)); };
  const std::string common = common_front(found.words);
  // Shorter than what is typed: inputrc says that the case of letters does not matter.
  std::vector<std::string> texts{common.size() < found.typed.size() ? text : replacement(common)};
  const bool only = found.words.size() == 1;
  if (only && !is_to_be_continued(common) && rl_line_buffer[rl_point] == '\0') texts[0] += ' ';
  current->names_.clear();
  for (const auto& [word, about] : found.words) {
    if (!only) texts.push_back(replacement(word));
    current->names_.push_back(short_name(std::string_view(word).substr(found.from)));
  }

  auto** matches = static_cast<char**>(::calloc(texts.size() + 1, sizeof(char*)));  // readline's to free
  for (std::size_t at = 0; matches && at < texts.size(); ++at) matches[at] = ::strdup(texts[at].c_str());
  return matches;
}

void Editor::show(char**, int, int) {
  std::string none;
  std::vector<char*> names{none.data()};  // readline counts from 1
  std::size_t longest = 0;
  for (std::string& name : current->names_) {
    names.push_back(name.data());
    longest = std::max(longest, name.size());
  }
  names.push_back(nullptr);
  ::rl_display_match_list(names.data(), static_cast<int>(names.size()) - 2, static_cast<int>(longest));
  ::rl_forced_update_display();
}

}  // namespace snug::shell
