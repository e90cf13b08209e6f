#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "snug/base/error.hh"
#include "snug/image/document.hh"

// What is read of a stranger's documents is said again in the same words: who writes a manifest on loses nothing of it, and
// nobody who reads it again sees another image.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace image = snug::image;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    const auto document = image::parse_manifest(text);
    if (const auto* manifest = std::get_if<image::Manifest>(&document)) {
      if (std::get<image::Manifest>(image::parse_manifest(image::render_manifest(*manifest))) != *manifest) std::abort();
      if (std::get<image::Manifest>(image::parse_manifest(image::change_manifest(text, *manifest))) != *manifest) std::abort();
    } else {
      const auto& index = std::get<image::Index>(document);
      if (std::get<image::Index>(image::parse_manifest(image::render_index(index))) != index) std::abort();
      static_cast<void>(image::choose_platform(index, image::own_platform()));
    }
  } catch (const snug::Error&) {
  }
  try {
    const image::Config config = image::parse_config(text);
    if (image::parse_config(image::render_config(config)) != config) std::abort();
    if (image::parse_config(image::change_config(text, config)) != config) std::abort();
  } catch (const snug::Error&) {
  }
  return 0;
}
