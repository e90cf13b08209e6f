#pragma once

#include <string_view>

#include "snug/base/environment.hh"
#include "snug/cli/command.hh"
#include "snug/plan/spec.hh"

namespace snug::commands {

/// Where an option may be written besides the command line. A project file came with a checkout: what is in
/// it may not open a wall.
enum class Files { none, of_user, of_project };

/// The options that run and plan share.
extern const cli::OptionSet run_option_set;

/// Those of them that choose what another process in a container that runs is.
extern const cli::OptionSet exec_option_set;

/// The same for a shell that somebody sits at.
extern const cli::OptionSet enter_option_set;

/// Those that limit a container as a whole.
extern const cli::OptionSet update_option_set;

/// What a configuration file calls the root file system; on the command line it is the first operand.
inline constexpr cli::Option rootfs_option{.name = "rootfs", .argument = "ROOTFS"};

/// Where snug keeps its data when overlays cannot write in the data folder. It is in files alone, because every command has to agree on it.
inline constexpr cli::Option data_local_option{.name = "data-local", .argument = "PATH"};

/// Whether the blobs of layers that a registry has stay when they are unpacked. In files alone, because it is for all images.
inline constexpr cli::Option keep_blobs_option{.name = "keep-blobs"};

/// The same for snug's own shell.
extern const cli::OptionSet debug_option_set;

/// Tells which files may hold an option of run_option_set.
[[nodiscard]] Files files_of(const cli::Option& option);

/// Makes the Spec that the words ask for. `folder` is what relative paths start from; those in a
/// configuration file start from the file's own folder. Reads the files of --env-file and nothing else.
/// Throws UsageError.
[[nodiscard]] plan::Spec make_spec(const cli::Arguments& arguments, const Environment& environment,
                                   std::string_view folder);

/// Makes a Spec of the options in exec_option_set that the command line has, and of nothing else. Throws UsageError.
[[nodiscard]] plan::Spec read_visit(const cli::Invocation& invocation);

}  // namespace snug::commands
