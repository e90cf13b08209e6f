// What `set` changes: how the shell does things, and its parameters.

#include <algorithm>

#include "session.hh"
#include "snug/base/text.hh"
#include "words.hh"

namespace snug::builtin {
namespace {

[[noreturn]] void refuse(const std::string& word) { throw Failure(format("there is no option {} here; 'help set' tells those that are", quoted(word)), 2); }

void turn_letter(Session& session, char letter, bool on, const std::string& word) {
  const auto found = std::find_if(switches.begin(), switches.end(), [&](const Switch& each) { return each.letter == letter && letter; });
  if (found == switches.end()) refuse(word);
  session.*found->flag = on;
}

void turn_name(Session& session, const std::string& name, bool on) {
  const auto found = std::find_if(switches.begin(), switches.end(), [&](const Switch& each) { return each.name == name; });
  if (found == switches.end()) refuse(format("{}o {}", on ? '-' : '+', name));
  session.*found->flag = on;
}

// With + as the commands that would have them so again.
void tell_switches(Call& call, bool as_commands) {
  for (const Switch& each : switches) {
    const bool on = call.session.*each.flag;
    call.out.line(as_commands ? format("set {}o {}", on ? '-' : '+', each.name) : format("{:<10} {}", each.name, on ? "on" : "off"));
  }
}

}  // namespace

int set_switches(Call& call) {
  std::size_t at = 1;
  for (; at < call.words.size(); ++at) {
    const std::string& word = call.words[at];
    if (word == "--") {
      ++at;
      break;
    }
    if (word.size() < 2 || (word[0] != '-' && word[0] != '+')) break;
    const bool on = word[0] == '-';
    for (const char letter : word.substr(1)) {
      if (letter != 'o') turn_letter(call.session, letter, on, word);
      else if (++at < call.words.size()) turn_name(call.session, call.words[at], on);
      else return tell_switches(call, !on), 0;
    }
  }
  if (at < call.words.size() || call.words[at - 1] == "--") call.session.parameters.assign(call.words.begin() + static_cast<std::ptrdiff_t>(at), call.words.end());
  return 0;
}

}  // namespace snug::builtin
