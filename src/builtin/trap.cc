// Signals, and what is done when they come.

#include <cerrno>
#include <optional>
#include <utility>

#include "runner.hh"
#include "snug/base/signals.hh"
#include "snug/base/text.hh"
#include "words.hh"

namespace snug::builtin {
namespace {

// The end of the shell counts as one.
std::optional<int> parse_condition(const std::string& word) {
  if (word == "EXIT" || word == "0") return 0;
  return parse_signal(word);
}

std::string condition_name(int signal) { return signal ? signal_name(signal).substr(signal_name(signal).starts_with("SIG") ? 3 : 0) : "EXIT"; }

void tell_traps(Call& call) {
  for (const auto& [signal, action] : call.session.traps) call.out.line(call.out.name(format("trap -- {} {}", shell_quoted(action), condition_name(signal))));
}

bool apply(const Session& session, int signal, const std::string* action) {
  if (signal == 0) return true;
  if (action) return action->empty() ? ignore_signal(signal) : catch_signal(signal);
  const bool done = expose_to_signal(signal);
  if (session.interactive) spare_shell();
  return done;
}

}  // namespace

int set_traps(Call& call) {
  std::size_t at = call.words.size() > 1 && call.words[1] == "--" ? 2 : 1;
  if (call.words.size() == at || (call.words.size() == 2 && call.words[1] == "-p")) return tell_traps(call), 0;
  // A number in front is a signal, and all of them are to do again what they always do.
  const bool resets = call.words[at] == "-" || parse_number(call.words[at]) || call.words.size() == at + 1;
  const std::string action = call.words[at];
  at += !resets || action == "-";
  for (; at < call.words.size(); ++at) {
    const auto signal = parse_condition(call.words[at]);
    if (!signal) {
      call.complain(format("{} is no signal, and not EXIT; 'kill -l' lists them", quoted(call.words[at])));
      continue;
    }
    if (!apply(call.session, *signal, resets ? nullptr : &action)) call.complain(call.words[at], errno);
    else if (resets) call.session.traps.erase(*signal);
    else call.session.traps[*signal] = action;
  }
  return call.status;
}

void Runner::obey_traps() {
  while (noted_signal()) {
    const auto found = session_.traps.find(take_signal());
    if (found == session_.traps.end()) continue;
    const int status = session_.status;
    const Flow flow = std::exchange(session_.flow, {});
    run_text(std::string(found->second));  // which may change it
    session_.flow = flow;
    session_.status = status;
  }
}

int Runner::end(int code) {
  const auto found = session_.traps.find(0);
  if (found == session_.traps.end()) return code;
  const std::string action = std::move(found->second);
  session_.traps.erase(found);
  session_.status = code;
  session_.flow = {};
  try {
    run_text(action);
  } catch (const Leave& leave) {
    return leave.code;
  } catch (const Interrupted&) {
    return 130;
  }
  return code;
}

}  // namespace snug::builtin
