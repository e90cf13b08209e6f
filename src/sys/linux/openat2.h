#pragma once

// glibc has no wrapper for openat2(2).
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <unistd.h>

inline long sys_openat2(int folder, const char* path, open_how* how) noexcept {
  return ::syscall(SYS_openat2, folder, path, how, sizeof *how);
}
