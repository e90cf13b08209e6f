#include <algorithm>

#include "auth.hh"
#include "snug/base/text.hh"

namespace snug::transport {
namespace {

constexpr std::size_t longest = 8192;
constexpr std::size_t most_parameters = 32;

bool is_blank(char letter) { return letter == ' ' || letter == '\t'; }

bool is_token(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
         std::string_view("!#$%&'*+-.^_`|~").find(letter) != std::string_view::npos;
}

/// Reads RFC 9110's list of challenges: SCHEME NAME=VALUE, NAME="VALUE", SCHEME …
class Reader {
 public:
  explicit Reader(std::string_view text) : left_(text) {}

  std::vector<Challenge> read() {
    std::vector<Challenge> challenges;
    for (skip(true); !left_.empty(); skip(true)) {
      const std::string_view word = token();
      if (word.empty()) break;  // nothing that follows can be trusted to be what it seems
      skip(false);
      if (left_.starts_with('=') && !challenges.empty()) {
        if (!parameter(word, challenges.back())) break;
      } else {
        challenges.push_back({small_letters(word), {}});
      }
    }
    return challenges;
  }

 private:
  void skip(bool commas) {
    while (!left_.empty() && (is_blank(left_[0]) || (commas && left_[0] == ','))) left_.remove_prefix(1);
  }

  std::string_view token() {
    const auto end = std::find_if_not(left_.begin(), left_.end(), is_token);
    const std::string_view word = left_.substr(0, static_cast<std::size_t>(end - left_.begin()));
    left_.remove_prefix(word.size());
    return word;
  }

  bool parameter(std::string_view name, Challenge& challenge) {
    left_.remove_prefix(1);
    skip(false);
    const auto value = left_.starts_with('"') ? quoted_text() : std::optional(std::string(token()));
    if (!value || challenge.parameters.size() >= most_parameters) return false;
    challenge.parameters.try_emplace(small_letters(name), *value);  // the first counts
    return true;
  }

  // Nothing where the closing quote is missing.
  std::optional<std::string> quoted_text() {
    std::string value;
    for (std::size_t at = 1; at < left_.size(); ++at) {
      if (left_[at] == '"') {
        left_.remove_prefix(at + 1);
        return value;
      }
      if (left_[at] == '\\' && at + 1 < left_.size()) ++at;
      value += left_[at];
    }
    return {};
  }

  std::string_view left_;
};

// Labels that registrars sell names under, "co.uk" and "com.au": short ones in front of a country.
bool is_for_sale(std::string_view domain) {
  const std::size_t dot = domain.find('.');
  constexpr std::size_t country = 2, short_label = 3;
  return domain.size() - dot - 1 == country && dot <= short_label && domain.find('.', dot + 1) == std::string_view::npos;
}

bool is_address(std::string_view host) {
  return host.starts_with('[') || host.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace

std::vector<Challenge> parse_challenges(std::string_view text) {
  return text.size() > longest ? std::vector<Challenge>() : Reader(text).read();
}

bool may_be_told(std::string_view registry, std::string_view realm) {
  if (registry == realm) return true;
  if (registry == "registry-1.docker.io" && realm == "auth.docker.io") return true;
  if (is_address(registry) || is_address(realm)) return false;
  const std::size_t dot = registry.find('.');
  if (dot == std::string_view::npos) return false;
  const std::string_view above = registry.substr(dot + 1);
  if (above.find('.') == std::string_view::npos || is_for_sale(above)) return false;
  const std::size_t realm_dot = realm.find('.');
  return realm == above || (realm_dot != std::string_view::npos && realm.substr(realm_dot + 1) == above);
}

}  // namespace snug::transport
