#pragma once

#include <sys/socket.h>
#include <sys/types.h>

#include <csignal>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "snug/sys/fd.hh"

namespace snug::sys {

/// What clone3(2) gave: 0 in the child; in the parent its pid and a descriptor of it; or -1 with errno set.
struct Cloned {
  pid_t pid = -1;
  Fd pidfd;
};

/// clone3(2), or clone(2) where a filter lacks it, with fork's meaning and CLONE_* `flags`. The calling process has one thread. With `siblings` the child
/// becomes a child of the caller's parent, and no pidfd is given. `cgroup`: an open one that it begins in; -1: the caller's.
[[nodiscard]] Cloned clone_process(std::uint64_t flags, bool siblings = false, int cgroup = -1) noexcept;

/// Starts the program at `path` in a child: `streams` become its descriptors 0, 1, 2 and so on, signals have their default
/// dispositions, but for those that a shell or nohup(1) has had the caller ignore, and where `death_signal` is not 0 it gets that when the thread that started it ends. `environment` ends with a null.
/// `apart`: in a process group of its own, where the keys of the caller's terminal do not reach it.
/// Nothing that takes a lock is called in the child: the caller may have other threads. 126 where it cannot be executed.
[[nodiscard]] Cloned start_program(const std::string& path, std::vector<std::string> words, const char* const* environment,
                                   std::span<const int> streams, int death_signal = 0, bool apart = false);

/// pidfd_open(2); empty with errno set.
[[nodiscard]] Fd open_process(pid_t pid) noexcept;

/// pidfd_send_signal(2); 0 or errno.
[[nodiscard]] int send_signal(int pidfd, int signal) noexcept;

/// The same of SIGTSTP, as SI_QUEUE: who gets it can tell it from that of anybody else.
[[nodiscard]] int ask_to_stop(int pidfd) noexcept;

/// setsid(2), PR_SET_PDEATHSIG, PR_SET_DUMPABLE and the like: 0 or errno; safe in a child after clone.
[[nodiscard]] int die_with_parent(int signal = SIGKILL) noexcept;
[[nodiscard]] int hide_from_tracers() noexcept;
[[nodiscard]] int set_no_new_privileges() noexcept;
[[nodiscard]] int join_new_session_keyring() noexcept;

/// close_range(2): closes all descriptors above 2 but these, which may be -1: 0 or errno; safe in a child after clone.
[[nodiscard]] int close_all_but(std::span<const int> kept) noexcept;
[[nodiscard]] inline int close_all_but(std::initializer_list<int> kept) noexcept { return close_all_but(std::span(kept.begin(), kept.size())); }

/// /dev/null as 0, 1 and 2: 0 or errno; safe in a child after clone.
[[nodiscard]] int leave_streams() noexcept;

/// _exit(2) once all above 2 is closed: while a process ends, older kernels hand out what it has open to whoever may trace it
/// (pidfd_getfd(2)), though its memory was closed to him. Safe in a child after clone.
[[noreturn]] void leave(int code) noexcept;

/// unshare(2) with CLONE_NEWCGROUP: 0 or errno; safe in a child after clone.
[[nodiscard]] int make_cgroup_namespace() noexcept;

/// SIG_DFL for every signal and an empty mask; `as_called`: but what a shell or nohup(1) has had the caller ignore stays ignored. Safe in a child
/// after clone.
void reset_signals(bool as_called = false) noexcept;

/// setgroups(2) (unless `groups` is null), setresgid(2), setresuid(2): 0 or errno.
[[nodiscard]] int become(uid_t uid, gid_t gid, const gid_t* groups, std::size_t count) noexcept;

/// capset(2): the permitted and effective sets become these, the inheritable one empty: 0 or errno; safe in a child after clone.
[[nodiscard]] int set_capabilities(std::span<const int> kept) noexcept;

/// Where a namespace could not be made because no more may be (ENOSPC): waits for a moment, since those that are just going away still count.
/// False where `error` is another, none may be at all, or it was the last of half a second of rounds, from 0 on.
[[nodiscard]] bool await_namespaces(int error, int round) noexcept;

/// PR_CAPBSET_DROP: no program that is executed from now on gains others than these: 0 or errno. Needs CAP_SETPCAP; safe in a child after clone.
[[nodiscard]] int drop_bounding(std::span<const int> kept) noexcept;

/// CLOCK_MONOTONIC in nanoseconds; safe in a child after clone.
[[nodiscard]] std::uint64_t monotonic_time() noexcept;

/// Overwrites the words that this process was started with, which everybody on the machine can read: "snug" is left. What points
/// there is not to be read afterwards. Safe in a child after clone that has its own memory.
void hide_words() noexcept;

/// socketpair(2) of AF_UNIX, of packets unless `type` is another: both ends close at exec. Throws.
[[nodiscard]] FdPair make_socket_pair(int type = SOCK_SEQPACKET);

/// Sends the descriptor `fd` through the UNIX socket `socket`: 0 or errno.
[[nodiscard]] int send_descriptor(int socket, int fd) noexcept;

/// Receives a descriptor that send_descriptor sent; empty where the other end closed without one.
[[nodiscard]] Fd receive_descriptor(int socket);

/// How many descriptors one message may carry.
inline constexpr std::size_t max_descriptors = 16;

/// Sends a message that is not empty through a UNIX socket, and descriptors with it: 0 or errno. Safe in a child after clone.
[[nodiscard]] int send_message(int socket, std::string_view data, std::span<const int> descriptors = {}) noexcept;

/// Receives one, and puts the descriptors that came with it at the end of `descriptors`. Gives what recvmsg(2) does.
[[nodiscard]] ssize_t receive_message(int socket, void* data, std::size_t size, std::vector<Fd>& descriptors);

}  // namespace snug::sys
