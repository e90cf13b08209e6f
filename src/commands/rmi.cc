#include <array>
#include <cstdint>

#include "commands.hh"
#include "image_program.hh"

namespace snug::commands {
namespace {

constexpr std::array options{
    cli::Option{.name = "all", .letter = 'a', .help = "remove all images"},
    cli::Option{.name = "force", .letter = 'f', .help = "also with all its names, or while a container runs on it; pass over images that are not there"},
    cli::Option{.name = "ignore", .letter = 'i', .help = "pass over images that are not there"},
    cli::Option{.name = "no-prune", .help = "leave blobs and layers that no image needs any more for 'snug gc'"},
};

}  // namespace

constinit const cli::Command rmi_command{
    .name = "rmi",
    .summary = "remove names of images, and images with their last name",
    .operands = "IMAGE...",
    .description = "Takes the names away; an image that loses its last one is removed, with all that no other image shares.\n"
                   "By its id an image is removed with all names, which takes --force where there are several.",
    .options = options,
    .max_operands = SIZE_MAX,
    .completer = {cli::Complete::images},
    .function = run_image_program};

}  // namespace snug::commands
