#include <array>

#include "commands.hh"
#include "image_program.hh"

namespace snug::commands {
namespace {

constexpr std::array options{
    cli::Option{.name = "blobs", .help = "also remove the blobs of layers that are unpacked and that a registry has"},
    cli::Option{.name = "check", .help = "read every blob, and remove or mend what is damaged"},
    cli::Option{.name = "dry-run", .letter = 'n', .help = "tell what would be removed, and remove nothing"},
};

}  // namespace

constinit const cli::Command gc_command{
    .name = "gc",
    .summary = "remove what crashes left and what no image needs",
    .description = "Removes from your data folder what interrupted commands left, blobs and layers that belong to no image,\n"
                   "and containers' folders that no container uses. Prints how many bytes that makes.",
    .options = options,
    .function = run_image_program};

}  // namespace snug::commands
