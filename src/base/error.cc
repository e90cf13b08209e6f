#include "snug/base/error.hh"

#include <cstring>

#include "snug/base/text.hh"

namespace snug {
namespace {

// Keeps the line feeds of our own messages and escapes the rest of what a terminal could act on.
std::string plain(std::string_view text) {
  std::string out;
  for (const std::string_view line : lines(text)) out += (out.empty() ? "" : "\n         ") + printable(line);
  return out;
}

}  // namespace

std::string render_error(const std::exception& exception) {
  const auto* error = dynamic_cast<const Error*>(&exception);
  if (!error) return format("snug: gave up: {}\n", plain(exception.what()));
  std::string text = error->message().empty() ? "" : format("snug: {}\n", plain(error->message()));
  const auto& contexts = error->contexts();
  // Two at most: where it happened, and where that belongs to.
  if (!contexts.empty()) text += format("  while: {}\n", plain(contexts.front()));
  if (contexts.size() > 1) text += format("  while: {}\n", plain(contexts.back()));
  if (!error->hint().empty()) text += format("  hint:  {}\n", plain(error->hint()));
  return text;
}

std::string errno_text(int error) {
  const char* name = strerrorname_np(error);
  const char* text = strerrordesc_np(error);
  return name && text ? format("{} ({})", text, name) : format("error {}", error);
}

Error system_error(std::string_view what, int error, std::string hint) {
  return Error(format("cannot {}: {}", what, errno_text(error)), std::move(hint));
}

}  // namespace snug
