#include "commands.hh"
#include "image_program.hh"

namespace snug::commands {

constinit const cli::Command tag_command{
    .name = "tag",
    .summary = "give an image one more name",
    .operands = "IMAGE NAME[:TAG]",
    .description = "Gives IMAGE one more name. An image that had that name before loses it, and stays.",
    .max_operands = 2,
    .completer = {cli::Complete::images},
    .function = run_image_program};

}  // namespace snug::commands
