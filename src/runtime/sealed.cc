#include "sealed.hh"

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "snug/sys/file.hh"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U  // Linux 6.3
#endif

namespace snug::runtime {
namespace {

constexpr off_t most = off_t{256} << 20;

// What is dynamic names its loader, a file of the root that it runs in.
bool is_static(int file) noexcept {
  Elf64_Ehdr head{};
  if (::pread(file, &head, sizeof head, 0) != sizeof head || std::memcmp(head.e_ident, ELFMAG, SELFMAG) != 0) return false;
  if (head.e_ident[EI_CLASS] != ELFCLASS64 || head.e_phentsize != sizeof(Elf64_Phdr)) return false;
  for (unsigned number = 0; number < head.e_phnum; ++number) {
    Elf64_Phdr segment{};
    if (::pread(file, &segment, sizeof segment, static_cast<off_t>(head.e_phoff + number * sizeof segment)) != sizeof segment || segment.p_type == PT_INTERP) return false;
  }
  return true;
}

sys::Fd make_memory() noexcept {
  sys::Fd memory(::memfd_create("tools", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC));
  return memory || errno != EINVAL ? std::move(memory) : sys::Fd(::memfd_create("tools", MFD_CLOEXEC | MFD_ALLOW_SEALING));
}

}  // namespace

sys::Fd copy_sealed(const char* path) noexcept {
  const sys::Fd file = sys::try_open(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!file) return {};
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return {};
  if (!S_ISREG(status.st_mode) || status.st_size > most || !is_static(file.get())) return errno = ENOEXEC, sys::Fd();
  sys::Fd memory = make_memory();
  for (off_t left = status.st_size; memory && left > 0;) {
    const ssize_t count = ::sendfile(memory.get(), file.get(), nullptr, static_cast<std::size_t>(left));
    if (count < 0) return {};
    if (count == 0) return errno = EIO, sys::Fd();  // it became shorter
    left -= count;
  }
  if (memory && ::fcntl(memory.get(), F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK | F_SEAL_SEAL) != 0) return {};
  return memory;
}

}  // namespace snug::runtime
