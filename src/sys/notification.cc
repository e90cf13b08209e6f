#include "snug/sys/notification.hh"

#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)  // Linux 5.19
#endif
#ifndef SECCOMP_IOCTL_NOTIF_SET_FLAGS
#define SECCOMP_IOCTL_NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)  // Linux 6.6
#define SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP (1UL << 0)
#endif

namespace snug::sys {
namespace {

int load(const sock_fprog& code, unsigned long flags) noexcept { return static_cast<int>(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &code)); }

void send(int listener, std::uint64_t id, int error, std::uint32_t flags) noexcept {
  seccomp_notif_resp response{};
  response.id = id;
  response.error = -error;
  response.flags = flags;
  // Whoever has ended meanwhile waits for nothing.
  static_cast<void>(::ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response));
}

}  // namespace

Fd load_listening_filter(std::span<const std::uint64_t> program) noexcept {
  static_assert(sizeof(sock_filter) == sizeof program[0]);
  const sock_fprog code{static_cast<unsigned short>(program.size()), const_cast<sock_filter*>(reinterpret_cast<const sock_filter*>(program.data()))};
  const int listener = load(code, SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV);
  return Fd(listener < 0 && errno == EINVAL ? load(code, SECCOMP_FILTER_FLAG_NEW_LISTENER) : listener);
}

void take_turns(int listener) noexcept { static_cast<void>(::ioctl(listener, SECCOMP_IOCTL_NOTIF_SET_FLAGS, SECCOMP_USER_NOTIF_FD_SYNC_WAKE_UP)); }

bool receive_call(int listener, WaitingCall& call) noexcept {
  seccomp_notif notification{};  // the kernel wants it cleared
  if (::ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &notification) != 0) return false;
  call.id = notification.id;
  call.thread = static_cast<pid_t>(notification.pid);
  call.number = notification.data.nr;
  std::copy(std::begin(notification.data.args), std::end(notification.data.args), call.arguments.begin());
  return true;
}

bool is_waiting(int listener, std::uint64_t id) noexcept { return ::ioctl(listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0; }

void answer_call(int listener, std::uint64_t id, int error) noexcept { send(listener, id, error, 0); }

void pass_call(int listener, std::uint64_t id) noexcept { send(listener, id, 0, SECCOMP_USER_NOTIF_FLAG_CONTINUE); }

Fd open_thread(pid_t thread) noexcept {
  constexpr unsigned any_thread = O_EXCL;  // PIDFD_THREAD
  Fd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, thread, any_thread)));
  return pidfd || errno != EINVAL ? std::move(pidfd) : Fd(static_cast<int>(::syscall(SYS_pidfd_open, thread, 0)));
}

Fd copy_descriptor(int pidfd, int number) noexcept { return Fd(static_cast<int>(::syscall(SYS_pidfd_getfd, pidfd, number, 0))); }

bool read_text(pid_t thread, std::uint64_t address, std::span<char> text) noexcept {
  constexpr std::size_t page = 4096, usual = 256;  // where a text ends the next page may be nobody's
  for (std::size_t done = 0; done < text.size();) {
    const std::size_t to_page = page - (address + done) % page;
    const std::size_t wanted = std::min({text.size() - done, to_page, done == 0 ? usual : page});
    const iovec here{text.data() + done, wanted}, there{reinterpret_cast<void*>(address + done), wanted};
    const ssize_t count = ::process_vm_readv(thread, &here, 1, &there, 1, 0);
    if (count <= 0) return false;
    if (std::memchr(text.data() + done, '\0', static_cast<std::size_t>(count))) return true;
    done += static_cast<std::size_t>(count);
  }
  return false;
}

bool read_memory(pid_t thread, std::uint64_t address, std::span<char> data) noexcept {
  const iovec here{data.data(), data.size()}, there{reinterpret_cast<void*>(address), data.size()};
  return ::process_vm_readv(thread, &here, 1, &there, 1, 0) == static_cast<ssize_t>(data.size());
}

bool write_memory(pid_t thread, std::uint64_t address, std::span<const char> data) noexcept {
  const iovec here{const_cast<char*>(data.data()), data.size()}, there{reinterpret_cast<void*>(address), data.size()};
  return ::process_vm_writev(thread, &here, 1, &there, 1, 0) == static_cast<ssize_t>(data.size());
}

}  // namespace snug::sys
