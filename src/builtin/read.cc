#include <unistd.h>

#include <cerrno>

#include "runner.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "words.hh"

namespace snug::builtin {
namespace {

/// A line, with a mark for each byte that a backslash quoted.
struct Input {
  std::string text, quoted;
  bool ended = false;  ///< without a line feed
};

// One byte at a time: what follows the line is the next command's.
Input take_line(const Session& session, bool raw) {
  Input input;
  char byte = 0;
  bool escaped = false;
  for (;;) {
    const ssize_t count = ::read(0, &byte, 1);
    if (count < 0 && errno == EINTR && session.interactive) throw Interrupted{};
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return input.ended = true, input;
    if (byte == '\n' && escaped) {
      escaped = false;
    } else if (byte == '\n') {
      return input;
    } else if (byte == '\\' && !raw && !escaped) {
      escaped = true;
    } else if (byte != '\0') {
      input.text += byte;
      input.quoted += escaped ? 'q' : ' ';
      escaped = false;
    }
  }
}

}  // namespace

int read_line(Call& call) {
  const Options options(call, "rp:");
  if (options.has('p') && ::isatty(0)) static_cast<void>(sys::write_all(2, options.value('p')));
  const Input input = take_line(call.session, options.has('r'));
  std::vector<std::string> names = options.operands();
  if (names.empty()) names.emplace_back("REPLY");
  const std::string separators = call.session.find("IFS").value_or(" \t\n");
  const auto is_separator = [&](std::size_t at) { return input.quoted[at] != 'q' && separators.find(input.text[at]) != std::string::npos; };
  const auto is_blank = [&](std::size_t at) { return is_separator(at) && (input.text[at] == ' ' || input.text[at] == '\t'); };
  std::size_t at = 0, end = input.text.size();
  while (at < end && is_blank(at)) ++at;
  while (end > at && is_blank(end - 1)) --end;
  for (std::size_t number = 0; number < names.size(); ++number) {
    std::size_t stop = at;
    while (stop < end && (number + 1 == names.size() || !is_separator(stop))) ++stop;
    call.session.set(names[number], input.text.substr(at, stop - at));
    at = stop;
    while (at < end && is_blank(at)) ++at;
    if (at < end && is_separator(at)) ++at;
    while (at < end && is_blank(at)) ++at;
  }
  return input.ended ? 1 : 0;
}

}  // namespace snug::builtin
