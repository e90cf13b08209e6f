#include "query.hh"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "runner.hh"
#include "snug/base/text.hh"

namespace snug::builtin {

Query::Query(Call& call, std::vector<std::string> words, bool follows) : call_(call), words_(std::move(words)), follows_(follows) {
  test_ = words_.empty() ? Test([](const Found&) { return true; }) : either();
  if (at_ < words_.size()) throw Failure(format("no use for {} here", quoted(words_[at_])), 2);
  if (!acts_)
    test_ = [this, wanted = std::move(test_)](const Found& found) { return wanted(found) && (call_.out.line(call_.out.name(found.path)), true); };
}

void Query::finish() {
  for (auto& gathered : gathered_) flush(gathered);
}

Test Query::either() {
  Test left = both();
  while (sees("-o") || sees("-or")) {
    ++at_;
    left = [left, right = both()](const Found& found) { return left(found) || right(found); };
  }
  return left;
}

Test Query::both() {
  Test left = negated();
  while (at_ < words_.size() && !sees("-o") && !sees("-or") && !sees(")")) {
    if (sees("-a") || sees("-and")) ++at_;
    left = [left, right = negated()](const Found& found) { return left(found) && right(found); };
  }
  return left;
}

Test Query::negated() {
  if (at_ >= words_.size()) throw Failure("something is missing at the end", 2);
  const std::string word = words_[at_++];
  if (word == "!" || word == "-not") return [inner = negated()](const Found& found) { return !inner(found); };
  if (word != "(") return primary(word);
  Test inner = either();
  if (!sees(")")) throw Failure("')' is missing", 2);
  ++at_;
  return inner;
}

std::string Query::value(const std::string& option) {
  if (at_ >= words_.size()) throw Failure(format("{} needs a value", option), 2);
  return words_[at_++];
}

Test Query::primary(const std::string& word) {
  for (const auto kind : {&Query::of_name, &Query::of_status, &Query::of_owner, &Query::of_time, &Query::of_access, &Query::of_action})
    if (auto test = (this->*kind)(word)) return test;
  const Test always = [](const Found&) { return true; };
  if (word == "-maxdepth") return most_deep = number_of(value(word)), always;
  if (word == "-mindepth") return least_deep = number_of(value(word)), always;
  if (word == "-xdev" || word == "-mount") return stays = true, always;
  if (word == "-depth") return depth_first = true, always;
  if (word == "-true") return always;
  if (word == "-false") return [](const Found&) { return false; };
  if (word == "-prune") return [this](const Found&) { return prunes_ = true; };
  throw Failure(format("{} is not among the tests here; 'help find' tells those that are", quoted(word)), 2);
}

Test Query::of_action(const std::string& word) {
  static constexpr std::array actions{"-print", "-print0", "-printf", "-delete", "-exec", "-ls", "-quit"};
  if (std::find(actions.begin(), actions.end(), word) == actions.end()) return {};
  acts_ = acts_ || word != "-quit";
  if (word == "-quit") return [](const Found&) -> bool { throw Quit{}; };
  if (word == "-print") return [this](const Found& found) { return call_.out.line(call_.out.name(found.path)), true; };
  if (word == "-print0") return [this](const Found& found) { return call_.out.put(found.path), call_.out.put(std::string_view("\0", 1)), true; };
  if (word == "-printf") return of_format(value(word));
  if (word == "-ls")
    return [this](const Found& found) {
      return call_.out.line(format("{} {} {:>9} {} {}", mode_text(found.status.st_mode), call_.out.name(accounts_.user(found.status.st_uid)), found.status.st_size,
                                   time_text(found.status.st_mtim.tv_sec), call_.out.name(found.path))), true;
    };
  if (word == "-exec") return of_command();
  depth_first = true;
  return [this](const Found& found) {
    if (base_name(found.path) == ".") return true;  // rmdir(2) would refuse it
    const int result = S_ISDIR(found.status.st_mode) ? ::rmdir(found.path.c_str()) : ::unlink(found.path.c_str());
    if (result != 0) call_.complain(found.path, errno);
    return result == 0;
  };
}

Test Query::of_command() {
  std::vector<std::string> command;
  while (!sees(";") && !(sees("+") && !command.empty() && command.back() == "{}")) command.push_back(value("-exec"));
  const bool gathers = words_[at_++] == "+";
  if (command.empty()) throw Failure("-exec needs a command", 2);
  if (!gathers) return [this, command](const Found& found) { return run(command, {found.path}) == 0; };
  command.pop_back();
  gathered_.push_back(std::make_unique<Gathered>(Gathered{command, {}}));
  return [this, gathered = gathered_.back().get()](const Found& found) {
    gathered->paths.push_back(found.path);
    return true;
  };
}

void Query::flush(const std::unique_ptr<Gathered>& gathered) {
  constexpr std::size_t most = 1000;
  for (std::size_t at = 0; at < gathered->paths.size(); at += most) {
    std::vector<std::string> words = gathered->command;
    const auto front = gathered->paths.begin() + static_cast<std::ptrdiff_t>(at);
    words.insert(words.end(), front, front + static_cast<std::ptrdiff_t>(std::min(most, gathered->paths.size() - at)));
    if (run(words, {}) != 0) call_.status = 1;
  }
}

int Query::run(std::vector<std::string> words, const std::vector<std::string>& paths) {
  if (!paths.empty())
    for (std::string& word : words)
      for (std::size_t at = 0; (at = word.find("{}", at)) != std::string::npos; at += paths[0].size()) word.replace(at, 2, paths[0]);
  call_.out.flush();
  return call_.runner.run_words(std::move(words));
}

}  // namespace snug::builtin
