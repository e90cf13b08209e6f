#include "script.hh"
#include "snug/base/text.hh"
#include "snug/base/utf8.hh"

namespace snug::explain {
namespace {

// Line feeds do nothing to a terminal, and a command substitution would lose them.
bool is_plain(std::string_view sequence) { return sequence == "\n" || sequence == "\t" || printable(sequence) == sequence; }

std::string_view next_sequence(std::string_view text) {
  const std::size_t length = utf8_length(text);
  return text.substr(0, length ? length : 1);
}

std::string octal(std::string_view bytes) {
  std::string text;
  for (const char byte : bytes) text += format("\\{:03o}", static_cast<unsigned char>(byte));
  return text;
}

}  // namespace

std::string script_word(std::string_view word) {
  std::string out, run;
  const auto end_run = [&] {
    if (!run.empty()) out += shell_quoted(run);
    run.clear();
  };
  while (!word.empty()) {
    const std::string_view sequence = next_sequence(word);
    word.remove_prefix(sequence.size());
    if (is_plain(sequence)) {
      run += sequence;
      continue;
    }
    end_run();
    out += format("\"$(printf '{}')\"", octal(sequence));
  }
  end_run();
  return out.empty() ? "''" : out;
}

}  // namespace snug::explain
