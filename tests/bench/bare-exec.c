/* The barest program that enters a container as `snug exec` does: the doors are descriptors of its monitor, the restraints
 * are the same. It knows nothing: no record, no words, no plan. Any failure ends it with the number of the line that failed.
 *
 * bare-exec MONITOR DOOR... + COMMAND...: the descriptors in the order in which they are entered */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define must(call) \
  do { \
    if ((call) < 0) _exit(__LINE__ % 255 + 1); \
  } while (0)

#include "restraints.h"

static const unsigned kept = 1U << CAP_CHOWN | 1U << CAP_DAC_OVERRIDE | 1U << CAP_FOWNER | 1U << CAP_FSETID | 1U << CAP_KILL |
                             1U << CAP_SETGID | 1U << CAP_SETUID | 1U << CAP_SETPCAP | 1U << CAP_NET_BIND_SERVICE |
                             1U << CAP_SYS_CHROOT | 1U << CAP_SETFCAP;

static void restrain(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct sets[2] = {{kept, kept, 0}, {0, 0, 0}};
  const struct rlimit core = {1, 1}, files = {1024, 1024};
  const struct sigaction standard = {.sa_handler = SIG_DFL};
  must(setsid());
  must(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL));
  must(prctl(PR_SET_PDEATHSIG, SIGKILL));
  must(setrlimit(RLIMIT_CORE, &core));
  must(setrlimit(RLIMIT_NOFILE, &files));
  umask(022);
  for (int signal = 1; signal < 32; ++signal) sigaction(signal, &standard, NULL);
  for (int number = 0; number <= CAP_LAST_CAP; ++number)
    if (number > 31 || !(kept & 1U << number)) prctl(PR_CAPBSET_DROP, number, 0, 0, 0);
  must(syscall(SYS_setresgid, 0, 0, 0));
  must(syscall(SYS_setresuid, 0, 0, 0));
  must(syscall(SYS_capset, &header, sets));
  must(syscall(SYS_close_range, 3, ~0U, 0));
  must(chdir("/"));
  must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  confine();
  load_filter(lone_ranges);
}

int main(int argc, char **argv) {
  must(argc - 4);
  int doors[16], count = 0, status = 0;
  char **word = argv + 2;
  char path[64];
  const int monitor = (int)syscall(SYS_pidfd_open, atoi(argv[1]), 0);
  must(monitor);
  for (; *word && strcmp(*word, "+") != 0; ++word, ++count) {
    snprintf(path, sizeof path, "/proc/%s/fd/%s", argv[1], *word);
    must(doors[count] = open(path, O_RDONLY | O_CLOEXEC));
  }
  must(prctl(PR_SET_DUMPABLE, 0));
  for (int each = 0; each < count; ++each) must(setns(doors[each], 0));
  char **const command = word + 1;
  const pid_t pid = vfork();
  must(pid);
  if (pid == 0) {
    static char *const environment[] = {"PATH=/usr/bin:/bin", "HOME=/root", NULL};
    restrain();
    execve(*command, command, environment);
    _exit(127);
  }
  must(waitpid(pid, &status, 0));
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
