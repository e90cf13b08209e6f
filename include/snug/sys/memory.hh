#pragma once

#include <cstddef>

// Memory that is asked for in one go, or given back: each page that comes with a fault of its own takes longer than what is done there.
// Nothing else changes by it. madvise(2).

namespace snug::sys {

/// Maps the pages that hold what a start runs, and the next ones of heap and stack.
void bring_program() noexcept;

/// Gives the heap of the first thread so many bytes more, or eight megabytes, for who is going to fill them. The others have heaps of their
/// own: one for all would have them wait for each other. mallopt(3).
void bring_heap(std::size_t bytes) noexcept;

/// Unmaps the pages of the program's own code and constants, which stay in the page cache and come back when they are
/// touched: for a process that is going to sleep.
void forget_program() noexcept;

}  // namespace snug::sys
