#include <array>

#include "commands.hh"
#include "image_program.hh"

namespace snug::commands {
namespace {

constexpr std::array options{
    cli::Option{.name = "json", .help = "print JSON"},
};

}  // namespace

constinit const cli::Command df_command{
    .name = "df",
    .summary = "tell what the store weighs",
    .description = "Tells how much of the disk images, unpacked layers and containers take, what is shared counted once, and how\n"
                   "much of it nothing needs.",
    .options = options,
    .function = run_image_program};

}  // namespace snug::commands
