#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <span>

#include "snug/sys/fd.hh"

namespace snug::sys {

// The listener's side of seccomp_unotify(2), and what it learns of who asks. No function allocates or throws.

/// A system call that waits for an answer.
struct WaitingCall {
  std::uint64_t id = 0;
  pid_t thread = 0;  ///< who made it, in the reader's process namespace; 0: somebody outside of that
  int number = 0;
  std::array<std::uint64_t, 6> arguments{};
};

/// seccomp(2): loads a filter whose SECCOMP_RET_USER_NOTIF asks who holds the listener that this gives; empty with errno set. Once asked, who
/// waits is woken by nothing but its end, from Linux 5.19 on. Needs what load_filter does. Safe in a child after clone.
[[nodiscard]] Fd load_listening_filter(std::span<const std::uint64_t> program) noexcept;

/// SECCOMP_IOCTL_NOTIF_SET_FLAGS: who asks and who answers take turns on one processor, which is sooner done, from Linux 6.6 on.
void take_turns(int listener) noexcept;

/// SECCOMP_IOCTL_NOTIF_RECV: waits for a call; false where who made it has ended meanwhile.
[[nodiscard]] bool receive_call(int listener, WaitingCall& call) noexcept;

/// SECCOMP_IOCTL_NOTIF_ID_VALID: whether it waits still. Until then its thread's number may be another's.
[[nodiscard]] bool is_waiting(int listener, std::uint64_t id) noexcept;

/// SECCOMP_IOCTL_NOTIF_SEND: the call gives 0, or fails with `error`.
void answer_call(int listener, std::uint64_t id, int error) noexcept;

/// SECCOMP_USER_NOTIF_FLAG_CONTINUE: the kernel does it. It reads the arguments anew, so nothing may hang on what was read of them.
void pass_call(int listener, std::uint64_t id) noexcept;

/// pidfd_open(2) of a thread that need not lead its process, from Linux 6.9 on; before, of one that does. Empty with errno set.
[[nodiscard]] Fd open_thread(pid_t thread) noexcept;

/// pidfd_getfd(2): a copy of what is open as `number` there; empty with errno set. Needs the right to trace it.
[[nodiscard]] Fd copy_descriptor(int pidfd, int number) noexcept;

/// process_vm_readv(2) of a NUL-terminated text into `text`; false where it is longer, or is not to be read.
[[nodiscard]] bool read_text(pid_t thread, std::uint64_t address, std::span<char> text) noexcept;

/// process_vm_readv(2) of all of `data`; false where that memory is not the thread's to read, either.
[[nodiscard]] bool read_memory(pid_t thread, std::uint64_t address, std::span<char> data) noexcept;

/// process_vm_writev(2) of all of `data`; false where that memory is not the thread's to write, either.
[[nodiscard]] bool write_memory(pid_t thread, std::uint64_t address, std::span<const char> data) noexcept;

}  // namespace snug::sys
