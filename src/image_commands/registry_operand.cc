#include "registry_operand.hh"

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/image/reference.hh"

namespace snug::image_commands {
namespace {

// "https://index.docker.io/v1/", as docker's users have it: what stands behind such a host is no namespace.
std::string_view place_in(std::string_view text) {
  if (const std::size_t slashes = text.find("://"); slashes != std::string_view::npos) {
    text.remove_prefix(slashes + 3);
    text = text.substr(0, text.find('/'));
  }
  while (text.ends_with('/')) text.remove_suffix(1);
  return text;
}

}  // namespace

std::string registry_operand(const cli::Invocation& invocation) {
  const auto& operands = invocation.arguments.operands;
  if (operands.empty()) return "docker.io";
  const std::string_view place = place_in(operands[0]), host = place.substr(0, place.find('/'));
  if (host.find_first_of(":.") == std::string_view::npos && host != "localhost")
    throw UsageError(format("{} is no registry", quoted(operands[0])), "a registry is a host: registry.example.com, or localhost:5000");
  return image::parse_reference(format("{}/name", place)).registry + std::string(place.substr(host.size()));
}

}  // namespace snug::image_commands
