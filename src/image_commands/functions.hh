#pragma once

#include "snug/cli/command.hh"

namespace snug::image_commands {

// What the commands on images do, one a file, as the table has them. They give the exit code and throw what ends them.

int bootstrap(const cli::Invocation& invocation);
int commit(const cli::Invocation& invocation);
int df(const cli::Invocation& invocation);
int export_container(const cli::Invocation& invocation);
int gc(const cli::Invocation& invocation);
int history(const cli::Invocation& invocation);
int images(const cli::Invocation& invocation);
int import(const cli::Invocation& invocation);
int inspect(const cli::Invocation& invocation);
int load(const cli::Invocation& invocation);
int login(const cli::Invocation& invocation);
int logout(const cli::Invocation& invocation);
int pull(const cli::Invocation& invocation);
int push(const cli::Invocation& invocation);
int rmi(const cli::Invocation& invocation);
int save(const cli::Invocation& invocation);
int tag(const cli::Invocation& invocation);

// What snug-image starts itself, or its tests: people need not know of it.
extern const cli::Command pack_layer_command, unpack_layer_command;

}  // namespace snug::image_commands
