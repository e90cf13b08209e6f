#include "snug/builtin/shell.hh"

#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <ctime>

#include "complete.hh"
#include "files.hh"
#include "folder.hh"
#include "redirect.hh"
#include "runner.hh"
#include "snug/base/text.hh"
#include "snug/shell/editor.hh"
#include "snug/sys/file.hh"

namespace snug::builtin {

/// What it takes to sit at the shell.
struct Shell::Terminal {
  const Session* session = nullptr;  ///< once there is one
  shell::Editor editor{[this](std::string_view line) { return session ? find_completions(line, *session) : shell::Completion(); }};
};

namespace {

void tell(std::string_view text) { static_cast<void>(sys::write_all(2, text)); }

constexpr std::string_view welcome = "snug's own shell: 'help' tells what it can do, Ctrl-D leaves.\n";

// NAME:/folder# with what a terminal could act on escaped.
std::string prompt_of(const Session& session) {
  const std::string folder = logical_folder(session.value("PWD"));
  const std::string where = session.value("SNUG_CONTAINER").empty() ? session.value("HOSTNAME") : session.value("SNUG_CONTAINER");
  return format("{}:{}{} ", printable(where.empty() ? "snug" : where), folder.empty() ? "?" : printable(folder), ::geteuid() == 0 ? '#' : '$');
}

/// A shell with somebody at a terminal.
class Sitting {
 public:
  Sitting(Session& session, shell::Editor& editor) : session_(session), runner_(session), editor_(editor) {}

  int run() {
    session_.interactive = true;
    ::setenv("HOME", session_.value("HOME").c_str(), 1);  // or readline would have the root's libraries look it up
    spare_shell();
    session_.jobs.take_control(0);
    editor_.forget_lines();
    tell(welcome);
    try {
      while (serve()) continue;
    } catch (const Leave& leave) {
      return leave.code;
    }
    return session_.status;
  }

 private:
  // False at the end of input.
  bool serve() {
    for (const std::string& line : session_.jobs.take_news()) tell(line + "\n");
    static_cast<void>(take_interrupt());
    const auto line = editor_.read(prompt_of(session_).c_str());
    if (!line) return tell("\n"), !may_end();
    if (editor_.was_interrupted()) heed_interrupt();
    else if (!trimmed(*line).empty()) obey(*line);
    return true;
  }

  bool may_end() {
    const bool may = session_.may_leave();
    if (!may) tell(format("{}\n", stopped_jobs));
    return may;
  }

  // It came to the shell itself, or to what had the terminal.
  void heed_interrupt() {
    session_.status = 130;
    if (const auto trap = session_.traps.find(SIGINT); trap != session_.traps.end()) runner_.run_text(std::string(trap->second));
  }

  void obey(std::string text) {
    const bool was_warned = session_.was_warned;
    try {
      const std::optional<List> list = read_whole(text);
      keep(text);
      if (list) session_.status = runner_.run(*list);
      if (session_.history.empty()) editor_.forget_lines();
    } catch (const SyntaxError& error) {
      keep(text);
      tell(format("{}\n", error.what()));
      session_.status = 2;
    } catch (const Interrupted&) {
      tell("\n");
      heed_interrupt();
    } catch (const Error& error) {
      tell(format("{}\n", error.message()));
      session_.status = 1;
    }
    session_.flow = {};
    session_.loops = session_.calls = 0;
    if (was_warned) session_.was_warned = false;
  }

  // Asks for more lines while those that are there are no whole command. Nothing where Ctrl-C took them back.
  std::optional<List> read_whole(std::string& text) {
    for (;;) {
      try {
        return parse(text, &session_.aliases);
      } catch (const SyntaxError& error) {
        if (!error.is_incomplete()) throw;
      }
      const auto more = editor_.read("> ");
      if (!more) throw SyntaxError("the command is not finished", false);
      if (editor_.was_interrupted()) return session_.status = 130, std::nullopt;
      text += "\n" + *more;
    }
  }

  void keep(const std::string& text) {
    session_.history.push_back(text);
    editor_.remember(text);
  }

  Session& session_;
  Runner runner_;
  shell::Editor& editor_;
};

// Line by line, and no further than it does: what follows is the command's, if it reads.
std::optional<std::string> next_line() {
  std::string line;
  char byte = 0;
  for (;;) {
    const ssize_t count = ::read(0, &byte, 1);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return line.empty() ? std::nullopt : std::optional(line);
    if (byte == '\n') return line;
    line += byte;
  }
}

int run_lines(Session& session) {
  Runner runner(session);
  std::string text;
  unsigned number = 0;
  bool has_returns = false;  // as Windows ends lines
  while (auto line = next_line()) {
    if (++number == 1) has_returns = line->ends_with('\r');
    if (has_returns && line->ends_with('\r')) line->pop_back();
    text += text.empty() ? *line : "\n" + *line;  // no line feed behind it: a backslash at its end asks for more
    try {
      const List list = parse(text, &session.aliases);
      text.clear();
      session.status = runner.run(list);
    } catch (const SyntaxError& error) {
      if (error.is_incomplete()) continue;
      tell(format("line {}: {}\n", number, error.what()));
      return 2;
    }
    session.flow = {};
  }
  if (text.empty()) return session.status;
  tell("the last command is not finished\n");
  return 2;
}

int run_words(Session& session, std::vector<std::string> words) {
  Runner runner(session);
  if (words[0] != "-c") return runner.run_words(std::move(words));
  if (words.size() < 2) {
    tell("-c needs a script\n");
    return 2;
  }
  return runner.run_text(words[1]);
}

}  // namespace

// The C library reads a time zone whatever the time is asked for: here it is the host's, inside a file of strangers.
Shell::Shell(bool terminal) : terminal_(terminal ? std::make_unique<Terminal>() : nullptr) { ::tzset(); }

Shell::~Shell() = default;

int Shell::run(const Start& start) noexcept {
  try {
    const bool script = start.words.size() > 1 && start.words[0] == "-c";
    std::vector<std::string> parameters;
    if (script && start.words.size() > 3) parameters.assign(start.words.begin() + 3, start.words.end());
    Session session(script && start.words.size() > 2 ? start.words[2] : "snug", std::move(parameters), start.env);
    session.tools = start.tools < 0 ? -1 : keep_aside(start.tools);
    if (start.tools >= 0) ::close(start.tools);
    int code = 0;
    try {
      if (!start.words.empty()) {
        code = run_words(session, start.words);
      } else if (!terminal_ || !::isatty(0) || !::isatty(1)) {
        code = run_lines(session);
      } else {
        terminal_->session = &session;
        code = Sitting(session, terminal_->editor).run();
      }
    } catch (const Leave& leave) {
      code = leave.code;
    }
    return Runner(session).end(code);
  } catch (const std::exception& error) {
    tell(format("{}\n", error.what()));
  } catch (const Interrupted&) {
    return 130;
  }
  return 125;
}

}  // namespace snug::builtin
