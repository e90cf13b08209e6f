#pragma once

#include <regex.h>

#include <array>
#include <string>

#include "call.hh"
#include "snug/base/text.hh"

namespace snug::builtin {

/// A regular expression, ready to be looked for.
class Expression {
 public:
  /// `flags`: of regcomp(3). Throws Failure.
  Expression(const std::string& pattern, int flags) {
    const int error = ::regcomp(&compiled_, pattern.c_str(), flags);
    if (error == 0) return;
    std::array<char, 256> text;
    ::regerror(error, &compiled_, text.data(), text.size());
    throw Failure(format("{}: {}", quoted(pattern), text.data()), 2);
  }
  ~Expression() { ::regfree(&compiled_); }
  Expression(const Expression&) = delete;
  Expression& operator=(const Expression&) = delete;

  /// Where it is in `text` from `from` on.
  [[nodiscard]] bool find(const std::string& text, std::size_t from, regmatch_t& place) const {
    if (::regexec(&compiled_, text.c_str() + from, 1, &place, from ? REG_NOTBOL : 0) != 0) return false;
    place.rm_so += static_cast<regoff_t>(from);
    place.rm_eo += static_cast<regoff_t>(from);
    return true;
  }

 private:
  regex_t compiled_{};
};

}  // namespace snug::builtin
