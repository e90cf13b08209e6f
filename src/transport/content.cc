#include "content.hh"

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/transport/hash.hh"

namespace snug::transport {

void check_content(std::string_view content, const image::Descriptor& expected) {
  const std::string name = expected.digest.text();
  if (content.size() != expected.size) throw Error(format("{} has {} bytes instead of {}", name, content.size(), expected.size));
  const image::Digest found = digest_of(content, expected.digest.algorithm);
  if (found != expected.digest) throw Error(format("what should be {} has the digest {}", name, found.text()));
}

}  // namespace snug::transport
