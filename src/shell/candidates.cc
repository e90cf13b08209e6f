#include "snug/shell/candidates.hh"

#include <vector>

#include "words.hh"

namespace snug::shell {

Completion complete_line(std::string_view text, const FindCandidates& find) {
  Line line = take_apart(text);
  if (line.end == Line::End::comment) return {};
  if (line.end == Line::End::gap) line.words.push_back({{}, text.size()});
  Completion completion{.start = line.words.back().start, .found = {.typed = line.words.back().text}};
  if (line.words.size() > 1 && text[line.words[0].start] == host_mark) {
    completion.found.files = cli::Candidates::Files::all;
    return completion;
  }
  std::vector<std::string> words;
  for (Word& word : line.words) words.push_back(std::move(word.text));
  const bool named = words.size() > 1 && words[0] == own_name;
  if (named) words.erase(words.begin());
  if (words.size() == 2 && !named && words[0] == manual_word) words[0] = "help";
  completion.found = find(words);
  if (words.size() > 1 || named) return completion;
  for (const std::string_view word : leaving_words) completion.found.offer(word);
  completion.found.offer(manual_word);
  return completion;
}

}  // namespace snug::shell
