#include "snug/commands/program.hh"
#include "snug/image_commands/dispatch.hh"

// snug-image: does for snug what is done with images, as git-remote-https does for git. It is a program of its own, so that
// `snug run` carries none of the libraries for the network, for hashes and for compression. snug starts it with the
// words that it got itself.

int main(int argc, char** argv) { return snug::commands::run_program(argc, argv, snug::image_commands::dispatch); }
