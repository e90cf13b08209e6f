#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "snug/cli/arguments.hh"
#include "snug/image/document.hh"

namespace snug::image_commands {

/// Begins the config of an image that is made here and now, for this machine; its one step of history says how.
[[nodiscard]] image::Config new_config(std::string created_by, std::string comment);

/// Does to what an image wants to run what an instruction of a Dockerfile says: CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER,
/// VOLUME or WORKDIR. Throws UsageError.
void apply_change(image::Process& process, std::string_view instruction);

/// Does what each of several changes says, in their order, each an instruction or several lines of them. An ENTRYPOINT takes the CMD
/// that was there away, as in a Dockerfile. Throws UsageError that names the one that is wrong.
void apply_changes(image::Process& process, const std::vector<std::string>& changes);

/// The same with each --change of a command.
void apply_changes(image::Process& process, const cli::Arguments& arguments);

}  // namespace snug::image_commands
