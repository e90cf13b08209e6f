#pragma once

#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace snug::builtin {

struct List;
struct Part;

/// A word as it is written: what its parts become is put together, split and matched when the command is done.
struct Word {
  std::vector<Part> parts;
  std::size_t start = 0;  ///< where in the text it begins
  bool assigns = false;   ///< NAME=VALUE of export and its kin: neither split nor a pattern
};

/// A piece of a word. Of what is quoted nothing is split, and nothing is a pattern.
struct Part {
  enum class Kind { text, variable, length, command, arithmetic, home };
  Kind kind = Kind::text;
  bool quoted = false;
  std::string text = {};  ///< the text; the name of a variable; whose home, "": one's own
  std::string operation = {};         ///< of ${NAME:-WORD} what stands between the two: "-", ":-", "%%"
  std::shared_ptr<Word> argument = {};  ///< of that, WORD
  std::shared_ptr<List> commands = {};  ///< of $(…)
};

struct Redirection {
  enum class Kind { read, write, append, read_write, duplicate, document, overwrite };
  Kind kind = Kind::read;
  int fd = 0;
  Word target = {};
  std::shared_ptr<const Word> document = {};  ///< the lines that are read
};

struct Assignment {
  std::string name;
  Word value;
};

struct Simple {
  std::vector<Assignment> assignments;
  std::vector<Word> words;
};

/// { …; } or ( … ).
struct Group {
  std::shared_ptr<List> body;
  bool forked = false;
};

struct If {
  struct Branch {
    std::shared_ptr<List> condition, body;
  };
  std::vector<Branch> branches;
  std::shared_ptr<List> otherwise;  ///< may be null
};

/// while and until.
struct Loop {
  std::shared_ptr<List> condition, body;
  bool until = false;
};

struct For {
  std::string name;
  bool has_words = false;  ///< without `in`: the parameters
  std::vector<Word> words;
  std::shared_ptr<List> body;
};

struct Case {
  struct Branch {
    std::vector<Word> patterns;
    std::shared_ptr<List> body;
  };
  Word word;
  std::vector<Branch> branches;
};

struct Command;

struct Function {
  std::string name;
  std::shared_ptr<Command> body;
};

struct Command {
  std::variant<Simple, Group, If, Loop, For, Case, Function> what;
  std::vector<Redirection> redirections;
};

struct Pipeline {
  std::vector<Command> commands;
  bool negated = false;
};

/// Pipelines with && and || between them.
struct Chain {
  struct Link {
    enum class When { always, success, failure };
    When when = When::always;
    Pipeline pipeline;
  };
  std::vector<Link> links;
  bool background = false;
  std::string text;  ///< as it was typed
};

struct List {
  std::vector<Chain> chains;
};

/// A text that is no command of this language.
class SyntaxError : public std::runtime_error {
 public:
  SyntaxError(const std::string& message, bool incomplete) : std::runtime_error(message), incomplete_(incomplete) {}
  /// More lines could make it one.
  [[nodiscard]] bool is_incomplete() const noexcept { return incomplete_; }

 private:
  bool incomplete_;
};

/// What stands for other words where a command begins.
using Aliases = std::map<std::string, std::string>;

class Parser;

/// Reads the commands of a text, some lines at a time, so that one can say what the next ones mean.
class Commands {
 public:
  /// `aliases` may be null, and may change between two calls.
  explicit Commands(std::string_view text, const Aliases* aliases = nullptr);
  ~Commands();
  Commands(const Commands&) = delete;
  Commands& operator=(const Commands&) = delete;

  /// Gives the commands of the next line, and of as many more as it takes to end them; nothing at the end. Throws SyntaxError.
  [[nodiscard]] std::optional<List> next();

 private:
  std::unique_ptr<Parser> parser_;
};

/// Reads all commands. Throws SyntaxError. Pure.
[[nodiscard]] List parse(std::string_view text, const Aliases* aliases = nullptr);

/// Gives the length of the name of a user that may stand behind a ~; it may be 0.
[[nodiscard]] std::size_t user_length(std::string_view text);

/// Whether a variable may be called so.
[[nodiscard]] bool is_name(std::string_view text);

}  // namespace snug::builtin
