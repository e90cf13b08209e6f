#include <doctest/doctest.h>

#include <linux/audit.h>
#include <linux/capability.h>
#include <sys/syscall.h>

#include <cerrno>
#include <string>

#include "packet_filter.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/config/profile.hh"

using namespace snug;
using config::compile_profile;

namespace {

#ifdef __x86_64__
constexpr std::uint32_t native_arch = AUDIT_ARCH_X86_64, other_arch = AUDIT_ARCH_I386;
constexpr const char *own = "SCMP_ARCH_X86_64", *docker_name = "amd64";
#else
constexpr std::uint32_t native_arch = AUDIT_ARCH_AARCH64, other_arch = AUDIT_ARCH_ARM;
constexpr const char *own = "SCMP_ARCH_AARCH64", *docker_name = "arm64";
#endif

std::uint32_t verdict(const plan::FilterProgram& program, long call, std::uint64_t first = 0, std::uint32_t arch = native_arch) {
  return test::verdict_of(program, {.nr = static_cast<int>(call), .arch = arch, .instruction_pointer = 0, .args = {first}});
}

constexpr std::uint32_t allowed = SECCOMP_RET_ALLOW;
std::uint32_t refused(int error) { return SECCOMP_RET_ERRNO | static_cast<std::uint32_t>(error); }

std::string refusal(const std::string& text) {
  try {
    static_cast<void>(compile_profile(text, {}));
  } catch (const Error& error) {
    return error.message();
  }
  return "taken";
}

}  // namespace

TEST_CASE("profile: docker's form, with what depends on capabilities, machine and kernel") {
  const std::string text = format(R"({{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1,
    "archMap": [{{"architecture": "{}", "subArchitectures": null}}],
    "syscalls": [
      {{"names": ["read", "write", "no_such_call", "landlock_restrict_self"], "action": "SCMP_ACT_ALLOW"}},
      {{"names": ["mount"], "action": "SCMP_ACT_ALLOW", "includes": {{"caps": ["CAP_SYS_ADMIN"]}}}},
      {{"names": ["clone"], "action": "SCMP_ACT_ALLOW", "excludes": {{"caps": ["CAP_SYS_ADMIN"]}},
        "args": [{{"index": 0, "value": 2114060288, "op": "SCMP_CMP_MASKED_EQ"}}]}},
      {{"names": ["ptrace"], "action": "SCMP_ACT_ALLOW", "includes": {{"minKernel": "4.8"}}}},
      {{"names": ["getpid"], "action": "SCMP_ACT_ALLOW", "includes": {{"arches": ["{}"]}}}},
      {{"names": ["getppid"], "action": "SCMP_ACT_ALLOW", "includes": {{"arches": ["s390x"]}}}},
      {{"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38}}]}})", own, docker_name);
  const plan::FilterProgram plain = compile_profile(text, {{}, 6, 1}), more = compile_profile(text, {{CAP_SYS_ADMIN}, 4, 7});
  CHECK(verdict(plain, SYS_read) == allowed);
  CHECK(verdict(plain, SYS_mount) == refused(EPERM));
  CHECK(verdict(more, SYS_mount) == allowed);
  CHECK(verdict(plain, SYS_clone, 0x11) == allowed);
  CHECK(verdict(plain, SYS_clone, 0x10000000) == refused(EPERM));
  CHECK(verdict(more, SYS_clone, 0x11) == refused(EPERM));
  CHECK(verdict(plain, SYS_ptrace) == allowed);
  CHECK(verdict(more, SYS_ptrace) == refused(EPERM));
  CHECK(verdict(plain, SYS_getpid) == allowed);
  CHECK(verdict(plain, SYS_getppid) == refused(EPERM));
  CHECK(verdict(plain, SYS_clone3) == refused(ENOSYS));
  CHECK(verdict(plain, 5000) == refused(ENOSYS));
  CHECK(verdict(plain, SYS_read, 0, other_arch) == refused(ENOSYS));
}

TEST_CASE("profile: a call that is newer than libseccomp is allowed or refused as the profile says") {
  constexpr long mseal = 462, newer_still = 900;
  const auto list = [](const char* usual, const char* action) {
    return compile_profile(format(R"({{"defaultAction": "{}", "defaultErrnoRet": 1, "syscalls": [{{"names": ["read"], "action": "SCMP_ACT_ALLOW"}}, {{"names": ["mseal"], "action": "{}", "errnoRet": 13}}]}})", usual, action), {{}, 6, 1});
  };
  CHECK(verdict(list("SCMP_ACT_ERRNO", "SCMP_ACT_ALLOW"), mseal) == allowed);
  CHECK(verdict(list("SCMP_ACT_ERRNO", "SCMP_ACT_ERRNO"), mseal) == refused(EACCES));
  CHECK(verdict(list("SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO"), mseal) == refused(EACCES));
  CHECK(verdict(list("SCMP_ACT_ALLOW", "SCMP_ACT_KILL_PROCESS"), mseal) == SECCOMP_RET_KILL_PROCESS);
  // What the profile could have named and has not is known and denied; what came later is unknown.
  CHECK(verdict(list("SCMP_ACT_ERRNO", "SCMP_ACT_ALLOW"), mseal - 1) == refused(EPERM));
  CHECK(verdict(list("SCMP_ACT_ERRNO", "SCMP_ACT_ALLOW"), mseal, 0, other_arch) == refused(ENOSYS));
  CHECK(verdict(list("SCMP_ACT_ERRNO", "SCMP_ACT_ALLOW"), newer_still) == refused(ENOSYS));
  CHECK(verdict(list("SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO"), newer_still) == allowed);
  CHECK(refusal(R"({"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["no_such_call"], "action": "SCMP_ACT_ERRNO"}]})").starts_with("it refuses 'no_such_call', which is no system call"));
}

TEST_CASE("profile: OCI's form, alone and in a whole configuration") {
  const std::string seccomp = R"({"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"],
    "syscalls": [{"names": ["mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 13}, {"name": "kill", "action": "SCMP_ACT_KILL_PROCESS"},
                 {"names": ["socket"], "action": "SCMP_ACT_ERRNO", "args": [{"index": 0, "value": 16, "op": "SCMP_CMP_EQ"}, {"index": 0, "value": 17, "op": "SCMP_CMP_EQ"}]}]})";
  for (const std::string& text : {seccomp, R"({"ociVersion": "1.0.2", "linux": {"seccomp": )" + seccomp + "}}"}) {
    const plan::FilterProgram program = compile_profile(text, {{}, 6, 1});
    CHECK(verdict(program, SYS_mkdirat) == refused(EACCES));
    CHECK(verdict(program, SYS_kill) == SECCOMP_RET_KILL_PROCESS);
    CHECK(verdict(program, SYS_read) == allowed);
    CHECK(verdict(program, SYS_socket, 16) == refused(EPERM));
    CHECK(verdict(program, SYS_socket, 17) == refused(EPERM));
    CHECK(verdict(program, SYS_socket, 2) == allowed);
    CHECK(verdict(program, 5000) == allowed);
    CHECK(verdict(program, 3, 0, other_arch) == allowed);
  }
}

TEST_CASE("profile: podman's form, which names errors") {
  const plan::FilterProgram program = compile_profile(R"({"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 38, "defaultErrno": "ENOSYS", "syscalls": [
      {"names": ["read"], "action": "SCMP_ACT_ALLOW", "comment": ""}, {"names": ["mkdirat"], "action": "SCMP_ACT_ERRNO", "errno": "ENOSPC"},
      {"names": ["unlinkat"], "action": "SCMP_ACT_ERRNO", "errno": "ENOSPC", "errnoRet": 22}, {"names": ["fchmod"], "action": "SCMP_ACT_ERRNO", "errno": ""},
      {"names": ["fsync"], "action": "SCMP_ACT_ERRNO", "errno": "28"}, {"names": ["fdatasync"], "action": "SCMP_ACT_ERRNO", "errno": "ENOTSUP"}]})", {{}, 6, 1});
  CHECK(verdict(program, SYS_read) == allowed);
  CHECK(verdict(program, SYS_mkdirat) == refused(ENOSPC));
  CHECK(verdict(program, SYS_unlinkat) == refused(ENOSPC));
  CHECK(verdict(program, SYS_fchmod) == refused(EPERM));
  CHECK(verdict(program, SYS_fsync) == refused(ENOSPC));
  CHECK(verdict(program, SYS_fdatasync) == refused(EOPNOTSUPP));
  CHECK(verdict(program, SYS_fchown) == refused(ENOSYS));
  CHECK(refusal(R"({"defaultAction": "SCMP_ACT_ERRNO", "defaultErrno": "ENONSENSE"})") == "'ENONSENSE' is no error");
  for (const char* number : {"99999", "-1", "4095", "1.9", "18446744073709551615"}) {
    CHECK(refusal(format(R"({{"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": {}}})", number)) == format("{} is no error: a number from 0 to 4094 is one", number));
    CHECK(refusal(format(R"({{"defaultAction": "SCMP_ACT_ALLOW", "defaultErrnoRet": {}}})", number)) == "taken");  // where it means nothing
  }
  CHECK(refusal(R"({"defaultAction": "SCMP_ACT_ERRNO", "defaultErrno": "5000"})") == "5000 is no error: a number from 0 to 4094 is one");
  CHECK(refusal(R"({"defaultAction": "SCMP_ACT_ERRNO", "defaultErrno": "4094"})") == "taken");
}

TEST_CASE("profile: flags are the kernel's, or refused") {
  const std::string begin = R"({"defaultAction": "SCMP_ACT_ALLOW", "flags": ["SECCOMP_FILTER_FLAG_LOG", )";
  CHECK(refusal(begin + R"("SECCOMP_FILTER_FLAG_NONSENSE"]})") == "'SECCOMP_FILTER_FLAG_NONSENSE' is no flag of a filter");
  CHECK(refusal(begin + R"("SECCOMP_FILTER_FLAG_SPEC_ALLOW"]})") == "taken");
}

TEST_CASE("profile: a rule with a misspelt key is none, which might allow without condition") {
  const std::string begin = R"({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"action": "SCMP_ACT_ALLOW", )";
  CHECK(refusal(begin + R"("names": ["read"], "arguments": []}]})") == "'arguments' is no key of a rule");
  CHECK(refusal(begin + R"("nmes": ["read"]}]})") == "'nmes' is no key of a rule");
  CHECK(refusal(begin + R"("names": ["read"], "includes": {"cap": ["CAP_SYS_ADMIN"]}}]})") == "'cap' is no key of a condition");
  CHECK(refusal(begin + R"("names": ["read"], "args": [{"index": 0, "value": 1, "valuetwo": 2, "op": "SCMP_CMP_EQ"}]}]})") == "'valuetwo' is no key of a comparison");
  CHECK(refusal(begin + R"("comment": "x"}]})") == "a rule names no system call");
}

TEST_CASE("profile: what cannot be had, or is none, is said") {
  for (const char* text : {"", "[]", "{", "{}", R"({"defaultAction": "SCMP_ACT_NOTHING"})", R"({"defaultAction": 7})",
                           R"({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_NOTIFY"}]})",
                           R"({"defaultAction": "SCMP_ACT_ERRNO", "listenerPath": "/run/x"})",
                           R"({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read"]}]})",
                           R"({"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 6, "value": 1, "op": "SCMP_CMP_EQ"}]}]})"})
    CHECK_MESSAGE(refusal(text) != "taken", text);
  CHECK(refusal("{}") == "it has no \"defaultAction\"");
  CHECK(refusal(R"({"defaultAction": 5})") == "a value in it is missing, or of another kind than a profile has there");
}
