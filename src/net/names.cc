#include "names.hh"

#include <algorithm>
#include <array>
#include <utility>

#include "segment.hh"
#include "snug/base/text.hh"

namespace snug::net {
namespace {

using Kind = NameQuestion::Kind;

constexpr std::string_view known_word = "known", unknown_word = "unknown";
constexpr std::array<std::pair<Kind, std::string_view>, 4> kind_words{{{Kind::address4, "4"}, {Kind::address6, "6"}, {Kind::name, "name"}, {Kind::other, "other"}}};
const std::string nul(1, '\0');

char small(char letter) { return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter; }

bool same(std::string_view one, std::string_view other) {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(), [](char a, char b) { return small(a) == small(b); });
}

bool is_called(const Membership& member, std::string_view name) {
  const std::size_t tail = member.network.size() + 1;
  const bool longer = name.size() > tail && name[name.size() - tail] == '.' && same(name.substr(name.size() - tail + 1), member.network);
  return std::any_of(member.names.begin(), member.names.end(),
                     [&](const std::string& own) { return same(own, name) || (longer && same(own, name.substr(0, name.size() - tail))); });
}

std::string address_of(const std::string& text) { return text.empty() ? text : parse_interface_address(text).address; }

NameAnswer find_name_of(const std::vector<const Membership*>& visible, const std::string& address) {
  for (const Membership* member : visible)
    if (!address.empty() && (address_of(member->address4) == address || address_of(member->address6) == address)) return {.known = true, .found = {member->names.front()}};
  return {};
}

}  // namespace

NameAnswer find_name(const std::vector<const Membership*>& visible, const NameQuestion& question) {
  if (question.kind == Kind::name) return find_name_of(visible, question.text);
  std::string_view name = question.text;
  if (name.ends_with('.')) name.remove_suffix(1);
  NameAnswer answer;
  for (const Membership* member : visible) {
    if (!is_called(*member, name)) continue;
    answer.known = true;
    std::string address = question.kind == Kind::other ? "" : address_of(question.kind == Kind::address6 ? member->address6 : member->address4);
    if (!address.empty()) answer.found.push_back(std::move(address));
  }
  return answer;
}

std::string render_packet(const Numbered<NameQuestion>& question) {
  const auto* word = std::find_if(kind_words.begin(), kind_words.end(), [&](const auto& each) { return each.first == question.what.kind; });
  return join(std::vector<std::string>{question.number, std::string(word->second), question.what.text}, nul);
}

std::string render_packet(const Numbered<NameAnswer>& answer) {
  std::vector<std::string> words{answer.number, std::string(answer.what.known ? known_word : unknown_word)};
  words.insert(words.end(), answer.what.found.begin(), answer.what.found.end());
  return join(words, nul);
}

std::optional<Numbered<NameQuestion>> parse_name_question(std::string_view packet) {
  const std::vector<std::string> words = split(packet, '\0');
  if (words.size() != 3) return {};
  const auto* kind = std::find_if(kind_words.begin(), kind_words.end(), [&](const auto& each) { return each.second == words[1]; });
  return kind == kind_words.end() ? std::nullopt : std::optional(Numbered<NameQuestion>{words[0], {kind->first, words[2]}});
}

std::optional<Numbered<NameAnswer>> parse_name_answer(std::string_view packet) {
  const std::vector<std::string> words = split(packet, '\0');
  if (words.size() < 2 || (words[1] != known_word && words[1] != unknown_word)) return {};
  return Numbered<NameAnswer>{words[0], {.known = words[1] == known_word, .found = {words.begin() + 2, words.end()}}};
}

}  // namespace snug::net
