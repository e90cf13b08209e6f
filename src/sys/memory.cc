#include "snug/sys/memory.hh"

#include <link.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>

// Where the linker has laid what a start runs, by src/start.ld; null where there is no such place.
extern "C" __attribute__((weak)) const char snug_start_begin[], snug_start_end[];

namespace snug::sys {
namespace {

std::uintptr_t page_size() noexcept { return static_cast<std::uintptr_t>(::getpagesize()); }

std::uintptr_t page_of(const void* place) noexcept { return reinterpret_cast<std::uintptr_t>(place) / page_size() * page_size(); }

void advise(std::uintptr_t first, std::size_t size, int how) noexcept { ::madvise(reinterpret_cast<void*>(first), size, how); }

}  // namespace

void bring_program() noexcept {
  constexpr std::size_t heap = 10, stack = 6;  // pages that every start and exec fills
  const std::uintptr_t page = page_size();
  if (const std::uintptr_t first = page_of(snug_start_begin); first != 0) advise(first, page_of(snug_start_end) - first, MADV_POPULATE_READ);
  void* const next = std::malloc(1);
  advise(page_of(next) + page, heap * page, MADV_POPULATE_WRITE);
  std::free(next);
  advise(page_of(&page) - stack * page, stack * page, MADV_POPULATE_WRITE);
}

void bring_heap(std::size_t bytes) noexcept {
  bytes = std::min(bytes, std::size_t{8} << 20U);
  const int kept = static_cast<int>(2 * bytes);  // what is freed goes back to the heap, and the heap is not made smaller
  ::mallopt(M_MMAP_THRESHOLD, kept);
  ::mallopt(M_TRIM_THRESHOLD, kept);
  char* const whole = static_cast<char*>(std::malloc(bytes));
  const std::uintptr_t first = page_of(whole) + page_size(), end = page_of(whole + bytes);
  if (whole && end > first) advise(first, end - first, MADV_POPULATE_WRITE);
  std::free(whole);
}

void forget_program() noexcept {
  const auto forget = [](dl_phdr_info* info, std::size_t, void*) {
    for (int at = 0; at < info->dlpi_phnum; ++at) {
      const ElfW(Phdr)& segment = info->dlpi_phdr[at];
      if (segment.p_type != PT_LOAD || (segment.p_flags & PF_W) != 0) continue;  // what was written has no other copy
      const std::uintptr_t first = (info->dlpi_addr + segment.p_vaddr) / page_size() * page_size();
      const std::uintptr_t end = info->dlpi_addr + segment.p_vaddr + segment.p_memsz;
      advise(first, end - first, MADV_DONTNEED);
    }
    return 0;
  };
  ::dl_iterate_phdr(forget, nullptr);
}

}  // namespace snug::sys
