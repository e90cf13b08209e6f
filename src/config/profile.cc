// Profiles of docker and OCI, by libseccomp: only where a user brings one, for that takes longer than a whole start.

#include "snug/config/profile.hh"

#include <cap-ng.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <memory>
#include <nlohmann/json.hpp>
#include <span>
#include <string_view>

#include "snug/base/error.hh"
#include "snug/base/json.hh"
#include "snug/base/text.hh"

namespace snug::config {
namespace {

using Json = nlohmann::json;

struct Word {
  std::string_view name;
  std::uint32_t value;
};

std::uint32_t value_of(std::span<const Word> words, const Json& json, std::string_view what) {
  const auto& name = json.get_ref<const std::string&>();
  for (const Word& word : words)
    if (word.name == name) return word.value;
  throw Error(format("{} is no {}", snug::quoted(name), what));
}

constexpr std::array<Word, 7> operators{{{"SCMP_CMP_NE", SCMP_CMP_NE}, {"SCMP_CMP_LT", SCMP_CMP_LT}, {"SCMP_CMP_LE", SCMP_CMP_LE}, {"SCMP_CMP_EQ", SCMP_CMP_EQ},
                                         {"SCMP_CMP_GE", SCMP_CMP_GE}, {"SCMP_CMP_GT", SCMP_CMP_GT}, {"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ}}};

constexpr std::array<Word, 6> actions{{{"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW}, {"SCMP_ACT_LOG", SCMP_ACT_LOG}, {"SCMP_ACT_TRAP", SCMP_ACT_TRAP},
                                       {"SCMP_ACT_KILL", SCMP_ACT_KILL}, {"SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD},
                                       {"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS}}};

// Of this machine, as the profiles call them.
struct Kind {
  std::string_view seccomp, docker;
  std::uint32_t token;
};
#if defined(__x86_64__)
constexpr std::array<Kind, 3> kinds{{{"SCMP_ARCH_X86_64", "amd64", SCMP_ARCH_X86_64}, {"SCMP_ARCH_X86", "x86", SCMP_ARCH_X86}, {"SCMP_ARCH_X32", "x32", SCMP_ARCH_X32}}};
#else
constexpr std::array<Kind, 2> kinds{{{"SCMP_ARCH_AARCH64", "arm64", SCMP_ARCH_AARCH64}, {"SCMP_ARCH_ARM", "arm", SCMP_ARCH_ARM}}};
#endif

// podman's profiles name the error as well, and the name counts, as there.
std::uint32_t error_in(const Json* number, const Json* word) {
  constexpr int most = 133;  // of the kernel's for all machines: EHWPOISON
  constexpr std::uint64_t most_in_answer = 4094;  // of libseccomp
  const std::string name = word ? word->get<std::string>() : "";
  if (name.empty() && !number) return EPERM;
  const auto digits = !name.empty() ? parse_number(name) : number->is_number_unsigned() ? std::optional(number->get<std::uint64_t>()) : std::nullopt;
  if (digits && *digits <= most_in_answer) return static_cast<std::uint32_t>(*digits);
  if (digits || name.empty()) throw Error(format("{} is no error: a number from 0 to {} is one", name.empty() ? number->dump() : name, most_in_answer));
  static constexpr std::array<Word, 3> others{{{"EWOULDBLOCK", EWOULDBLOCK}, {"ENOTSUP", ENOTSUP}, {"EDEADLOCK", EDEADLOCK}}};
  for (const Word& other : others)
    if (other.name == name) return other.value;
  for (int error = 1; error <= most; ++error)
    if (const char* known = ::strerrorname_np(error); known && name == known) return static_cast<std::uint32_t>(error);
  throw Error(format("{} is no error", snug::quoted(name)));
}

std::uint32_t parse_action(const Json& json, const Json* number, const Json* word) {
  const auto& name = json.get_ref<const std::string&>();
  if (name == "SCMP_ACT_ERRNO") return SCMP_ACT_ERRNO(error_in(number, word));
  if (name == "SCMP_ACT_TRACE" || name == "SCMP_ACT_NOTIFY") throw Error(format("{} wants a program outside that answers, and there is none", name));
  return value_of(actions, json, "action");
}

const Json* find(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

// A misspelt "syscalls" would be a filter that lets everything through, and a misspelt "args" a rule without condition.
void check_keys(const Json& object, std::span<const std::string_view> known, std::string_view what) {
  for (const auto& entry : object.items())
    if (std::find(known.begin(), known.end(), entry.key()) == known.end()) throw Error(format("{} is no key of a {}", snug::quoted(entry.key()), what));
}

class Profile {
 public:
  Profile(const Json& json, const ProfileConditions& conditions)
      : conditions_(conditions), usual_(parse_action(json.at("defaultAction"), find(json, "defaultErrnoRet"), find(json, "defaultErrno"))),
        filter_(::seccomp_init(usual_), ::seccomp_release) {
    if (!filter_) throw Error("it cannot be made into a filter");
    if (find(json, "listenerPath")) throw Error("listenerPath wants a program outside that answers, and there is none");
    check(::seccomp_attr_set(filter_.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ERRNO(ENOSYS)));
    check(::seccomp_attr_set(filter_.get(), SCMP_FLTATR_CTL_OPTIMIZE, 2));
    add_machines(json);
    if (const Json* rules = find(json, "syscalls"))
      for (const Json& rule : *rules) add_rule(rule);
  }

  [[nodiscard]] plan::FilterProgram program() const {
    plan::FilterProgram code = newer_calls();
    const int file = ::memfd_create("filter", MFD_CLOEXEC);
    if (file < 0) throw system_error("make a file in memory", errno);
    const int error = ::seccomp_export_bpf(filter_.get(), file);
    std::array<std::uint64_t, BPF_MAXINSNS> made;
    const ssize_t count = ::pread(file, made.data(), sizeof made, 0);
    ::close(file);
    check(error);
    code.insert(code.end(), made.begin(), made.begin() + std::max<ssize_t>(0, count) / static_cast<ssize_t>(sizeof made[0]));
    if (code.size() > BPF_MAXINSNS) throw Error("it becomes a filter that is longer than the kernel takes");
    return code;
  }

 private:
  static void check(int error) {
    if (error < 0) throw Error(format("libseccomp: {}", errno_text(-error)));
  }

  void add_machine(std::string_view name) {
    for (const Kind& kind : kinds) {
      if (kind.seccomp != name) continue;
      if (const int error = ::seccomp_arch_add(filter_.get(), kind.token); error != -EEXIST) check(error);
    }
  }

  // This machine's own is there from the start; docker's list names the others by it.
  void add_machines(const Json& json) {
    if (const Json* names = find(json, "architectures"))
      for (const Json& name : *names) add_machine(name.get_ref<const std::string&>());
    if (const Json* map = find(json, "archMap"))
      for (const Json& entry : *map)
        if (const Json* others = find(entry, "subArchitectures"); others && entry.at("architecture") == kinds[0].seccomp)
          for (const Json& name : *others) add_machine(name.get_ref<const std::string&>());
  }

  [[nodiscard]] bool has_capability(const std::string& name) const {
    const int number = ::capng_name_to_capability(name.starts_with("CAP_") ? name.c_str() + 4 : name.c_str());
    return std::find(conditions_.capabilities.begin(), conditions_.capabilities.end(), number) != conditions_.capabilities.end();
  }

  [[nodiscard]] bool has_kernel(const std::string& wanted) const {
    const std::vector<std::string> parts = split(wanted, '.');
    const auto number = [&](std::size_t at) { return at < parts.size() ? parse_number(parts[at]).value_or(0) : 0; };
    return std::pair<std::uint64_t, std::uint64_t>(conditions_.major, conditions_.minor) >= std::pair(number(0), number(1));
  }

  static bool is_this_machine(const Json& names) {
    return std::any_of(names.begin(), names.end(), [](const Json& name) { return name == kinds[0].docker; });
  }

  // With `includes` all of it has to hold, with `excludes` nothing of it may.
  [[nodiscard]] bool applies(const Json& rule) const {
    static constexpr std::array<std::string_view, 3> known{"caps", "arches", "minKernel"};
    for (const char* conditions : {"includes", "excludes"})
      if (const Json* given = find(rule, conditions)) check_keys(*given, known, "condition");
    if (const Json* with = find(rule, "includes")) {
      if (const Json* names = find(*with, "caps"))
        for (const Json& name : *names)
          if (!has_capability(name)) return false;
      if (const Json* names = find(*with, "arches"); names && !names->empty() && !is_this_machine(*names)) return false;
      if (const Json* kernel = find(*with, "minKernel"); kernel && !has_kernel(*kernel)) return false;
    }
    if (const Json* without = find(rule, "excludes")) {
      if (const Json* names = find(*without, "caps"))
        for (const Json& name : *names)
          if (has_capability(name)) return false;
      if (const Json* names = find(*without, "arches"); names && is_this_machine(*names)) return false;
      if (const Json* kernel = find(*without, "minKernel"); kernel && has_kernel(*kernel)) return false;
    }
    return true;
  }

  static std::uint64_t value_in(const Json& comparison, const char* key) {
    const Json& value = comparison.at(key);
    if (!value.is_number_unsigned()) throw Error(format("the {} of a comparison is no number from 0 on", snug::quoted(std::string_view(key))));
    return value.get<std::uint64_t>();
  }

  static std::vector<scmp_arg_cmp> parse_comparisons(const Json& rule) {
    std::vector<scmp_arg_cmp> comparisons;
    if (const Json* list = find(rule, "args"))
      for (const Json& each : *list) {
        static constexpr std::array<std::string_view, 4> known{"index", "value", "valueTwo", "op"};
        check_keys(each, known, "comparison");
        const auto index = each.at("index").get<std::uint64_t>();
        if (index > 5) throw Error(format("{} is no index of an argument", index));
        comparisons.push_back({static_cast<unsigned>(index), static_cast<scmp_compare>(value_of(operators, each.at("op"), "comparison")), value_in(each, "value"), find(each, "valueTwo") ? value_in(each, "valueTwo") : 0});
      }
    return comparisons;
  }

  void add(std::uint32_t action, int call, std::span<const scmp_arg_cmp> comparisons) {
    check(::seccomp_rule_add_array(filter_.get(), action, call, static_cast<unsigned>(comparisons.size()), comparisons.data()));
  }

  void add_rule(const Json& rule) {
    static constexpr std::array<std::string_view, 9> known{"names", "name", "action", "errnoRet", "errno", "args", "comment", "includes", "excludes"};
    check_keys(rule, known, "rule");
    if (!find(rule, "names") && !find(rule, "name")) throw Error("a rule names no system call");
    if (!applies(rule)) return;
    const std::uint32_t action = parse_action(rule.at("action"), find(rule, "errnoRet"), find(rule, "errno"));
    std::vector<std::string> names;
    if (const Json* list = find(rule, "names")) names = list->get<std::vector<std::string>>();
    if (const Json* one = find(rule, "name")) names.push_back(*one);
    std::vector<scmp_arg_cmp> comparisons = parse_comparisons(rule);
    std::sort(comparisons.begin(), comparisons.end(), [](const auto& a, const auto& b) { return a.arg < b.arg; });
    const bool twice = std::adjacent_find(comparisons.begin(), comparisons.end(), [](const auto& a, const auto& b) { return a.arg == b.arg; }) != comparisons.end();
    for (const std::string& name : names) {
      const int call = ::seccomp_syscall_resolve_name(name.c_str());
      if (call == __NR_SCMP_ERROR) {
        add_newer(name, action, !comparisons.empty());
        continue;
      }
      newest_ = std::max(newest_, call);
      if (action == usual_) continue;
      if (!twice) add(action, call, comparisons);
      // libseccomp takes one comparison of an argument: as with runc, any of several is enough.
      else for (const scmp_arg_cmp& each : comparisons) add(action, call, {&each, 1});
    }
  }

  [[nodiscard]] bool allows_others() const { return usual_ == SCMP_ACT_ALLOW || usual_ == SCMP_ACT_LOG; }

  // A call that libseccomp does not know yet. Where nobody knows it, a list of what is allowed is no wider for it; one of what is refused is.
  void add_newer(const std::string& name, std::uint32_t action, bool compares) {
    const auto number = plan::find_call(name);
    const bool refuses = allows_others() && action != SCMP_ACT_ALLOW && action != SCMP_ACT_LOG;
    if (number && !compares) {
      newest_ = std::max(newest_, static_cast<int>(*number));
      newer_.emplace_back(*number, action);
    } else if (refuses) {
      throw Error(format("it refuses {}, which {}", snug::quoted(name), number ? "libseccomp is too old for" : "is no system call that is known here"),
                  "leave that name out");
    }
  }

  // In front of the rest: this machine's own calls that libseccomp does not know; and those that are newer than the newest of the profile,
  // which do not exist unless it allows all.
  [[nodiscard]] plan::FilterProgram newer_calls() const {
    const auto instruction = [](unsigned code, std::uint32_t value, unsigned yes = 0, unsigned no = 0) {
      return std::bit_cast<std::uint64_t>(sock_filter{static_cast<__u16>(code), static_cast<__u8>(yes), static_cast<__u8>(no), value});
    };
    plan::FilterProgram code;
    for (const auto& [number, action] : newer_) {
      code.push_back(instruction(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1));
      code.push_back(instruction(BPF_RET | BPF_K, action));
    }
    if (!allows_others()) {
      constexpr std::uint32_t x32 = 0x40000000;
      code.push_back(instruction(BPF_JMP | BPF_JGE | BPF_K, x32, 2, 0));
      code.push_back(instruction(BPF_JMP | BPF_JGT | BPF_K, static_cast<std::uint32_t>(newest_), 0, 1));
      code.push_back(instruction(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS));
    }
    if (code.empty()) return code;
    const auto length = static_cast<std::uint32_t>(code.size() + 1);
    code.insert(code.begin(), {instruction(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, arch)), instruction(BPF_JMP | BPF_JEQ | BPF_K, kinds[0].token, 1, 0),
                               instruction(BPF_JMP | BPF_JA, length), instruction(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))});
    return code;
  }

  const ProfileConditions& conditions_;
  std::uint32_t usual_;
  std::unique_ptr<void, decltype(&::seccomp_release)> filter_;
  int newest_ = 0;
  std::vector<std::pair<std::uint32_t, std::uint32_t>> newer_;  ///< calls and what becomes of them
};

const Json& checked(const Json& profile) {
  if (!find(profile, "defaultAction")) throw Error("it has no \"defaultAction\"");
  static constexpr std::array<std::string_view, 10> known{"defaultAction", "defaultErrnoRet", "defaultErrno", "architectures", "archMap", "syscalls", "flags", "listenerPath", "listenerMetadata", "comment"};
  check_keys(profile, known, "profile");
  static constexpr std::array<std::string_view, 4> flags{"SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG", "SECCOMP_FILTER_FLAG_SPEC_ALLOW", "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"};
  if (const Json* asked = find(profile, "flags"))
    for (const auto& flag : asked->get<std::vector<std::string>>())
      if (std::find(flags.begin(), flags.end(), flag) == flags.end()) throw Error(format("{} is no flag of a filter", snug::quoted(flag)));
  return profile;
}

const Json& profile_in(const Json& json) {
  const Json* linux_part = find(json, "linux");
  const Json* inner = linux_part ? find(*linux_part, "seccomp") : nullptr;
  return inner ? *inner : json;
}

}  // namespace

plan::FilterProgram compile_profile(const std::string& text, const ProfileConditions& conditions) {
  try {
    const Json json = parse_json(text);
    return Profile(checked(profile_in(json)), conditions).program();
  } catch (const Json::exception&) {  // names what in the library went wrong, and nothing in the profile
    throw Error("a value in it is missing, or of another kind than a profile has there");
  }
}

}  // namespace snug::config
