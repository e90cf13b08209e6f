#include <cstdint>

#include "commands.hh"
#include "image_program.hh"

namespace snug::commands {

constinit const cli::Command tag_command{
    .name = "tag",
    .summary = "give an image more names",
    .operands = "IMAGE NAME[:TAG]...",
    .description = "Gives IMAGE each of the names. An image that had one of them before loses it, and stays.",
    .max_operands = SIZE_MAX,
    .completer = {cli::Complete::images},
    .function = run_image_program};

}  // namespace snug::commands
