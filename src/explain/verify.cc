#include "snug/explain/verify.hh"

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>

#include "expected.hh"
#include "lesson.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "verify_process.hh"

namespace snug::explain {
namespace {

using namespace plan;

std::string_view name_of(Actor actor) {
  switch (actor) {
    case Actor::monitor: return "the monitor";
    case Actor::init: return "the first process";
    case Actor::payload: return "the payload";
    case Actor::errand: return "the errand";
  }
  return "";
}

std::string text_of(const SeenCall& call) {
  return printable(format("{}({}){}", call.name, join(call.arguments, ", "), call.result < 0 ? format(" = {}", errno_text(static_cast<int>(-call.result))) : ""));
}

class Verifier {
 public:
  Verifier(const Plan& wanted, const Seen& seen) : plan_(wanted), seen_(seen), faults_(wanted.steps.size()) {
    for (std::size_t number = 0; number < plan_.steps.size(); ++number)
      for (const std::string& text : calls_of(plan_, plan_.steps[number])) expect(number, text);
  }

  Verification run() {
    for (const SeenCall& call : seen_.calls) take(call);
    for (const Expected& each : expected_)
      if (!each.done && !each.optional && !is_spared(each)) faults_[each.step].push_back("not seen: " + each.text);
    return {render(), count_};
  }

 private:
  void expect(std::size_t number, const std::string& text) {
    const bool is_outside = text.starts_with(outside);
    Expected call = parse_call(is_outside ? text.substr(outside.size()) : text);
    call.step = number;
    // Without a fork it is the first process itself that becomes the command.
    const Actor actor = is_outside ? Actor::monitor : plan_.steps[number].actor;
    call.actor = actor == Actor::payload && !plan_.find<ForkPayload>() ? Actor::init : actor;
    expected_.push_back(std::move(call));
  }

  // Of the places where a command may be, those behind the one where it is.
  [[nodiscard]] bool is_spared(const Expected& each) const { return each.names[0] == "execve" && runs_; }

  void take(const SeenCall& call) {
    ++calls_;
    closed_ += static_cast<std::size_t>(std::count(call.arguments.begin(), call.arguments.end(), "?"));
    Expected* found = find(call, false);
    if (!found) found = find(call, true);
    if (!found) {
      if (call.builds) unexpected_.push_back(format("{}, which no step has: by {}, after step {}", text_of(call), name_of(call.actor), latest_[call.actor] + 1));
      return;
    }
    note(*found, call);
  }

  [[nodiscard]] bool may_repeat(const Expected& each) {
    return each.awaited || ((each.optional || (each.repeated && each.done)) && each.step >= latest_[each.actor]);
  }

  // `again`: among those that may come more than once.
  Expected* find(const SeenCall& call, bool again) {
    for (Expected& each : expected_)
      if (each.actor == call.actor && (again ? may_repeat(each) : !each.optional && !each.done) && is_same(each, call, bindings_)) return &each;
    return nullptr;
  }

  void note(Expected& expected, const SeenCall& call) {
    // What only looks may find nothing, a link may be there, and the command may be elsewhere.
    const bool may_fail = !call.builds || call.result == -EEXIST || call.name == "execve" || expected.optional;
    if (call.result < 0 && !may_fail)
      return faults_[expected.step].push_back(format("failed: {}", text_of(call)));
    expected.done = true;
    if (call.name == "execve" && call.result >= 0) runs_ = true;
    if (!expected.binds.empty()) bindings_[expected.binds] = static_cast<int>(call.result);
    if (!call.builds || expected.optional) return;
    std::size_t& latest = latest_[call.actor];
    if (expected.step < latest) faults_[expected.step].push_back(format("too late, after step {}: {}", latest + 1, text_of(call)));
    latest = std::max(latest, expected.step);
  }

  std::string render() {
    std::string text;
    for (std::size_t number = 0; number < plan_.steps.size(); ++number) {
      text += format("{:5} {:3}  {}\n", faults_[number].empty() ? "ok" : "WRONG", number + 1, describe(plan_, plan_.steps[number]));
      for (const std::string& fault : faults_[number]) text += format("           {}\n", fault);
      count_ += faults_[number].size();
    }
    for (const std::string& call : unexpected_) text += format("WRONG      {}\n", call);
    count_ += unexpected_.size();
    text += "\nThe command, as the kernel has it:\n";
    for (const Finding& finding : findings_of(plan_, seen_.process)) {
      text += format("{:5}      {}\n", finding.fault.empty() ? "ok" : "WRONG", finding.what);
      if (finding.fault.empty()) continue;
      text += format("           {}\n", finding.fault);
      ++count_;
    }
    text += format("\n{} steps, {} calls: {}\n", plan_.steps.size(), calls_, count_ ? format("{} wrong", count_) : "all as planned");
    if (closed_)
      text += format("{} arguments were closed to the tracer, as they are to everybody once the first process is: their calls count by name,\n"
                     "and what they did is held against /proc above.\n", closed_);
    return text;
  }

  const Plan& plan_;
  const Seen& seen_;
  std::vector<std::vector<std::string>> faults_;
  std::vector<std::string> unexpected_;
  std::vector<Expected> expected_;
  std::map<Actor, std::size_t> latest_;
  Bindings bindings_;
  std::size_t calls_ = 0, closed_ = 0, count_ = 0;
  bool runs_ = false;
};

}  // namespace

Verification verify(const Plan& plan, const Seen& seen) { return Verifier(plan, seen).run(); }

}  // namespace snug::explain
