#pragma once

#include "snug/sys/fd.hh"

namespace snug::sys {

/// Listens at a socket of the name `name` in the folder, in place of one that is there, for nobody but the caller: whoever connects is heard
/// packet by packet (SOCK_SEQPACKET). `more`: SOCK_NONBLOCK, or 0. Empty with errno set.
[[nodiscard]] Fd listen_in(int folder, const char* name, int backlog, int more);

/// Connects to one. Empty with errno set.
[[nodiscard]] Fd connect_in(int folder, const char* name);

}  // namespace snug::sys
