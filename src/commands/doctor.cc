#include "commands.hh"
namespace snug::commands {
constinit const cli::Command doctor_command{.name = "doctor", .summary = "tell what this machine can do"};
}
