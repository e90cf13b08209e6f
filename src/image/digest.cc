#include "snug/image/digest.hh"

#include <algorithm>

namespace snug::image {

std::optional<Digest> parse_digest(std::string_view text) {
  for (const auto& [algorithm, length] : {std::pair<std::string_view, std::size_t>{"sha256", 64}, {"sha512", 128}}) {
    if (!text.starts_with(algorithm) || text.substr(algorithm.size()).substr(0, 1) != ":") continue;
    const std::string_view hex = text.substr(algorithm.size() + 1);
    const bool good = hex.size() == length && std::all_of(hex.begin(), hex.end(), [](char letter) {
                        return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'f');
                      });
    if (good) return Digest{std::string(algorithm), std::string(hex)};
  }
  return {};
}

}  // namespace snug::image
