#include "snug/image_commands/dispatch.hh"

#include <array>

#include "functions.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/table.hh"
#include "table.hh"

namespace snug::image_commands {

int dispatch(std::span<const std::string_view> words, const Environment& environment) {
  if (words.empty()) throw UsageError("snug-image is a part of snug, which starts it");
  const bool is_own = words[0] == unpack_layer_command.name;
  const cli::Command& command = is_own ? unpack_layer_command : commands::find_command(words[0]);
  const cli::Arguments arguments = cli::parse(command, words.subspan(1));
  const Function function = is_own ? command.function : find_function(command.name);
  if (!function) throw UsageError(format("{} is no command on images", quoted(command.name)));
  return function({arguments, environment, {}, command, words.subspan(1)});
}

}  // namespace snug::image_commands
