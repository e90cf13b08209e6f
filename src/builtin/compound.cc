// Groups, conditions and loops: all done by the shell itself.

#include <csignal>

#include "pattern.hh"
#include "runner.hh"

namespace snug::builtin {

int Runner::run(const Group& group) { return run(*group.body); }

bool Runner::test(const List& condition) {
  const Deeper tested(tested_);
  return run(condition) == 0;
}

int Runner::run(const If& branches) {
  for (const If::Branch& branch : branches.branches) {
    const bool chosen = test(*branch.condition);
    if (session_.flow.kind != Flow::Kind::none) return session_.status;
    if (chosen) return run(*branch.body);
  }
  return branches.otherwise ? run(*branches.otherwise) : 0;
}

// True where the loop that just did a round is over.
bool Runner::leaves_loop() {
  Flow& flow = session_.flow;
  if (session_.interactive && take_interrupt()) throw Interrupted{};
  if (flow.kind == Flow::Kind::none) return false;
  if (flow.kind == Flow::Kind::leave_call) return true;
  if (flow.levels > 1) return --flow.levels, true;
  const bool goes_on = flow.kind == Flow::Kind::next_round;
  flow = {};
  return !goes_on;
}

int Runner::run(const Loop& loop) {
  const Deeper deeper(session_.loops);
  int status = 0;
  for (;;) {
    const bool holds = test(*loop.condition);
    if (session_.flow.kind == Flow::Kind::none) {
      if (holds == loop.until) return status;
      status = run(*loop.body);
    }
    if (leaves_loop()) return status;
  }
}

int Runner::run(const For& loop) {
  const std::vector<std::string> words = loop.has_words ? expand(loop.words, surroundings_) : session_.parameters;
  const Deeper deeper(session_.loops);
  int status = 0;
  for (const std::string& word : words) {
    session_.set(loop.name, word);
    status = run(*loop.body);
    if (leaves_loop()) break;
  }
  return status;
}

int Runner::run(const Case& branches) {
  const std::string word = expand_whole(branches.word, surroundings_);
  for (const Case::Branch& branch : branches.branches)
    for (const Word& pattern : branch.patterns)
      if (matches(expand_pattern(pattern, surroundings_), word)) return session_.status = 0, run(*branch.body);
  return 0;
}

int Runner::run(const Function& function) {
  session_.functions[function.name] = function.body;
  return 0;
}

}  // namespace snug::builtin
