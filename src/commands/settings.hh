#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "snug/cli/command.hh"
#include "snug/config/settings.hh"
#include "snug/plan/spec.hh"

namespace snug::commands {

/// Whose file it is: the system's or the user's own, or one that came with a checkout in the current folder.
enum class FileOf { user, project };

/// Takes settings for options of run, in their order. Throws UsageError where a key is unknown, has the wrong
/// kind of value, or may not be in such a file: what a project file asks for never reaches out of its own
/// folder, and does not undo what `own`, the user's settings, choose.
[[nodiscard]] std::vector<cli::Given> take_settings(const std::vector<config::Setting>& settings, FileOf whose, const std::vector<cli::Given>& own = {});

/// Makes the Spec of `snug run` and `snug plan`: /etc/snug/config.toml, then the user's, then ./snug.toml,
/// then the command line; later ones win, and add where an option may be repeated.
[[nodiscard]] plan::Spec read_spec(const cli::Invocation& invocation);

/// Gives `data-local` of the system's and the user's configuration files, as it stands there; empty where they do not have it.
[[nodiscard]] std::string read_local_place(const Environment& environment);

}  // namespace snug::commands
