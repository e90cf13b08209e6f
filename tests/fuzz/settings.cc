#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "snug/base/error.hh"
#include "snug/config/settings.hh"

// A project's file, which came with what somebody else wrote, ends in a message or in settings, each with a line that the text has.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace config = snug::config;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto lines = static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) + 1;
  try {
    for (const config::Setting& each : config::parse_settings(text, "snug.toml")) {
      if (each.file != "snug.toml" || each.line == 0 || each.line > lines || (!each.is_list && each.values.size() != 1)) std::abort();
      for (const std::string& value : each.values) {
        if (each.type == config::Setting::Type::boolean && value != "true" && value != "false") std::abort();
        if (each.type == config::Setting::Type::number && (value.empty() || value.find_first_not_of("-0123456789") != std::string::npos)) std::abort();
      }
    }
  } catch (const snug::UsageError&) {
  }
  return 0;
}
