#include "arithmetic.hh"

#include <array>
#include <cstdlib>
#include <cerrno>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "syntax.hh"

namespace snug::builtin {
namespace {

using Number = std::int64_t;

struct Operator {
  std::string_view sign;
  int rank;
};

// The longer of those with the same front first. The higher the rank, the closer it binds.
constexpr std::array<Operator, 18> operators{{{"||", 1}, {"&&", 2}, {"==", 6}, {"!=", 6}, {"<<", 8}, {">>", 8}, {"<=", 7}, {">=", 7}, {"|", 3},
                                              {"^", 4}, {"&", 5}, {"<", 7}, {">", 7}, {"+", 9}, {"-", 9}, {"*", 10}, {"/", 10}, {"%", 10}}};
constexpr std::array<std::string_view, 11> assigning{"<<=", ">>=", "+=", "-=", "*=", "/=", "%=", "&=", "|=", "^=", "="};
constexpr int most_nested = 200;

std::uint64_t bits(Number number) { return static_cast<std::uint64_t>(number); }

Number divide(Number left, Number right, bool rest) {
  if (right == 0) throw Error("division by zero");
  if (right == -1) return rest ? 0 : static_cast<Number>(0 - bits(left));
  return rest ? left % right : left / right;
}

Number apply(std::string_view sign, Number left, Number right) {
  if (sign == "||") return left || right;
  if (sign == "&&") return left && right;
  if (sign == "==") return left == right;
  if (sign == "!=") return left != right;
  if (sign == "<=") return left <= right;
  if (sign == ">=") return left >= right;
  if (sign == "<<") return static_cast<Number>(bits(left) << (bits(right) & 63U));
  if (sign == ">>") return left >> (bits(right) & 63U);
  switch (sign[0]) {
    case '|': return left | right;
    case '^': return left ^ right;
    case '&': return left & right;
    case '<': return left < right;
    case '>': return left > right;
    case '+': return static_cast<Number>(bits(left) + bits(right));
    case '-': return static_cast<Number>(bits(left) - bits(right));
    case '*': return static_cast<Number>(bits(left) * bits(right));
    default: return divide(left, right, sign[0] == '%');
  }
}

class Evaluator {
 public:
  Evaluator(std::string_view text, const Variables& variables) : text_(text), variables_(variables) {}

  Number all() {
    skip();
    if (at_ == text_.size()) return 0;
    const Number value = expression();
    if (at_ < text_.size()) fail();
    return value;
  }

 private:
  [[noreturn]] void fail() const { throw Error(format("no arithmetic: {}", quoted(text_))); }

  void skip() {
    while (at_ < text_.size() && std::string_view(" \t\n").find(text_[at_]) != std::string_view::npos) ++at_;
  }

  bool take(std::string_view sign) {
    if (!text_.substr(at_).starts_with(sign)) return false;
    at_ += sign.size();
    skip();
    return true;
  }

  // What is not reached by || && ?: has no effect and no errors.
  struct Skipping {
    explicit Skipping(int& count, bool on) : count_(count), on_(on) { count_ += on_; }
    ~Skipping() { count_ -= on_; }
    Skipping(const Skipping&) = delete;
    Skipping& operator=(const Skipping&) = delete;
    int& count_;
    bool on_;
  };

  Number expression() {
    if (++depth_ > most_nested) fail();
    const std::size_t start = at_;
    const std::string name = take_name();
    if (!name.empty())
      for (const std::string_view sign : assigning)
        if (!(sign == "=" && text_.substr(at_).starts_with("==")) && take(sign)) return --depth_, assign(name, sign);
    at_ = start;
    const Number condition = binary(1);
    --depth_;
    if (!take("?")) return condition;
    return choose(condition);
  }

  Number choose(Number condition) {
    Number yes = 0, no = 0;
    {
      const Skipping skipping(skipped_, !condition);
      yes = expression();
    }
    if (!take(":")) fail();
    const Skipping skipping(skipped_, condition);
    no = expression();
    return condition ? yes : no;
  }

  Number assign(const std::string& name, std::string_view sign) {
    Number value = expression();
    if (skipped_) return 0;
    if (sign != "=") value = apply(sign.substr(0, sign.size() - 1), number_of(variables_.find(name)), value);
    variables_.set(name, format("{}", value));
    return value;
  }

  Number binary(int lowest) {
    Number left = unary();
    while (const Operator* found = find_operator(lowest)) {
      at_ += found->sign.size();
      skip();
      const bool decided = (found->rank == 1 && left) || (found->rank == 2 && !left);
      const Skipping skipping(skipped_, decided);
      const Number right = binary(found->rank + 1);
      left = skipped_ && !decided ? 0 : decided ? left != 0 : apply(found->sign, left, right);
    }
    return left;
  }

  const Operator* find_operator(int lowest) const {
    for (const Operator& each : operators)
      if (text_.substr(at_).starts_with(each.sign)) return each.rank >= lowest && !(each.rank > 2 && text_.substr(at_ + each.sign.size()).starts_with("=") && each.sign.size() == 1 && each.sign != "<" && each.sign != ">") ? &each : nullptr;
    return nullptr;
  }

  Number unary() {
    if (++depth_ > most_nested) fail();
    Number value = 0;
    if (take("-")) value = static_cast<Number>(0 - bits(unary()));
    else if (take("+")) value = unary();
    else if (take("!")) value = !unary();
    else if (take("~")) value = ~unary();
    else value = primary();
    --depth_;
    return value;
  }

  Number primary() {
    if (take("(")) {
      const Number value = expression();
      if (!take(")")) fail();
      return value;
    }
    if (const std::string name = take_name(); !name.empty()) return number_of(variables_.find(name));
    std::size_t end = at_;
    while (end < text_.size() && std::string_view("0123456789abcdefABCDEFxX").find(text_[end]) != std::string_view::npos) ++end;
    const std::string digits(text_.substr(at_, end - at_));
    if (digits.empty()) fail();
    at_ = end;
    skip();
    return number_of(digits);
  }

  std::string take_name() {
    std::size_t end = at_;
    while (end < text_.size() && is_name(text_.substr(at_, end + 1 - at_))) ++end;
    const std::string name(text_.substr(at_, end - at_));
    if (!name.empty()) at_ = end, skip();
    return name;
  }

  // Also of 0x10 and 010.
  Number number_of(const std::string& text) const {
    if (text.empty()) return 0;
    char* end = nullptr;
    errno = 0;
    const Number value = std::strtoll(text.c_str(), &end, 0);
    if (*end != '\0' || end == text.c_str() || errno) throw Error(format("no number: {}", quoted(text)));
    return value;
  }

  std::string_view text_;
  const Variables& variables_;
  std::size_t at_ = 0;
  int skipped_ = 0, depth_ = 0;
};

}  // namespace

Number evaluate(std::string_view expression, const Variables& variables) { return Evaluator(expression, variables).all(); }

}  // namespace snug::builtin
