#include "sha2.hh"

#include <array>
#include <bit>
#include <cstdint>

#include "snug/base/text.hh"

namespace snug::image {
namespace {

// The names are the standard's, and the numbers: those of SHA-256 are the upper halves of these.
constexpr std::array<std::uint64_t, 80> constants{
    0x428a2f98d728ae22, 0x7137449123ef65cd, 0xb5c0fbcfec4d3b2f, 0xe9b5dba58189dbbc, 0x3956c25bf348b538, 0x59f111f1b605d019, 0x923f82a4af194f9b,
    0xab1c5ed5da6d8118, 0xd807aa98a3030242, 0x12835b0145706fbe, 0x243185be4ee4b28c, 0x550c7dc3d5ffb4e2, 0x72be5d74f27b896f, 0x80deb1fe3b1696b1,
    0x9bdc06a725c71235, 0xc19bf174cf692694, 0xe49b69c19ef14ad2, 0xefbe4786384f25e3, 0x0fc19dc68b8cd5b5, 0x240ca1cc77ac9c65, 0x2de92c6f592b0275,
    0x4a7484aa6ea6e483, 0x5cb0a9dcbd41fbd4, 0x76f988da831153b5, 0x983e5152ee66dfab, 0xa831c66d2db43210, 0xb00327c898fb213f, 0xbf597fc7beef0ee4,
    0xc6e00bf33da88fc2, 0xd5a79147930aa725, 0x06ca6351e003826f, 0x142929670a0e6e70, 0x27b70a8546d22ffc, 0x2e1b21385c26c926, 0x4d2c6dfc5ac42aed,
    0x53380d139d95b3df, 0x650a73548baf63de, 0x766a0abb3c77b2a8, 0x81c2c92e47edaee6, 0x92722c851482353b, 0xa2bfe8a14cf10364, 0xa81a664bbc423001,
    0xc24b8b70d0f89791, 0xc76c51a30654be30, 0xd192e819d6ef5218, 0xd69906245565a910, 0xf40e35855771202a, 0x106aa07032bbd1b8, 0x19a4c116b8d2d0c8,
    0x1e376c085141ab53, 0x2748774cdf8eeb99, 0x34b0bcb5e19b48a8, 0x391c0cb3c5c95a63, 0x4ed8aa4ae3418acb, 0x5b9cca4f7763e373, 0x682e6ff3d6b2b8a3,
    0x748f82ee5defb2fc, 0x78a5636f43172f60, 0x84c87814a1f0ab72, 0x8cc702081a6439ec, 0x90befffa23631e28, 0xa4506cebde82bde9, 0xbef9a3f7b2c67915,
    0xc67178f2e372532b, 0xca273eceea26619c, 0xd186b8c721c0c207, 0xeada7dd6cde0eb1e, 0xf57d4f7fee6ed178, 0x06f067aa72176fba, 0x0a637dc5a2c898a6,
    0x113f9804bef90dae, 0x1b710b35131c471b, 0x28db77f523047d84, 0x32caab7b40c72493, 0x3c9ebe0a15c9bebc, 0x431d67c49c100d4c, 0x4cc5d4becb3e42b6,
    0x597f299cfc657e2a, 0x5fcb6fab3ad6faec, 0x6c44198c4a475817};
constexpr std::array<std::uint64_t, 8> beginning{0x6a09e667f3bcc908, 0xbb67ae8584caa73b, 0x3c6ef372fe94f82b, 0xa54ff53a5f1d36f1, 0x510e527fade682d1, 0x9b05688c2b3e6c1f, 0x1f83d9abfb41bd6b, 0x5be0cd19137e2179};

/// What one hash turns its words by: the last of a small sigma shifts.
struct Sha256 {
  using Word = std::uint32_t;
  static constexpr std::size_t rounds = 64;
  static constexpr std::array sum_a{2, 13, 22}, sum_e{6, 11, 25}, sigma_0{7, 18, 3}, sigma_1{17, 19, 10};
};
struct Sha512 {
  using Word = std::uint64_t;
  static constexpr std::size_t rounds = 80;
  static constexpr std::array sum_a{28, 34, 39}, sum_e{14, 18, 41}, sigma_0{1, 8, 7}, sigma_1{19, 61, 6};
};

template <typename Kind>
class Hash {
 public:
  using Word = typename Kind::Word;
  static constexpr std::size_t block_size = 16 * sizeof(Word);

  Hash() {
    for (std::size_t at = 0; at < state_.size(); ++at) state_[at] = upper(beginning[at]);
  }

  // Eight words a block.
  void add(std::string_view block) {
    std::array<Word, Kind::rounds> w{};
    for (std::size_t t = 0; t < 16; ++t) w[t] = word_at(block, sizeof(Word) * t);
    for (std::size_t t = 16; t < w.size(); ++t) w[t] = w[t - 16] + w[t - 7] + sigma(w[t - 15], Kind::sigma_0) + sigma(w[t - 2], Kind::sigma_1);
    auto [a, b, c, d, e, f, g, h] = state_;
    for (std::size_t t = 0; t < w.size(); ++t) {
      const Word one = h + sum(e, Kind::sum_e) + ((e & f) ^ (~e & g)) + upper(constants[t]) + w[t];
      const Word two = sum(a, Kind::sum_a) + ((a & b) ^ (a & c) ^ (b & c));
      h = g, g = f, f = e, e = d + one, d = c, c = b, b = a, a = one + two;
    }
    const std::array sums{a, b, c, d, e, f, g, h};
    for (std::size_t at = 0; at < sums.size(); ++at) state_[at] += sums[at];
  }

  [[nodiscard]] std::string hex() const {
    std::string text;
    for (const Word word : state_) text += format("{:0{}x}", word, 2 * sizeof(Word));
    return text;
  }

 private:
  static constexpr Word upper(std::uint64_t number) { return static_cast<Word>(number >> (64 - 8 * sizeof(Word))); }
  static Word sum(Word word, const std::array<int, 3>& by) { return std::rotr(word, by[0]) ^ std::rotr(word, by[1]) ^ std::rotr(word, by[2]); }
  static Word sigma(Word word, const std::array<int, 3>& by) { return std::rotr(word, by[0]) ^ std::rotr(word, by[1]) ^ (word >> static_cast<unsigned>(by[2])); }

  static Word word_at(std::string_view bytes, std::size_t at) {
    Word word = 0;
    for (std::size_t byte = 0; byte < sizeof(Word); ++byte) word = word << 8U | static_cast<unsigned char>(bytes[at + byte]);
    return word;
  }

  std::array<Word, 8> state_{};
};

// What is left over, a one, zeros, and the length in bits, which takes two words.
std::string last_blocks(std::string_view rest, std::uint64_t length, std::size_t block_size) {
  constexpr std::size_t length_size = 8;
  std::string blocks(rest);
  blocks += '\x80';
  while (blocks.size() % block_size != block_size - block_size / 8) blocks += '\0';
  blocks.append(block_size / 8 - length_size, '\0');
  for (std::size_t byte = length_size; byte-- > 0;) blocks += static_cast<char>(length * 8 >> 8 * byte & 0xffU);
  return blocks;
}

template <typename Kind>
std::string hash_of(std::string_view text) {
  constexpr std::size_t block_size = Hash<Kind>::block_size;
  Hash<Kind> hash;
  std::string_view rest = text;
  for (; rest.size() >= block_size; rest.remove_prefix(block_size)) hash.add(rest.substr(0, block_size));
  const std::string last = last_blocks(rest, text.size(), block_size);
  for (std::size_t at = 0; at < last.size(); at += block_size) hash.add(std::string_view(last).substr(at, block_size));
  return hash.hex();
}

}  // namespace

std::string sha256(std::string_view text) { return hash_of<Sha256>(text); }

std::string sha512(std::string_view text) { return hash_of<Sha512>(text); }

}  // namespace snug::image
