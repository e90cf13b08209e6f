#include <array>

#include "commands.hh"
#include "image_program.hh"

namespace snug::commands {
namespace {

constexpr std::array options{
    cli::Option{.name = "author", .letter = 'a', .argument = "TEXT", .help = "who made the image"},
    cli::Option{.name = "change", .letter = 'c', .argument = "INSTRUCTION", .help = "CMD, ENTRYPOINT, ENV, EXPOSE, LABEL, STOPSIGNAL, USER, VOLUME or WORKDIR, as in a Dockerfile", .repeatable = true},
    cli::Option{.name = "message", .letter = 'm', .argument = "TEXT", .help = "what the history of the image is to say"},
    cli::Option{.name = "pause", .letter = 'p', .help = "have the container stand still meanwhile, where it can be paused"},
};

}  // namespace

constinit const cli::Command commit_command{
    .name = "commit",
    .summary = "make an image of what a container has written",
    .operands = "CONTAINER [NAME[:TAG]]",
    .description = "Makes an image of the container's own and of one layer more: what the container has written until now. It goes on\n"
                   "running meanwhile. Volumes are not in it. Prints the image's id.",
    .options = options,
    .max_operands = 2,
    .completer = {cli::Complete::containers},
    .further = cli::Completer{cli::Complete::images},
    .function = run_image_program};

}  // namespace snug::commands
