#include <array>

#include "commands.hh"
#include "image_program.hh"

namespace snug::commands {
namespace {

constexpr std::array options{
    cli::Option{.name = "format", .argument = "PATTERN", .help = "print 'json', or a pattern such as '{{.ID}} {{.CreatedBy}}'"},
    cli::Option{.name = "human", .letter = 'H', .help = "show sizes and times for people, as by default; =false: bytes, and the times as they are written"},
    cli::Option{.name = "json", .help = "print JSON"},
    cli::Option{.name = "no-trunc", .help = "show texts and ids whole"},
    cli::Option{.name = "quiet", .letter = 'q', .help = "print the digests of the layers only"},
};

}  // namespace

constinit const cli::Command history_command{
    .name = "history",
    .summary = "tell how an image came to be, step by step",
    .operands = "IMAGE",
    .description = "Lists the steps that made the image, the last one first, as its configuration tells them. SIZE is what\n"
                   "the blob of the step's layer weighs.",
    .options = options,
    .max_operands = 1,
    .completer = {cli::Complete::images},
    .function = run_image_program};

}  // namespace snug::commands
