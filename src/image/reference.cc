#include "snug/image/reference.hh"

#include <algorithm>

#include "snug/base/error.hh"
#include "snug/base/text.hh"

namespace snug::image {
namespace {

constexpr std::string_view hub = "docker.io";
constexpr std::size_t longest_name = 255;

bool is_small(char letter) { return (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9'); }
bool is_word(char letter) { return is_small(letter) || (letter >= 'A' && letter <= 'Z') || letter == '_'; }

UsageError wrong(std::string_view text, std::string_view why, std::string hint = {}) {
  return UsageError(format("{} is no name of an image: {}", quoted(text), why), std::move(hint));
}

// One part between slashes: small letters and digits, with single separators ".", "_", "__" or any number of "-".
bool is_path_part(std::string_view part) {
  if (part.empty() || !is_small(part.front()) || !is_small(part.back())) return false;
  for (std::size_t at = 0; at < part.size();) {
    const std::size_t start = at;
    while (at < part.size() && !is_small(part[at])) ++at;
    const std::string_view separator = part.substr(start, at - start);
    const bool good = separator.empty() || separator == "." || separator == "_" || separator == "__" ||
                      separator.find_first_not_of('-') == std::string_view::npos;
    if (!good) return false;
    while (at < part.size() && is_small(part[at])) ++at;
  }
  return true;
}

bool is_host_letter(char letter) { return is_word(letter) || letter == '-' || letter == '.'; }

// HOST[:PORT], [IPv6][:PORT].
bool is_registry(std::string_view text) {
  std::string_view host = text;
  if (const std::size_t colon = text.rfind(':'); colon != std::string_view::npos && text.back() != ']') {
    const auto port = parse_number(text.substr(colon + 1));
    if (!port || *port == 0 || *port > 65535) return false;
    host = text.substr(0, colon);
  }
  if (host.starts_with('[') && host.ends_with(']') && host.size() > 2)
    return host.substr(1, host.size() - 2).find_first_not_of("0123456789abcdefABCDEF:.") == std::string_view::npos;
  return !host.empty() && host.front() != '-' && host.front() != '.' && std::all_of(host.begin(), host.end(), is_host_letter) &&
         host.find('_') == std::string_view::npos;
}

bool is_tag(std::string_view tag) {
  constexpr std::size_t longest = 128;
  return !tag.empty() && tag.size() <= longest && is_word(tag.front()) && std::all_of(tag.begin(), tag.end(), is_host_letter);
}

// Docker's rule: the first part is a registry where it looks like a host.
bool looks_like_host(std::string_view part) {
  return part == "localhost" || part.find_first_of(".:[") != std::string_view::npos ||
         std::any_of(part.begin(), part.end(), [](char letter) { return letter >= 'A' && letter <= 'Z'; });
}

void split_off_digest(std::string_view text, std::string_view& rest, Reference& reference) {
  const std::size_t at = text.find('@');
  if (at == std::string_view::npos) return;
  reference.digest = parse_digest(text.substr(at + 1));
  if (!reference.digest) throw wrong(text, "what stands behind '@' is no digest", "a digest is sha256: and 64 small letters and digits");
  rest = text.substr(0, at);
}

void split_off_tag(std::string_view text, std::string_view& rest, Reference& reference) {
  const std::size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos || rest.find('/', colon) != std::string_view::npos) return;
  reference.tag = rest.substr(colon + 1);
  if (!is_tag(reference.tag)) throw wrong(text, format("{} is no tag", quoted(reference.tag)));
  rest = rest.substr(0, colon);
}

void split_off_registry(std::string_view text, std::string_view& rest, Reference& reference) {
  const std::size_t slash = rest.find('/');
  const std::string_view first = rest.substr(0, slash);
  if (slash == std::string_view::npos || !looks_like_host(first)) {
    reference.registry = hub;
    reference.short_name = true;
    return;
  }
  if (!is_registry(first)) throw wrong(text, format("{} is no host", quoted(first)));
  reference.registry = first == "index.docker.io" ? hub : first;
  rest = rest.substr(slash + 1);
}

// The repository alone: hosts and tags may have capitals.
std::string in_small_letters(std::string_view text, std::string_view repository) {
  std::string small(text);
  const auto start = static_cast<std::size_t>(repository.data() - text.data());
  for (std::size_t at = start; at < start + repository.size(); ++at)
    if (small[at] >= 'A' && small[at] <= 'Z') small[at] = static_cast<char>(small[at] - 'A' + 'a');
  return small;
}

void check_repository(std::string_view text, std::string_view repository) {
  if (repository.empty()) throw wrong(text, "it is empty");
  if (repository.size() > longest_name) throw wrong(text, format("it is longer than {} letters", longest_name));
  for (const std::string& part : split(repository, '/')) {
    if (is_path_part(part)) continue;
    const bool capitals = std::any_of(part.begin(), part.end(), [](char letter) { return letter >= 'A' && letter <= 'Z'; });
    if (capitals) throw wrong(text, "it has capital letters, and a repository must be in small ones", format("did you mean {}?", quoted(in_small_letters(text, repository))));
    throw wrong(text, format("{} is no part of one", quoted(part)));
  }
}

}  // namespace

Reference parse_reference(std::string_view text) {
  Reference reference;
  std::string_view rest = text;
  split_off_digest(text, rest, reference);
  split_off_tag(text, rest, reference);
  split_off_registry(text, rest, reference);
  check_repository(text, rest);
  const bool official = reference.registry == hub && rest.find('/') == std::string_view::npos;
  reference.repository = official ? format("library/{}", rest) : std::string(rest);
  if (reference.tag.empty() && !reference.digest) reference.tag = "latest";
  return reference;
}

std::string render_reference(const Reference& reference) {
  std::string text = format("{}/{}", reference.registry, reference.repository);
  if (!reference.tag.empty()) text += ":" + reference.tag;
  if (reference.digest) text += "@" + reference.digest->text();
  return text;
}

bool means(std::string_view name, const Reference& reference) {
  try {
    const std::string whole = render_reference(parse_reference(name));
    return whole == render_reference(reference) || (reference.short_name && whole == "localhost/" + familiar_name(reference));
  } catch (const UsageError&) {
    return false;
  }
}

bool is_name_of(std::string_view typed, std::string_view name) {
  try {
    const Reference reference = parse_reference(typed);
    return means(name, reference);
  } catch (const UsageError&) {
    return false;
  }
}

std::string familiar_name(const Reference& reference, bool tag) {
  constexpr std::string_view library = "library/";
  std::string text = reference.repository;
  if (reference.registry != hub)
    text = format("{}/{}", reference.registry, text);
  else if (text.starts_with(library) && text.find('/', library.size()) == std::string::npos)
    text.erase(0, library.size());
  if (!tag) return text;
  if (!reference.tag.empty()) text += ":" + reference.tag;
  if (reference.digest) text += "@" + reference.digest->text();
  return text;
}

}  // namespace snug::image
