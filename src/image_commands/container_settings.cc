#include "container_settings.hh"

#include <algorithm>

#include "snug/base/text.hh"

namespace snug::image_commands {
namespace {

// snug's own shell, and no command at all, are nothing that an image can say.
void take_command(image::Process& process, const plan::Spec& made_with) {
  if (made_with.own_shell || made_with.idle) return;
  const bool entered = made_with.entrypoint && !made_with.entrypoint->empty();
  process.entrypoint = entered ? made_with.entrypoint : std::nullopt;
  process.command = made_with.command.empty() ? std::nullopt : std::optional(made_with.command);
}

// The image's come first there: the last of a name is what counts, in the place of the first.
void take_environment(image::Process& process, const plan::Spec& made_with) {
  process.env.clear();
  for (const plan::Variable& variable : made_with.env) {
    const std::string begin = variable.name + "=";
    const auto same = std::find_if(process.env.begin(), process.env.end(), [&](const std::string& line) { return line.starts_with(begin); });
    if (same == process.env.end()) process.env.push_back(begin + variable.value);
    else *same = begin + variable.value;
  }
}

void take_user(image::Process& process, const plan::Spec& made_with) {
  if (!made_with.user || made_with.user->of_image) return;
  const auto& [user, group, of_image] = *made_with.user;
  process.user = group.empty() ? user : format("{}:{}", user, group);
}

}  // namespace

void take_settings(image::Process& process, const plan::Spec& made_with) {
  take_command(process, made_with);
  take_environment(process, made_with);
  take_user(process, made_with);
  if (made_with.workdir) process.workdir = *made_with.workdir;
  for (const auto& [name, value] : made_with.labels) process.labels[name] = value;
  if (made_with.stop_signal) process.stop_signal = *made_with.stop_signal;
}

}  // namespace snug::image_commands
