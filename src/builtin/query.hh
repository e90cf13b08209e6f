#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "files.hh"

namespace snug::builtin {

/// What find has come to.
struct Found {
  std::string path;
  struct stat status {};
  long long depth = 0;
  std::size_t start = 0;  ///< how much of the path was on the command line
};

using Test = std::function<bool(const Found&)>;

/// Thrown by -quit.
struct Quit {};

/// What find is asked for, as functions of what is found.
class Query {
 public:
  /// `follows`: links are followed, with -L. Throws Failure.
  Query(Call& call, std::vector<std::string> words, bool follows);

  /// Whether all of it holds, and does what it says. Throws Quit.
  [[nodiscard]] bool check(const Found& found) const { return test_(found); }

  /// Whether -prune was come to since this was asked last.
  [[nodiscard]] bool take_prune() { return std::exchange(prunes_, false); }

  /// Does what -exec … + has gathered.
  void finish();

  long long least_deep = 0, most_deep = INT64_MAX;
  bool stays = false, depth_first = false;

 private:
  struct Gathered {
    std::vector<std::string> command, paths;
  };

  [[nodiscard]] bool sees(std::string_view word) const { return at_ < words_.size() && words_[at_] == word; }
  std::string value(const std::string& option);

  Test either();
  Test both();
  Test negated();
  Test primary(const std::string& word);
  Test of_action(const std::string& word);
  Test of_command();
  void flush(const std::unique_ptr<Gathered>& gathered);
  int run(std::vector<std::string> words, const std::vector<std::string>& paths);

  // find_tests.cc
  Test of_name(const std::string& word);
  Test of_status(const std::string& word);
  Test of_owner(const std::string& word);
  Test of_time(const std::string& word);
  Test of_access(const std::string& word);

  // find_format.cc
  Test of_format(const std::string& pattern);

  Call& call_;
  std::vector<std::string> words_;
  bool follows_;
  std::size_t at_ = 0;
  Accounts accounts_;
  bool acts_ = false, prunes_ = false;
  std::vector<std::unique_ptr<Gathered>> gathered_;
  Test test_;
};

}  // namespace snug::builtin
