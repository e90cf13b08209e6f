#include "snug/base/base64.hh"

namespace snug {
namespace {

constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

}  // namespace

std::string to_base64(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); at += 3) {
    unsigned bits = 0;
    for (std::size_t byte = 0; byte < 3; ++byte) bits = bits << 8U | (at + byte < text.size() ? static_cast<unsigned char>(text[at + byte]) : 0U);
    for (unsigned letter = 0; letter < 4; ++letter)
      out += at + letter > text.size() ? '=' : letters[bits >> (18U - 6U * letter) & 63U];
  }
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  std::string out;
  unsigned bits = 0, count = 0;
  while (text.ends_with('=')) text.remove_suffix(1);
  for (const char letter : text) {
    const std::size_t value = letters.find(letter);
    if (value == std::string_view::npos) return {};
    bits = (bits << 6U | static_cast<unsigned>(value)) & 0xffffffU;
    if ((count += 6) < 8) continue;
    count -= 8;
    out += static_cast<char>(bits >> count & 0xffU);
  }
  return out;
}

}  // namespace snug
