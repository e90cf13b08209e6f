#include <sys/stat.h>
#include <unistd.h>

#include "snug/base/text.hh"
#include "words.hh"

namespace snug::builtin {
namespace {

bool is_binary(std::string_view word) {
  for (const std::string_view each : {"=", "==", "!=", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef"})
    if (word == each) return true;
  return false;
}

bool is_unary(std::string_view word) {
  return word.size() == 2 && word[0] == '-' && std::string_view("bcdefghknprsStuwxzLOG").find(word[1]) != std::string_view::npos;
}

bool check_file(char letter, const std::string& path) {
  if (letter == 'r' || letter == 'w' || letter == 'x') return ::access(path.c_str(), letter == 'r' ? R_OK : letter == 'w' ? W_OK : X_OK) == 0;
  struct stat status {};
  const bool link = letter == 'L' || letter == 'h';
  if ((link ? ::lstat(path.c_str(), &status) : ::stat(path.c_str(), &status)) != 0) return false;
  switch (letter) {
    case 'b': return S_ISBLK(status.st_mode);
    case 'c': return S_ISCHR(status.st_mode);
    case 'd': return S_ISDIR(status.st_mode);
    case 'f': return S_ISREG(status.st_mode);
    case 'p': return S_ISFIFO(status.st_mode);
    case 'S': return S_ISSOCK(status.st_mode);
    case 'g': return (status.st_mode & S_ISGID) != 0;
    case 'u': return (status.st_mode & S_ISUID) != 0;
    case 'k': return (status.st_mode & S_ISVTX) != 0;
    case 's': return status.st_size > 0;
    case 'O': return status.st_uid == ::geteuid();
    case 'G': return status.st_gid == ::getegid();
    case 'L':
    case 'h': return S_ISLNK(status.st_mode);
    default: return true;
  }
}

bool check(const std::string& operation, const std::string& word) {
  const char letter = operation[1];
  if (letter == 'z') return word.empty();
  if (letter == 'n') return !word.empty();
  if (letter == 't') return ::isatty(static_cast<int>(number_of(word))) != 0;
  return check_file(letter, word);
}

bool compare_files(const std::string& left, std::string_view operation, const std::string& right) {
  struct stat one {}, other {};
  const bool has_one = ::stat(left.c_str(), &one) == 0, has_other = ::stat(right.c_str(), &other) == 0;
  if (operation == "-ef") return has_one && has_other && one.st_dev == other.st_dev && one.st_ino == other.st_ino;
  const auto is_later = [](const struct stat& a, const struct stat& b) {
    return a.st_mtim.tv_sec != b.st_mtim.tv_sec ? a.st_mtim.tv_sec > b.st_mtim.tv_sec : a.st_mtim.tv_nsec > b.st_mtim.tv_nsec;
  };
  return operation == "-nt" ? has_one && (!has_other || is_later(one, other)) : has_other && (!has_one || is_later(other, one));
}

bool compare(const std::string& left, std::string_view operation, const std::string& right) {
  if (operation == "=" || operation == "==") return left == right;
  if (operation == "!=") return left != right;
  if (operation == "<") return left < right;
  if (operation == ">") return left > right;
  if (operation == "-nt" || operation == "-ot" || operation == "-ef") return compare_files(left, operation, right);
  const long long one = number_of(trimmed(left)), other = number_of(trimmed(right));
  if (operation == "-eq") return one == other;
  if (operation == "-ne") return one != other;
  if (operation == "-lt") return one < other;
  if (operation == "-le") return one <= other;
  if (operation == "-gt") return one > other;
  return one >= other;
}

class Expression {
 public:
  explicit Expression(std::span<const std::string> words) : words_(words) {}

  bool all() {
    if (words_.empty()) return false;
    const bool holds = either();
    if (at_ < words_.size()) throw Failure(format("no use for {} here", quoted(words_[at_])), 2);
    return holds;
  }

 private:
  [[nodiscard]] std::size_t left() const { return words_.size() - at_; }
  [[nodiscard]] bool sees(std::string_view word) const { return left() > 0 && words_[at_] == word; }

  bool either() {
    bool holds = both();
    while (sees("-o")) {
      ++at_;
      holds = both() || holds;
    }
    return holds;
  }

  bool both() {
    bool holds = negated();
    while (sees("-a")) {
      ++at_;
      holds = negated() && holds;
    }
    return holds;
  }

  bool negated() {
    const bool compares = left() >= 3 && is_binary(words_[at_ + 1]);
    if (!compares && sees("!") && left() > 1) {
      ++at_;
      return !negated();
    }
    return primary(compares);
  }

  bool primary(bool compares) {
    if (left() == 0) throw Failure("something is missing at the end", 2);
    if (compares) {
      at_ += 3;
      return compare(words_[at_ - 3], words_[at_ - 2], words_[at_ - 1]);
    }
    if (sees("(") && left() > 2) {
      ++at_;
      const bool holds = either();
      if (!sees(")")) throw Failure("')' is missing", 2);
      ++at_;
      return holds;
    }
    if (left() > 1 && is_unary(words_[at_])) {
      at_ += 2;
      return check(words_[at_ - 2], words_[at_ - 1]);
    }
    return !words_[at_++].empty();
  }

  std::span<const std::string> words_;
  std::size_t at_ = 0;
};

}  // namespace

int test_expression(Call& call) {
  std::span<const std::string> words(call.words);
  if (words[0] == "[") {
    if (words.back() != "]") throw Failure("']' is missing", 2);
    words = words.first(words.size() - 1);
  }
  try {
    return Expression(words.subspan(1)).all() ? 0 : 1;
  } catch (const Failure& problem) {
    throw Failure(problem.message(), 2);
  }
}

}  // namespace snug::builtin
