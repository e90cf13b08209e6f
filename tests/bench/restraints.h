/* What `snug run` and `snug exec` load last, for the barest programs: rules of Landlock and filters for system calls. */
#include <linux/filter.h>
#include <linux/landlock.h>
#include <linux/seccomp.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { usual_ranges = 78, lone_ranges = 131 }; /* the second where root has one id alone: what it cannot do there is answered */

static void confine(void) {
  const struct { uint64_t files, network, scopes; } rules = {(LANDLOCK_ACCESS_FS_REFER << 1) - 1, 0, 0};
  const int ruleset = (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof rules, 0);
  if (ruleset < 0) return;
  const int below = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  const struct landlock_path_beneath_attr rule = {rules.files, below};
  must(syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0));
  for (int stream = 0; stream < 3; ++stream) {
    const struct landlock_path_beneath_attr stream_rule = {LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE, stream};
    syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &stream_rule, 0);
  }
  must(syscall(SYS_landlock_restrict_self, ruleset, 0));
  close(ruleset);
  close(below);
}

/* As many comparisons, on the way and in all, as snug's lists become; all of them let the call through. */
static unsigned short search(struct sock_filter *code, unsigned short at, unsigned first, unsigned last) {
  if (last - first == 1) {
    code[at] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    return at + 1;
  }
  const unsigned middle = first + (last - first) / 2;
  const unsigned short right = search(code, at + 1, first, middle);
  code[at] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, middle * 6, (unsigned char)(right - at - 1), 0);
  return search(code, right, middle, last);
}

static void load_filter(unsigned ranges) {
  struct sock_filter code[512] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr))};
  const struct sock_fprog program = {search(code, 1, 0, ranges), code};
  must(syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program));
}
