#include <cstdint>

#include "commands.hh"
#include "image_program.hh"

namespace snug::commands {

constinit const cli::Command inspect_command{
    .name = "inspect",
    .summary = "print all that is known of an image, as JSON",
    .operands = "IMAGE...",
    .description = "Prints a JSON array with an object for each image, under docker's names.",
    .max_operands = SIZE_MAX,
    .function = run_image_program};

}  // namespace snug::commands
