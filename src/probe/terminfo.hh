#pragma once

#include <string>

#include "snug/plan/host_facts.hh"
#include "view.hh"

namespace snug::probe {

/// Whether the root file system knows the terminal `type`: terminfo(5). Links in it lead where they will inside.
[[nodiscard]] bool knows_terminal(const View& root, const std::string& type);

/// Whether an entry was carried into this container before.
[[nodiscard]] bool has_carried_terminal(const View& root, const std::string& type);

/// Gives the host's compiled entry of the caller's terminal, his own first; empty where there is none, or none that is like one.
[[nodiscard]] std::string find_terminal_entry(const plan::TerminalFacts& terminal, const std::string& home);

}  // namespace snug::probe
