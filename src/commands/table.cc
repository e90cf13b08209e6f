#include <algorithm>
#include <array>

#include "commands.hh"
#include "snug/commands/table.hh"
#include "snug/base/error.hh"
#include "snug/base/spell.hh"
#include "snug/base/text.hh"

namespace snug::commands {
namespace {

constexpr std::array table{
    &attach_command,
    &bootstrap_command,
    &commit_command,
    &completion_command,
    &cp_command,
    &create_command,
    &debug_command,
    &df_command,
    &diff_command,
    &doctor_command,
    &enter_command,
    &exec_command,
    &export_command,
    &gc_command,
    &help_command,
    &history_command,
    &images_command,
    &import_command,
    &inspect_command,
    &kill_command,
    &load_command,
    &login_command,
    &logout_command,
    &logs_command,
    &network_command,
    &pause_command,
    &plan_command,
    &port_command,
    &prune_command,
    &ps_command,
    &pull_command,
    &push_command,
    &rename_command,
    &restart_command,
    &rm_command,
    &rmi_command,
    &run_command,
    &save_command,
    &start_command,
    &stats_command,
    &stop_command,
    &tag_command,
    &top_command,
    &tour_command,
    &unpause_command,
    &update_command,
    &version_command,
    &wait_command,
    &walls_command,
};

constexpr std::array absent = std::to_array<cli::NotYet>({
    {.word = "build", .comes_with = "a later version"},
    {.word = "volume", .comes_with = "a later version"},
});

/// Docker's words for groups of commands, which are commands of their own here.
struct Group {
  std::string_view word, here;
};

constexpr std::array groups = std::to_array<Group>({
    {"container", "its commands are snug's own: 'snug ps', 'snug inspect', 'snug rm', 'snug prune' and so on"},
    {"image", "its commands are snug's own: 'snug images', 'snug pull', 'snug history', 'snug rmi' and so on"},
    {"info", "'snug doctor' tells what works on this machine, 'snug version' what snug this is"},
    {"system", "'snug df' tells what takes room, 'snug prune' and 'snug gc' remove it"},
});

// What does nearly the same until then.
const char* instead_of(std::string_view word) {
  return word == "build" ? "'snug commit' and 'snug import' make images" : "-v FOLDER:TARGET keeps what is written there in a folder of yours";
}

// Those that the word begins, as far as they are few; or the one that it was mistyped from.
std::vector<std::string> find_meant(std::string_view word) {
  constexpr std::size_t most = 4;
  std::vector<std::string> names, longer;
  for (const cli::Command* command : table) {
    names.emplace_back(command->name);
    if (command->name.starts_with(word)) longer.push_back(format("'snug {}'", command->name));
  }
  if (!word.empty() && !longer.empty() && longer.size() <= most) return longer;
  const auto nearest = find_nearest(word, names);
  return nearest ? std::vector{format("'snug {}'", *nearest)} : std::vector<std::string>();
}

}  // namespace

std::span<const cli::Command* const> all_commands() { return table; }

std::span<const cli::NotYet> absent_commands() { return absent; }

const cli::Command& find_command(std::string_view name) {
  for (const cli::Command* command : table)
    if (command->name == name) return *command;
  for (const cli::NotYet& word : absent)
    if (word.word == name)
      throw UsageError(format("'{}' comes with {}; it is not there yet", name, word.comes_with), instead_of(name));
  for (const Group& group : groups)
    if (group.word == name) throw UsageError(format("{} is no command", quoted(name)), std::string(group.here));
  const std::vector<std::string> meant = find_meant(name);
  throw UsageError(format("{} is no command", quoted(name)), meant.empty() ? "'snug help' lists the commands" : format("did you mean {}?", join(meant, " or ")));
}

}  // namespace snug::commands
