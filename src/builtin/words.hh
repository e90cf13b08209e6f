#pragma once

#include <string>

#include "call.hh"

namespace snug::builtin {

// Commands of the shell itself that have a file of their own.
[[nodiscard]] int echo(Call& call);             // output.cc
[[nodiscard]] int print_formatted(Call& call);  // output.cc
[[nodiscard]] int test_expression(Call& call);  // test.cc
[[nodiscard]] int read_line(Call& call);        // read.cc
[[nodiscard]] int help(Call& call);             // help.cc
[[nodiscard]] int set_traps(Call& call);        // trap.cc
[[nodiscard]] int set_switches(Call& call);     // set.cc
[[nodiscard]] int change_folder(Call& call);    // folder.cc
[[nodiscard]] int tell_folder(Call& call);      // folder.cc
[[nodiscard]] int tell_type(Call& call);        // lookup.cc
[[nodiscard]] int do_command(Call& call);       // lookup.cc
[[nodiscard]] int look_up(Call& call);          // lookup.cc: hash
[[nodiscard]] int take_option(Call& call);      // getopts.cc
[[nodiscard]] int change_umask(Call& call);     // limits.cc
[[nodiscard]] int change_limit(Call& call);     // limits.cc
[[nodiscard]] int tell_times(Call& call);       // limits.cc

/// The command that would make an alias.
[[nodiscard]] std::string alias_text(const std::string& name, const std::string& value);

}  // namespace snug::builtin
