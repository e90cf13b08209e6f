#include "snug/commands/dispatch.hh"
#include "snug/commands/program.hh"

// snug: what people type.

int main(int argc, char** argv) { return snug::commands::run_program(argc, argv, snug::commands::dispatch); }
