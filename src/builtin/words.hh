#pragma once

#include "call.hh"

namespace snug::builtin {

// Commands of the shell itself that have a file of their own.
[[nodiscard]] int echo(Call& call);             // output.cc
[[nodiscard]] int print_formatted(Call& call);  // output.cc
[[nodiscard]] int test_expression(Call& call);  // test.cc
[[nodiscard]] int read_line(Call& call);        // read.cc
[[nodiscard]] int help(Call& call);             // help.cc
[[nodiscard]] int set_traps(Call& call);        // trap.cc

}  // namespace snug::builtin
