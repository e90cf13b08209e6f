// From a list of system calls to a program for seccomp(2). The numbers fall into ranges of one verdict each, and a binary search
// finds the range: seven comparisons on the way to the farthest. All of it can be evaluated by the compiler, and for the keys that
// containers have unless somebody asks for others, it is.

#include "snug/plan/filter.hh"

#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/keyctl.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <span>
#include <stdexcept>
#include <string_view>

namespace snug::plan {
namespace {

enum Rule : std::uint8_t { allow, deny, absent, clone, socket, personality, ioctl, session_keyring, ignore, one_id, two_ids, three_ids, path_owner, folder_owner, path_node, folder_node, notify, notify_status, notify_path_node, notify_folder_node };

constexpr std::uint64_t cap(int number) { return std::uint64_t{1} << static_cast<unsigned>(number); }
constexpr std::uint64_t nested = std::uint64_t{1} << 63U;
constexpr std::uint64_t foreign = std::uint64_t{1} << 62U;  // has no other calls for sockets, and a filter cannot see which are asked for

struct Call {
  const char* name;
  int x86_64, i386, arm64, arm;
  Rule rule;
  std::uint64_t keys = 0;  ///< each of them opens it
  Rule opened = allow;     ///< as far as that
};

constexpr Call calls[] = {
#include "calls.inc"
};

constexpr int number_of(const Call& call, Architecture machine) {
  switch (machine) {
    case Architecture::x86_64: return call.x86_64;
    case Architecture::i386: return call.i386;
    case Architecture::arm64: return call.arm64;
    case Architecture::arm: return call.arm;
  }
  return -1;
}

constexpr std::uint32_t audit_arch(Architecture machine) {
  switch (machine) {
    case Architecture::x86_64: return AUDIT_ARCH_X86_64;
    case Architecture::i386: return AUDIT_ARCH_I386;
    case Architecture::arm64: return AUDIT_ARCH_AARCH64;
    case Architecture::arm: return AUDIT_ARCH_ARM;
  }
  return 0;
}

constexpr Architecture foreign_of(Architecture machine) { return machine == Architecture::x86_64 ? Architecture::i386 : Architecture::arm; }

/// From this number on, up to the next range.
struct Range {
  std::uint32_t first = 0;
  Rule rule = absent;
};

/// A vector of limited length, which the compiler can fill.
template <typename Item, std::size_t most>
struct List {
  std::array<Item, most> items{};
  std::size_t size = 0;

  constexpr void add(const Item& item) {
    if (size == most) throw std::length_error("the list of system calls");
    items[size++] = item;
  }
  [[nodiscard]] constexpr std::span<const Item> view() const { return {items.data(), size}; }
};

using Ranges = List<Range, 2 * std::size(calls) + 1>;

constexpr void extend(Ranges& ranges, std::uint32_t first, Rule rule) {
  if (ranges.size > 0 && ranges.items[ranges.size - 1].rule == rule) return;
  ranges.add({first, rule});
}

struct Named {
  std::string_view name;
  Rule rule;
};

constexpr std::array typing_calls{Named{"ioctl", ioctl}};

template <std::size_t some, std::size_t more>
constexpr std::array<Named, some + more> joined(const std::array<Named, some>& first, const std::array<Named, more>& second) {
  std::array<Named, some + more> all{};
  std::copy(second.begin(), second.end(), std::copy(first.begin(), first.end(), all.begin()));
  return all;
}

// What root can do only where there are more ids than its own: become others, and give files away.
constexpr std::array becoming_calls{Named{"setuid", one_id},     Named{"setgid", one_id},       Named{"setfsuid", one_id},     Named{"setfsgid", one_id},  Named{"setreuid", two_ids},
                                    Named{"setregid", two_ids},  Named{"setresuid", three_ids}, Named{"setresgid", three_ids}, Named{"setgroups", ignore}, Named{"capset", ignore},
                                    // The same of the machine's 32-bit kind, whose old calls take ids of 16 bits.
                                    Named{"setuid32", one_id},     Named{"setgid32", one_id},       Named{"setfsuid32", one_id},     Named{"setfsgid32", one_id},  Named{"setreuid32", two_ids},
                                    Named{"setregid32", two_ids},  Named{"setresuid32", three_ids}, Named{"setresgid32", three_ids}, Named{"setgroups32", ignore}};
constexpr std::array giving_calls{Named{"chown", path_owner}, Named{"lchown", path_owner}, Named{"fchown", path_owner},
                                  Named{"chown32", path_owner}, Named{"lchown32", path_owner}, Named{"fchown32", path_owner},
                                  Named{"fchownat", folder_owner}, Named{"mknod", path_node}, Named{"mknodat", folder_node}};
constexpr std::array root_calls = joined(becoming_calls, giving_calls);

// The same, where somebody remembers what was given away, and tells it.
constexpr std::array remembered_calls{Named{"chown", notify}, Named{"lchown", notify}, Named{"fchown", notify}, Named{"fchownat", notify}, Named{"chmod", notify},
                                      Named{"fchmod", notify}, Named{"fchmodat", notify}, Named{"fchmodat2", notify}, Named{"stat", notify}, Named{"lstat", notify},
                                      Named{"fstat", notify}, Named{"newfstatat", notify}, Named{"statx", notify_status}, Named{"mknod", notify_path_node}, Named{"mknodat", notify_folder_node},
                                      Named{"setxattr", notify}, Named{"lsetxattr", notify}, Named{"fsetxattr", notify},
                                      Named{"removexattr", notify}, Named{"lremovexattr", notify}, Named{"fremovexattr", notify}};
// What the processes that copy files have no need of: they speak to nobody, and start and reach no other process.
constexpr std::array speaking_calls{Named{"socket", deny}, Named{"socketpair", deny}, Named{"connect", deny}, Named{"execve", deny}, Named{"execveat", deny},
                                    Named{"kill", deny}, Named{"tkill", deny}, Named{"tgkill", deny}, Named{"pidfd_open", deny}, Named{"pidfd_send_signal", deny},
                                    Named{"ptrace", deny}, Named{"process_vm_readv", deny}, Named{"process_vm_writev", deny}};
constexpr std::array owner_calls = joined(becoming_calls, remembered_calls);

constexpr Rule rule_of(const Call& call, std::uint64_t keys, bool lone_root) {
  const Rule rule = (call.keys & keys) != 0 ? call.opened : call.rule;
  if (rule == allow && lone_root)
    for (const Named& named : root_calls)
      if (named.name == call.name) return named.rule;
  return rule;
}

constexpr Ranges ranges_of(Architecture machine, std::uint64_t keys, bool lone_root = false) {
  List<Range, std::size(calls)> known;
  for (const Call& call : calls)
    if (const int number = number_of(call, machine); number >= 0)
      known.add({static_cast<std::uint32_t>(number), rule_of(call, keys, lone_root)});
  std::sort(known.items.begin(), known.items.begin() + static_cast<std::ptrdiff_t>(known.size),
            [](const Range& a, const Range& b) { return a.first < b.first; });
  Ranges ranges;
  std::uint32_t next = 0;
  for (const Range& call : known.view()) {
    if (call.first != next || next == 0) extend(ranges, next, call.first == next ? call.rule : absent);
    extend(ranges, call.first, call.rule);
    next = call.first + 1;
  }
  extend(ranges, next, absent);
  return ranges;
}

/// The rest is allowed.
template <std::size_t count>
constexpr Ranges ranges_of(Architecture machine, const std::array<Named, count>& named) {
  List<Range, std::size(calls)> known;
  for (const Named& each : named)
    for (const Call& call : calls)
      if (const int number = number_of(call, machine); each.name == call.name && number >= 0) known.add({static_cast<std::uint32_t>(number), each.rule});
  std::sort(known.items.begin(), known.items.begin() + static_cast<std::ptrdiff_t>(known.size),
            [](const Range& a, const Range& b) { return a.first < b.first; });
  Ranges ranges;
  ranges.add({0, allow});
  for (const Range& call : known.view()) {
    if (ranges.items[ranges.size - 1].first == call.first) ranges.items[ranges.size - 1].rule = call.rule;
    else extend(ranges, call.first, call.rule);
    ranges.add({call.first + 1, allow});
  }
  return ranges;
}

constexpr std::uint32_t errno_verdict(int error) { return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error); }

class Assembler {
 public:
  constexpr void load_architecture() { load(offsetof(seccomp_data, arch)); }
  constexpr void load_number() { load(offsetof(seccomp_data, nr)); }

  constexpr void give(std::uint32_t verdict) { add(BPF_RET | BPF_K, verdict); }

  /// Goes on behind the next instruction where what is loaded equals `value`.
  constexpr void skip_if_equal(std::uint32_t value) { add(BPF_JMP | BPF_JEQ | BPF_K, value, 1, 0); }

  constexpr std::size_t jump() {
    add(BPF_JMP | BPF_JA, 0);
    return code_.size - 1;
  }
  constexpr void land(std::size_t jump) { code_.items[jump] = instruction(BPF_JMP | BPF_JA, distance(jump), 0, 0); }

  constexpr void search(std::span<const Range> ranges) {
    if (ranges.size() == 1) return decide(ranges[0].rule);
    const std::size_t middle = ranges.size() / 2, branch = code_.size;
    add(0, 0);
    search(ranges.first(middle));
    const std::uint32_t lower = distance(branch);
    if (lower > 255) throw std::length_error("the tree of system calls");
    code_.items[branch] = instruction(BPF_JMP | BPF_JGE | BPF_K, ranges[middle].first, lower, 0);
    search(ranges.subspan(middle));
  }

  [[nodiscard]] constexpr std::span<const std::uint64_t> code() const { return code_.view(); }

 private:
  constexpr static std::uint64_t instruction(unsigned code, std::uint32_t value, unsigned yes, unsigned no) {
    return std::bit_cast<std::uint64_t>(sock_filter{static_cast<__u16>(code), static_cast<__u8>(yes), static_cast<__u8>(no), value});
  }
  constexpr void add(unsigned code, std::uint32_t value, unsigned yes = 0, unsigned no = 0) { code_.add(instruction(code, value, yes, no)); }
  constexpr void load(std::size_t offset) { add(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)); }
  [[nodiscard]] constexpr std::uint32_t distance(std::size_t from) const { return static_cast<std::uint32_t>(code_.size - from - 1); }

  // The kernel takes these arguments as 32 bits and leaves the rest alone; so does this, or it could be passed by.
  constexpr void load_argument(std::size_t which) { load(offsetof(seccomp_data, args) + 8 * which); }

  constexpr void choose(std::size_t argument, std::span<const std::uint32_t> values, std::uint32_t found, std::uint32_t other) {
    load_argument(argument);
    for (std::size_t left = values.size(); left > 0; --left)
      add(BPF_JMP | BPF_JEQ | BPF_K, values[values.size() - left], static_cast<unsigned>(left), 0);
    give(other);
    give(found);
  }

  // Of `count` ids from that argument on: where all are root's or left as they are, the kernel does it.
  constexpr void ignore_others(std::size_t first, std::size_t count) {
    for (std::size_t at = first; at < first + count; ++at) {
      load_argument(at);
      add(BPF_JMP | BPF_JEQ | BPF_K, 0, 2, 0);
      add(BPF_JMP | BPF_JEQ | BPF_K, 0xffffffff, 1, 0);
      give(errno_verdict(0));
    }
    give(SECCOMP_RET_ALLOW);
  }

  constexpr void choose_devices(std::size_t mode, std::uint32_t verdict) {
    load_argument(mode);
    add(BPF_ALU | BPF_AND | BPF_K, S_IFMT);
    add(BPF_JMP | BPF_JEQ | BPF_K, S_IFCHR, 2, 0);
    add(BPF_JMP | BPF_JEQ | BPF_K, S_IFBLK, 1, 0);
    give(SECCOMP_RET_ALLOW);
    give(verdict);
  }

  // Who asks statx(2) for neither owner, type nor mode has the kernel's answer.
  constexpr void choose_status(std::size_t mask) {
    load_argument(mask);
    add(BPF_JMP | BPF_JSET | BPF_K, STATX_TYPE | STATX_MODE | STATX_UID | STATX_GID, 0, 1);
    give(SECCOMP_RET_USER_NOTIF);
    give(SECCOMP_RET_ALLOW);
  }

  constexpr void decide(Rule rule) {
    constexpr std::uint32_t refused = errno_verdict(EPERM);
    constexpr std::array<std::uint32_t, 4> families{AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
    constexpr std::array<std::uint32_t, 5> personalities{0, 0x8, 0x20000, 0x20008, 0xffffffff};  // linux32, uname26, and to ask
    constexpr std::array<std::uint32_t, 2> typing{TIOCSTI, TIOCLINUX};
    constexpr std::array<std::uint32_t, 1> joining{KEYCTL_JOIN_SESSION_KEYRING};
    constexpr std::uint32_t namespaces =
        CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET;
    switch (rule) {
      case allow: return give(SECCOMP_RET_ALLOW);
      case deny: return give(refused);
      case absent: return give(errno_verdict(ENOSYS));
      case socket: return choose(0, families, SECCOMP_RET_ALLOW, refused);
      case personality: return choose(0, personalities, SECCOMP_RET_ALLOW, refused);
      case ioctl: return choose(1, typing, refused, SECCOMP_RET_ALLOW);
      case session_keyring: return choose(0, joining, SECCOMP_RET_ALLOW, refused);
      case ignore: return give(errno_verdict(0));
      case one_id: return ignore_others(0, 1);
      case two_ids: return ignore_others(0, 2);
      case three_ids: return ignore_others(0, 3);
      case path_owner: return ignore_others(1, 2);
      case folder_owner: return ignore_others(2, 2);
      case path_node: return choose_devices(1, errno_verdict(0));
      case folder_node: return choose_devices(2, errno_verdict(0));
      case notify: return give(SECCOMP_RET_USER_NOTIF);
      case notify_status: return choose_status(3);
      case notify_path_node: return choose_devices(1, SECCOMP_RET_USER_NOTIF);
      case notify_folder_node: return choose_devices(2, SECCOMP_RET_USER_NOTIF);
      case clone:
        load_argument(0);
        add(BPF_JMP | BPF_JSET | BPF_K, namespaces, 0, 1);
        give(refused);
        return give(SECCOMP_RET_ALLOW);
    }
  }

  List<std::uint64_t, 2048> code_;
};

constexpr Assembler assemble(Architecture machine, const Ranges& own, const Ranges* other_kind, std::uint32_t others) {
  Assembler out;
  out.load_architecture();
  std::size_t to_foreign = 0;
  if (other_kind) {
    out.skip_if_equal(audit_arch(foreign_of(machine)));
    const std::size_t not_foreign = out.jump();
    to_foreign = out.jump();
    out.land(not_foreign);
  }
  out.skip_if_equal(audit_arch(machine));
  out.give(others);
  out.load_number();
  out.search(own.view());
  if (!other_kind) return out;
  out.land(to_foreign);
  out.load_number();
  out.search(other_kind->view());
  return out;
}

constexpr std::uint64_t bits_of(const FilterKeys& keys) { return keys.capabilities | (keys.nested ? nested : 0); }

constexpr Assembler assemble_calls(const FilterKeys& keys, Architecture machine) {
  const Ranges own = ranges_of(machine, bits_of(keys), keys.lone_root);
  if (!keys.foreign) return assemble(machine, own, nullptr, errno_verdict(ENOSYS));
  const Ranges others = ranges_of(foreign_of(machine), bits_of(keys) | foreign, keys.lone_root);
  return assemble(machine, own, &others, errno_verdict(ENOSYS));
}

// Of the capabilities that root has unless somebody asks for others, one opens a call.
constexpr std::uint64_t all_keys = [] {
  std::uint64_t keys = 0;
  for (const Call& call : calls) keys |= call.keys;
  return keys;
}();
constexpr FilterKeys usual_keys{.capabilities = cap(CAP_SYS_CHROOT)};
constexpr FilterKeys lone_keys{.capabilities = cap(CAP_SYS_CHROOT), .lone_root = true};

constexpr Assembler assemble_usual() { return assemble_calls(usual_keys, native_architecture); }
constexpr Assembler assemble_lone() { return assemble_calls(lone_keys, native_architecture); }
constexpr Assembler assemble_root() {
  const Ranges others = ranges_of(foreign_of(native_architecture), root_calls);
  return assemble(native_architecture, ranges_of(native_architecture, root_calls), &others, SECCOMP_RET_ALLOW);
}
constexpr Assembler assemble_copying() { return assemble(native_architecture, ranges_of(native_architecture, speaking_calls), nullptr, errno_verdict(ENOSYS)); }
constexpr Assembler assemble_owners() { return assemble(native_architecture, ranges_of(native_architecture, owner_calls), nullptr, SECCOMP_RET_ALLOW); }

// As long as it is, made by the compiler.
template <Assembler (*make)()>
constexpr auto compiled = [] {
  constexpr std::size_t size = make().code().size();
  const Assembler made = make();
  std::array<std::uint64_t, size> code{};
  std::copy(made.code().begin(), made.code().end(), code.begin());
  return code;
}();

FilterProgram copy_of(std::span<const std::uint64_t> code) { return {code.begin(), code.end()}; }

// Apart, for it takes 30 KiB of stack, and a usual start is not to touch them.
[[gnu::noinline]] FilterProgram assembled(const FilterKeys& keys, Architecture machine) { return copy_of(assemble_calls(keys, machine).code()); }

}  // namespace

std::optional<std::uint32_t> find_call(std::string_view name) {
  for (const Call& call : calls)
    if (const int number = number_of(call, native_architecture); name == call.name && number >= 0) return static_cast<std::uint32_t>(number);
  return {};
}

FilterProgram make_filter(const FilterKeys& keys, Architecture machine) {
  const FilterKeys asked{keys.capabilities & all_keys & ~(nested | foreign), keys.nested, keys.foreign, keys.lone_root};
  if (machine == native_architecture && asked == usual_keys) return copy_of(compiled<assemble_usual>);
  if (machine == native_architecture && asked == lone_keys) return copy_of(compiled<assemble_lone>);
  return assembled(asked, machine);
}

FilterProgram make_terminal_filter(Architecture machine) {
  const Ranges others = ranges_of(foreign_of(machine), typing_calls);
  return copy_of(assemble(machine, ranges_of(machine, typing_calls), &others, SECCOMP_RET_ALLOW).code());
}

FilterProgram make_root_filter() { return copy_of(compiled<assemble_root>); }

FilterProgram make_copying_filter() { return copy_of(compiled<assemble_copying>); }

FilterProgram make_owner_filter() { return copy_of(compiled<assemble_owners>); }

}  // namespace snug::plan
