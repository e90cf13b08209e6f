#include "tracee.hh"

#include <fcntl.h>
#include <linux/limits.h>
#include <sys/ptrace.h>

#include <cerrno>

#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::runtime {
namespace {

std::string file_of(pid_t pid, const char* name) {
  return sys::find_file_text(format("/proc/{}/{}", pid, name).c_str()).value_or("");
}

std::string link_of(const std::string& path) { return sys::find_link(AT_FDCWD, path.c_str()).value_or(""); }

}  // namespace

std::optional<std::string> Tracee::bytes(std::uint64_t address, std::size_t count) const {
  std::string found;
  while (found.size() < count) {
    errno = 0;
    const long word = ::ptrace(PTRACE_PEEKDATA, pid_, address + found.size(), nullptr);
    if (errno) return {};
    found.append(reinterpret_cast<const char*>(&word), sizeof word);
  }
  found.resize(count);
  return found;
}

std::optional<std::string> Tracee::text(std::uint64_t address) const {
  std::string found;
  while (found.size() < PATH_MAX) {
    const auto part = bytes(address + found.size(), sizeof(long));
    if (!part) return {};
    const std::size_t end = part->find('\0');
    found += part->substr(0, end);
    if (end != std::string::npos) break;
  }
  return found;
}

std::optional<std::vector<std::string>> Tracee::words(std::uint64_t address) const {
  std::vector<std::string> found;
  for (;; address += sizeof(std::uint64_t)) {
    const auto word = value<std::uint64_t>(address);
    if (!word) return {};
    if (*word == 0) return found;
    const auto each = text(*word);
    if (!each) return {};
    found.push_back(*each);
  }
}

std::string Tracee::path_of(int fd) const {
  const std::string link = link_of(format("/proc/{}/fd/{}", pid_, fd));
  if (link.starts_with('/')) return link;
  const auto opened = opened_.find(fd);
  return opened == opened_.end() ? link : opened->second;
}

plan::SeenProcess see_process(pid_t pid) {
  plan::SeenProcess seen{file_of(pid, "status"), file_of(pid, "uid_map"), file_of(pid, "gid_map"), file_of(pid, "limits"),
                         link_of(format("/proc/{}/cwd", pid)), {}};
  for (const char* kind : {"user", "mnt", "cgroup", "ipc", "uts", "net", "pid", "time"})
    if (link_of(format("/proc/{}/ns/{}", pid, kind)) != link_of(format("/proc/self/ns/{}", kind))) seen.own_namespaces.emplace_back(kind);
  return seen;
}

}  // namespace snug::runtime
