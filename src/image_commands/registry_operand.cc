#include "registry_operand.hh"

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/image/reference.hh"

namespace snug::image_commands {
namespace {

// "https://index.docker.io/v1/", as docker's users have it.
std::string_view host_in(std::string_view text) {
  if (const std::size_t slashes = text.find("://"); slashes != std::string_view::npos) text.remove_prefix(slashes + 3);
  return text.substr(0, text.find('/'));
}

}  // namespace

std::string registry_operand(const cli::Invocation& invocation) {
  const auto& operands = invocation.arguments.operands;
  if (operands.empty()) return "docker.io";
  const std::string host(host_in(operands[0]));
  if (host.find_first_of(":.") == std::string::npos && host != "localhost")
    throw UsageError(format("{} is no registry", quoted(operands[0])), "a registry is a host: registry.example.com, or localhost:5000");
  return image::parse_reference(host + "/name").registry;
}

}  // namespace snug::image_commands
