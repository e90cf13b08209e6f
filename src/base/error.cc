#include "snug/base/error.hh"

#include <cstring>

#include "snug/base/text.hh"

namespace snug {

std::string errno_text(int error) {
  const char* name = strerrorname_np(error);
  const char* text = strerrordesc_np(error);
  return name && text ? format("{} ({})", text, name) : format("error {}", error);
}

Error system_error(std::string_view what, int error, std::string hint) {
  return Error(format("cannot {}: {}", what, errno_text(error)), std::move(hint));
}

}  // namespace snug
