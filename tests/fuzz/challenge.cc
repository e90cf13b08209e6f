#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "auth.hh"

// What a registry says in WWW-Authenticate is read in bounds, and its realm as a URL or not at all.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace transport = snug::transport;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const transport::Challenge& challenge : transport::parse_challenges(text)) {
    if (challenge.scheme.empty() || challenge.parameters.size() > 32) std::abort();
    for (const auto& [name, value] : challenge.parameters) {
      const auto url = transport::parse_url(value);
      // Whoever reads it again must see the same host.
      if (url && transport::parse_url(transport::render_url(*url)) != url) std::abort();
      if (transport::may_be_told("registry.example.com", value) && !std::string_view(value).ends_with("example.com")) std::abort();
    }
  }
  return 0;
}
