#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace snug {

/// What ends a command: one sentence that says what failed, on which object, and why.
/// Callers add where they were (`during`), the hint is one thing to do that is true and checkable. Where another program told
/// the rest of it already, there is a hint alone.
class Error : public std::exception {
 public:
  explicit Error(std::string message, std::string hint = {})
      : message_(std::move(message)), hint_(std::move(hint)) {}

  [[nodiscard]] const char* what() const noexcept override { return message_.c_str(); }
  [[nodiscard]] const std::string& message() const noexcept { return message_; }
  [[nodiscard]] const std::string& hint() const noexcept { return hint_; }
  [[nodiscard]] const std::vector<std::string>& contexts() const noexcept { return contexts_; }
  [[nodiscard]] int exit_code() const noexcept { return exit_code_; }

  /// Adds what the caller was doing; printed as a `while:` line, innermost first.
  Error& during(std::string context) {
    contexts_.push_back(std::move(context));
    return *this;
  }

  /// Sets the exit code where it is not the 125 of "snug itself failed" (126 cannot execute, 127 not found).
  Error& with_exit_code(int code) noexcept {
    exit_code_ = code;
    return *this;
  }

 private:
  std::string message_;
  std::string hint_;
  std::vector<std::string> contexts_;
  int exit_code_ = 125;
};

/// A word of the command line or of a configuration file that snug cannot take.
class UsageError : public Error {
 public:
  using Error::Error;
};

/// Renders what is printed of an error, line feed included: the message, `while:` lines and the hint. Of any other
/// exception: that snug gave up. What a terminal could act on is escaped.
[[nodiscard]] std::string render_error(const std::exception& error);

/// Gives "Permission denied (EACCES)" for an errno.
[[nodiscard]] std::string errno_text(int error);

/// Makes the Error of a failed kernel call: "cannot WHAT: Permission denied (EACCES)".
[[nodiscard]] Error system_error(std::string_view what, int error, std::string hint = {});

}  // namespace snug
