#include <linux/audit.h>
#include <linux/bpf_common.h>

#include <cstdint>
#include <cstdlib>
#include <string>

#include "packet_filter.hh"
#include "snug/base/error.hh"
#include "snug/config/profile.hh"

// A profile of system calls ends in a message or in a filter that the kernel can run: one that is short enough, and has a verdict of every call.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
#ifdef __x86_64__
  constexpr std::uint32_t native = AUDIT_ARCH_X86_64;
#else
  constexpr std::uint32_t native = AUDIT_ARCH_AARCH64;
#endif
  try {
    const auto filter = snug::config::compile_profile({reinterpret_cast<const char*>(data), size}, {.capabilities = {1, 21}, .major = 6, .minor = 1});
    if (filter.empty() || filter.size() > BPF_MAXINSNS) std::abort();
    for (const std::uint32_t machine : {native, std::uint32_t{AUDIT_ARCH_I386}, std::uint32_t{AUDIT_ARCH_ARM}})
      for (const int number : {0, 1, 59, 101, 165, 435, 9999, -1}) {
        const seccomp_data call{.nr = number, .arch = machine, .instruction_pointer = 0, .args = {1, 2, ~0ULL, 0, 0, 0}};
        if (snug::test::verdict_of(filter, call) == ~std::uint32_t{0}) std::abort();
      }
  } catch (const snug::Error&) {
  }
  return 0;
}
