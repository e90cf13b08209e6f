#pragma once

#include "snug/cli/command.hh"

namespace snug::commands {

// What `snug network ACTION …` does: each takes the whole invocation, whose first operand is the action.

int network_create(const cli::Invocation& invocation);      // network_changes.cc
int network_remove(const cli::Invocation& invocation);
int network_prune(const cli::Invocation& invocation);
int network_connect(const cli::Invocation& invocation);     // network_connecting.cc
int network_disconnect(const cli::Invocation& invocation);
int network_list(const cli::Invocation& invocation);        // network_listing.cc
int network_inspect(const cli::Invocation& invocation);
int network_allow(const cli::Invocation& invocation);   // network_allow.cc
int network_deny(const cli::Invocation& invocation);
int network_denied(const cli::Invocation& invocation);  // network_denied.cc

}  // namespace snug::commands
