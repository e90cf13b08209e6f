#include <cstdint>
#include <cstdlib>
#include <string>

#include "snug/base/error.hh"
#include "tar.hh"
#include "unpacking.hh"

// Any bytes end in a message or in a tree, and leave what is beside the tree alone. Sums are put right first, for
// no mutation would find them.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string bytes(reinterpret_cast<const char*>(data), size);
  for (std::size_t at = 0; at + 512 <= bytes.size(); at += 512)
    if (bytes.compare(at + 257, 5, "ustar") == 0) snug::test::put_sum(bytes, at);
  constexpr snug::layer::Limits limits{.entries = 100, .bytes = 1 << 20, .memory = 1 << 16};
  const snug::test::Target tree, layer;
  try {
    tree.unpack(bytes, limits);
  } catch (const snug::Error&) {
  }
  try {
    layer.unpack_layer(bytes, limits);
    static_cast<void>(layer.pack(snug::layer::Form::layer));
  } catch (const snug::Error&) {
  }
  if (!tree.canary_lives() || !layer.canary_lives()) std::abort();
  return 0;
}
