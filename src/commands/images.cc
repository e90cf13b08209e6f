#include <array>

#include "commands.hh"
#include "image_program.hh"

namespace snug::commands {
namespace {

constexpr std::array options{
    cli::Option{.name = "all", .letter = 'a', .help = "also those without a name"},
    cli::Option{.name = "digests", .help = "show the digests of the manifests"},
    cli::Option{.name = "filter", .letter = 'f', .argument = "KEY=VALUE", .help = "only those with reference=PATTERN, label=NAME[=VALUE], before=IMAGE, since=IMAGE, until=TIME or dangling=true", .repeatable = true, .completer = {cli::Complete::words, "reference= label= before= since= until= dangling=true"}},
    cli::Option{.name = "format", .argument = "PATTERN", .help = "print 'json', or a pattern such as '{{.Repository}}:{{.Tag}}'"},
    cli::Option{.name = "json", .help = "print JSON"},
    cli::Option{.name = "no-trunc", .help = "show ids whole"},
    cli::Option{.name = "noheading", .letter = 'n', .help = "leave the names of the columns out"},
    cli::Option{.name = "quiet", .letter = 'q', .help = "print ids only"},
};

}  // namespace

constinit const cli::Command images_command{
    .name = "images",
    .summary = "list the images that are there",
    .operands = "[NAME[:TAG]]",
    .description = "Lists the images of your store, the newest first. SIZE is what the blobs of an image weigh as they\n"
                   "came; 'snug df' tells what the whole store weighs.",
    .options = options,
    .max_operands = 1,
    .completer = {cli::Complete::images},
    .function = run_image_program};

}  // namespace snug::commands
