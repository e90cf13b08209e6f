#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "snug/base/error.hh"
#include "snug/image/reference.hh"

// A name that is taken is the same when it is written out and read again, and none of its parts leads anywhere as a path.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace image = snug::image;
  try {
    const image::Reference reference = image::parse_reference({reinterpret_cast<const char*>(data), size});
    const std::string whole = image::render_reference(reference);
    if (image::render_reference(image::parse_reference(whole)) != whole) std::abort();
    if (image::render_reference(image::parse_reference(image::familiar_name(reference))) != whole) std::abort();
    if (whole.find("..") != std::string::npos && whole.find("/..") != std::string::npos) std::abort();
    if (whole.find_first_of("\x1b\n\\ ?#%") != std::string::npos) std::abort();
  } catch (const snug::Error&) {
  }
  return 0;
}
