#pragma once

#include <linux/filter.h>
#include <linux/seccomp.h>

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <vector>

namespace snug::test {

/// Runs a filter of system calls as the kernel does, and gives its verdict.
inline std::uint32_t verdict_of(const std::vector<std::uint64_t>& program, const seccomp_data& data) {
  std::uint32_t loaded = 0;
  for (std::size_t at = 0; at < program.size(); ++at) {
    const auto step = std::bit_cast<sock_filter>(program[at]);
    const auto jump = [&](bool taken) { at += taken ? step.jt : step.jf; };
    switch (step.code) {
      case BPF_LD | BPF_W | BPF_ABS: std::memcpy(&loaded, reinterpret_cast<const char*>(&data) + step.k, sizeof loaded); break;
      case BPF_ALU | BPF_AND | BPF_K: loaded &= step.k; break;
      case BPF_JMP | BPF_JA: at += step.k; break;
      case BPF_JMP | BPF_JEQ | BPF_K: jump(loaded == step.k); break;
      case BPF_JMP | BPF_JGE | BPF_K: jump(loaded >= step.k); break;
      case BPF_JMP | BPF_JGT | BPF_K: jump(loaded > step.k); break;
      case BPF_JMP | BPF_JSET | BPF_K: jump((loaded & step.k) != 0); break;
      case BPF_RET | BPF_K: return step.k;
      default: return ~std::uint32_t{0};
    }
  }
  return ~std::uint32_t{0};
}

}  // namespace snug::test
