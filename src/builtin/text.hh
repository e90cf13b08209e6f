#pragma once

#include "call.hh"

namespace snug::builtin {

// Commands on text that have a file of their own.
[[nodiscard]] int search_text(Call& call);   // grep.cc
[[nodiscard]] int sort_lines(Call& call);    // sort.cc
[[nodiscard]] int drop_repeats(Call& call);  // lines.cc: uniq
[[nodiscard]] int cut_lines(Call& call);     // lines.cc
[[nodiscard]] int translate(Call& call);     // translate.cc: tr
[[nodiscard]] int dump_bytes(Call& call);    // bytes.cc: xxd
[[nodiscard]] int find_strings(Call& call);  // bytes.cc
[[nodiscard]] int show_front(Call& call);    // ends.cc: head
[[nodiscard]] int show_end(Call& call);      // ends.cc: tail
[[nodiscard]] int show_pages(Call& call);    // less.cc

}  // namespace snug::builtin
