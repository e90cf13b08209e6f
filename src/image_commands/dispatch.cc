#include "snug/image_commands/dispatch.hh"

#include <array>

#include "functions.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/table.hh"
#include "table.hh"

namespace snug::image_commands {
namespace {

const cli::Command* find_own(std::string_view name) {
  for (const cli::Command* command : {&pack_layer_command, &unpack_layer_command})
    if (command->name == name) return command;
  return nullptr;
}

// A full disk is full for whatever was written, and in the store snug has something to give back.
[[noreturn]] void explain_full_disk(const Error& error) {
  Error explained(error.message(), "'snug df' tells what images and containers take, 'snug gc' removes what nothing needs, 'snug rmi' and 'snug rm' the rest");
  for (const std::string& context : error.contexts()) explained.during(context);
  throw explained.with_exit_code(error.exit_code());
}

bool is_full_disk(const Error& error) {
  return error.hint().empty() && (error.message().ends_with("(ENOSPC)") || error.message().ends_with("(EDQUOT)"));
}

// What these write goes elsewhere, but for what is compressed first.
bool is_elsewhere(const cli::Command& command, const Error& error) {
  const bool carries_out = command.name == "export" || command.name == "push" || command.name == "save";
  return error.message().starts_with("cannot write to standard output") || (carries_out && error.message().find("into the store") == std::string::npos);
}

}  // namespace

int dispatch(std::span<const std::string_view> words, const Environment& environment) {
  if (words.empty()) throw UsageError("snug-image is a part of snug, which starts it");
  const cli::Command* own = find_own(words[0]);
  const cli::Command& command = own ? *own : commands::find_command(words[0]);
  const cli::Arguments arguments = cli::parse(command, words.subspan(1));
  const Function function = own ? own->function : find_function(command.name);
  if (!function) throw UsageError(format("{} is no command on images", quoted(command.name)));
  try {
    return function({arguments, environment, {}, command, words.subspan(1)});
  } catch (const UsageError&) {
    throw;
  } catch (const Error& error) {
    if (is_full_disk(error) && !is_elsewhere(command, error)) explain_full_disk(error);
    throw;
  }
}

}  // namespace snug::image_commands
