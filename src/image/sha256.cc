#include "sha256.hh"

#include <array>
#include <bit>
#include <cstdint>

#include "snug/base/text.hh"

namespace snug::image {
namespace {

constexpr std::size_t block_size = 64;

constexpr std::array<std::uint32_t, 64> constants{
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be,
    0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa,
    0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85,
    0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3,
    0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f,
    0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

class Sha256 {
 public:
  // Eight words a block; the names are the standard's.
  void add(std::string_view block) {
    std::array<std::uint32_t, 64> w{};
    for (std::size_t t = 0; t < 16; ++t) w[t] = word_at(block, 4 * t);
    for (std::size_t t = 16; t < 64; ++t)
      w[t] = w[t - 16] + w[t - 7] + (std::rotr(w[t - 15], 7) ^ std::rotr(w[t - 15], 18) ^ (w[t - 15] >> 3U)) +
             (std::rotr(w[t - 2], 17) ^ std::rotr(w[t - 2], 19) ^ (w[t - 2] >> 10U));
    auto [a, b, c, d, e, f, g, h] = state_;
    for (std::size_t t = 0; t < 64; ++t) {
      const std::uint32_t one = h + (std::rotr(e, 6) ^ std::rotr(e, 11) ^ std::rotr(e, 25)) + ((e & f) ^ (~e & g)) + constants[t] + w[t];
      const std::uint32_t two = (std::rotr(a, 2) ^ std::rotr(a, 13) ^ std::rotr(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
      h = g, g = f, f = e, e = d + one, d = c, c = b, b = a, a = one + two;
    }
    const std::array sums{a, b, c, d, e, f, g, h};
    for (std::size_t at = 0; at < sums.size(); ++at) state_[at] += sums[at];
  }

  [[nodiscard]] std::string hex() const {
    std::string text;
    for (const std::uint32_t word : state_) text += format("{:08x}", word);
    return text;
  }

 private:
  static std::uint32_t word_at(std::string_view bytes, std::size_t at) {
    std::uint32_t word = 0;
    for (std::size_t byte = 0; byte < 4; ++byte) word = word << 8U | static_cast<unsigned char>(bytes[at + byte]);
    return word;
  }

  std::array<std::uint32_t, 8> state_{0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
};

// What is left over, a one, zeros, and the length in bits.
std::string last_blocks(std::string_view rest, std::uint64_t length) {
  constexpr std::size_t length_size = 8;
  std::string blocks(rest);
  blocks += '\x80';
  while (blocks.size() % block_size != block_size - length_size) blocks += '\0';
  for (std::size_t byte = length_size; byte-- > 0;) blocks += static_cast<char>(length * 8 >> 8 * byte & 0xffU);
  return blocks;
}

}  // namespace

std::string sha256(std::string_view text) {
  Sha256 hash;
  std::string_view rest = text;
  for (; rest.size() >= block_size; rest.remove_prefix(block_size)) hash.add(rest.substr(0, block_size));
  const std::string last = last_blocks(rest, text.size());
  for (std::size_t at = 0; at < last.size(); at += block_size) hash.add(std::string_view(last).substr(at, block_size));
  return hash.hex();
}

}  // namespace snug::image
