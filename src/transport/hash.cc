#include "snug/transport/hash.hh"

#include <openssl/evp.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <new>
#include <string>
#include <vector>

#include "snug/base/error.hh"
#include "snug/base/text.hh"

namespace snug::transport {

struct Hasher::State {
  std::string algorithm;
  std::unique_ptr<EVP_MD_CTX, void (*)(EVP_MD_CTX*)> context{EVP_MD_CTX_new(), EVP_MD_CTX_free};
};

Hasher::Hasher(std::string_view algorithm) : state_(std::make_unique<State>(State{.algorithm = std::string(algorithm)})) {
  const EVP_MD* kind = algorithm == "sha512" ? EVP_sha512() : EVP_sha256();
  if (!state_->context || EVP_DigestInit_ex(state_->context.get(), kind, nullptr) != 1) throw std::bad_alloc();
}

Hasher::~Hasher() = default;
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;

void Hasher::add(std::string_view bytes) {
  if (EVP_DigestUpdate(state_->context.get(), bytes.data(), bytes.size()) != 1) throw Error("libcrypto cannot hash");
}

image::Digest Hasher::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
  unsigned size = 0;
  if (EVP_DigestFinal_ex(state_->context.get(), bytes.data(), &size) != 1) throw Error("libcrypto cannot hash");
  std::string hex;
  for (unsigned at = 0; at < size; ++at) hex += format("{:02x}", bytes[at]);
  return {state_->algorithm, hex};
}

image::Digest digest_of(std::string_view text, std::string_view algorithm) {
  Hasher hasher(algorithm);
  hasher.add(text);
  return hasher.finish();
}

image::Digest digest_of_file(int fd, std::string_view algorithm) {
  Hasher hasher(algorithm);
  std::vector<char> buffer(std::size_t{1} << 20U);
  for (;;) {
    const ssize_t count = ::read(fd, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw system_error("read a blob", errno);
    if (count == 0) return hasher.finish();
    hasher.add({buffer.data(), static_cast<std::size_t>(count)});
  }
}

}  // namespace snug::transport
