#include <cap-ng.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdlib>

#include "files.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "system.hh"

namespace snug::builtin {
namespace {

constexpr int most_capabilities = 64;

std::string capability_names(std::uint64_t mask) {
  std::string text;
  for (unsigned number = 0; number < most_capabilities; ++number) {
    if (!(mask >> number & 1U)) continue;
    const char* name = ::capng_capability_to_name(number);
    text += format("{}{}", text.empty() ? "" : " ", name ? name : format("{}", number));
  }
  return text.empty() ? "none" : text;
}

std::uint64_t mask_of(capng_type_t type) {
  std::uint64_t mask = 0;
  for (unsigned number = 0; number < most_capabilities; ++number)
    if (::capng_have_capability(type, number) == 1) mask |= std::uint64_t{1} << number;
  return mask;
}

// By system calls: also where there is no /proc.
void tell_own_capabilities(Call& call) {
  std::uint64_t bounding = 0;
  for (int number = 0; number < most_capabilities; ++number)
    if (::prctl(PR_CAPBSET_READ, number, 0, 0, 0) == 1) bounding |= std::uint64_t{1} << static_cast<unsigned>(number);
  ::capng_setpid(::getpid());
  if (::capng_get_caps_process() == 0) call.out.line("capabilities   " + capability_names(mask_of(CAPNG_EFFECTIVE)));
  call.out.line("  to be had    " + capability_names(bounding));
}

std::string seccomp_word(long mode) { return mode == 0 ? "no filter" : mode == 2 ? "a filter of system calls" : mode == 1 ? "strict" : "not to be told"; }

void tell_own_restraints(Call& call) {
  call.out.line(format("privileges     {}", ::prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? "no program raises them" : "set-user-ID programs may raise them"));
  call.out.line("seccomp        " + seccomp_word(::prctl(PR_GET_SECCOMP, 0, 0, 0, 0)));
  call.out.line(format("tracers        {}", ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0) == 1 ? "may look into this process" : "are kept out of this process; not of the programs that it starts"));
}

std::string field(std::string_view status, std::string_view name) {
  for (const std::string_view line : lines(status))
    if (line.starts_with(name) && line.substr(name.size(), 1) == ":") return std::string(trimmed(line.substr(name.size() + 1)));
  return "";
}

// Of another process: what the kernel lets be seen of it.
void tell_restraints_of(Call& call, const std::string& status) {
  std::uint64_t effective = 0, bounding = 0;
  for (const auto& [name, mask] : {std::pair{"CapEff", &effective}, std::pair{"CapBnd", &bounding}}) *mask = std::strtoull(field(status, name).c_str(), nullptr, 16);
  call.out.line("capabilities   " + capability_names(effective));
  call.out.line("  to be had    " + capability_names(bounding));
  call.out.line(format("privileges     {}", field(status, "NoNewPrivs") == "1" ? "no program raises them" : "set-user-ID programs may raise them"));
  call.out.line("seccomp        " + seccomp_word(static_cast<long>(parse_number(field(status, "Seccomp")).value_or(9))));
}

void tell_namespaces(Call& call, const std::string& folder) {
  for (const std::string_view kind : {"user", "mnt", "pid", "net", "uts", "ipc", "cgroup", "time"}) {
    const std::string link = link_of(format("{}/ns/{}", folder, kind));
    call.out.line(format("{:<14} {}", format("ns {}", kind), link.empty() ? "not to be seen" : link.substr(link.find(':') + 1)));
  }
}

void tell_map(Call& call, const std::string& folder, std::string_view kind) {
  const std::string text = sys::find_file_text(format("{}/{}_map", folder, kind).c_str()).value_or("");
  for (const std::string_view line : lines(text)) {
    std::vector<std::string> numbers;
    for (std::string& word : split(trimmed(line), ' '))
      if (!word.empty()) numbers.push_back(std::move(word));
    if (numbers.size() == 3) call.out.line(format("{} map        {} and on are {} and on outside, {} of them", kind, numbers[0], numbers[1], numbers[2]));
  }
}

void tell_limits(Call& call) {
  const auto text = [](rlim_t value) { return value == RLIM_INFINITY ? std::string("unlimited") : format("{}", value); };
  for (const auto& [name, number] : {std::pair{"files", RLIMIT_NOFILE}, {"processes", RLIMIT_NPROC}, {"core", RLIMIT_CORE}}) {
    rlimit limit{};
    if (::getrlimit(number, &limit) == 0) call.out.line(format("{:<14} {}", format("limit {}", name), text(limit.rlim_cur)));
  }
}

}  // namespace

int tell_walls(Call& call) {
  const Options options(call, "");
  options.need(0, 1);
  const bool own = options.operands().empty();
  const std::string folder = own ? "/proc/self" : format("/proc/{}", number_of(options.operands()[0]));
  const auto status = sys::find_file_text((folder + "/status").c_str());
  if (!own && !status) throw failure(folder, errno);
  utsname names{};
  ::uname(&names);
  call.out.line(call.out.name(format("kernel         {} {}, the host's", names.sysname, names.release)));
  if (!status) call.out.line("namespaces     not to be seen: /proc is not mounted here");
  else tell_namespaces(call, folder), tell_map(call, folder, "uid"), tell_map(call, folder, "gid");
  if (own) {
    call.out.line(format("ids            uid {} gid {}", ::geteuid(), ::getegid()));
    tell_own_capabilities(call);
    tell_own_restraints(call);
    tell_limits(call);
  } else {
    tell_restraints_of(call, *status);
  }
  return 0;
}

}  // namespace snug::builtin
