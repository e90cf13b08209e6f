#pragma once

#include <initializer_list>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "snug/base/error.hh"

namespace snug::builtin {

class Runner;
class Session;

/// Writes to a descriptor, many bytes at once. Throws Error where that fails.
class Out {
 public:
  explicit Out(int fd);
  ~Out();
  Out(const Out&) = delete;
  Out& operator=(const Out&) = delete;

  void put(std::string_view text);
  void line(std::string_view text) { put(text), put("\n"); }
  void flush();
  [[nodiscard]] bool is_terminal() const { return terminal_; }
  /// Gives a name that strangers chose as it is to be written: where a terminal could act on it, escaped.
  [[nodiscard]] std::string name(std::string_view text) const;

 private:
  int fd_;
  bool terminal_;
  std::string waiting_;
};

/// One call of a command that the shell has itself.
struct Call {
  Runner& runner;
  Session& session;
  std::vector<std::string> words;  ///< the name first
  Out out{1};
  int status = 0;

  /// Tells on standard error what went wrong, as "NAME: TEXT", and goes on. The call ends with 1 then.
  void complain(std::string_view text);
  /// The same of a system call on `object`: "NAME: OBJECT: Permission denied".
  void complain(std::string_view object, int error);
};

/// What ends a call at once; told as Call::complain does.
class Failure : public Error {
 public:
  explicit Failure(const std::string& message, int code = 1) : Error(message) { with_exit_code(code); }
};

/// Gives the Failure of a system call on `object`.
[[nodiscard]] Failure failure(std::string_view object, int error);

/// The words of a call told apart, as GNU programs do it.
class Options {
 public:
  using Names = std::initializer_list<std::pair<std::string_view, char>>;

  /// `letters`: those that it takes, one with a value followed by ':', one that may have a value right behind it,
  /// as -Iseconds or --iso-8601=seconds, by '?'; '+' at the front: what follows the first operand is none; '#' at the front: -5 is the value of '#'. `names`: long
  /// ones and the letters that they stand for, which for a name without one is a sign such as '='. Throws Failure.
  Options(const Call& call, std::string_view letters, Names names = {});

  [[nodiscard]] bool has(char letter) const { return values_.contains(letter); }
  [[nodiscard]] const std::string& value(char letter) const { return values_.at(letter).back(); }
  [[nodiscard]] const std::vector<std::string>& all(char letter) const { return values_.at(letter); }
  /// The one of these letters that was given last; 0: none.
  [[nodiscard]] char last_of(std::string_view letters) const;
  [[nodiscard]] const std::vector<std::string>& operands() const { return operands_; }

  /// Throws where there are fewer or more operands.
  void need(std::size_t least, std::size_t most) const;

 private:
  void take_letters(std::string_view word, std::size_t& at);
  void take_name(std::string_view word, std::size_t& at, Names names);
  void note(char letter, std::string value);
  [[nodiscard]] std::string next(std::size_t& at, std::string_view option) const;

  const Call& call_;
  std::string_view letters_;
  std::map<char, std::vector<std::string>> values_;
  std::string order_;
  std::vector<std::string> operands_;
};

/// The letter of --color[=WHEN], which has none to be typed.
constexpr char colour_letter = '*';

/// Whether to colour what is written, as --color says, which alone means `alone`. Throws Failure.
[[nodiscard]] bool wants_colour(const Call& call, const Options& options, std::string_view alone);

/// Whether standard output is a terminal of a family that obeys the sequences of ANSI, as TERM says: none is sent to another.
[[nodiscard]] bool has_screen(const Call& call);

/// Reads a whole number; throws Failure.
[[nodiscard]] long long number_of(std::string_view text);

/// "Permission denied": what an errno says, without its name.
[[nodiscard]] std::string reason(int error);

}  // namespace snug::builtin
