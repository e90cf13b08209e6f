#include "commands.hh"
#include "snug/commands/output.hh"

namespace snug::commands {
namespace {

int version(const cli::Invocation&) {
  print("snug " SNUG_VERSION "\n");
  return 0;
}

}  // namespace

constinit const cli::Command version_command{
    .name = "version",
    .summary = "print the version of snug",
    .description = "Prints the version of snug; 'snug --version' does the same.",
    .function = version,
};

}  // namespace snug::commands
