/* Runs a command and all that it forks instruction by instruction, and prints each address that was executed, in the order of the
 * first time; what another program takes the place of goes on unseen. For programs that are linked to fixed addresses.
 *
 * steps COMMAND... >ADDRESSES */
#define _GNU_SOURCE
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <elf.h>
#include <unistd.h>

enum { first = 0x400000, last = 0x4000000 };

static unsigned char seen[last - first];

static uintptr_t program_counter(pid_t pid) {
  struct user_regs_struct registers;
  struct iovec where = {&registers, sizeof registers};
  if (ptrace(PTRACE_GETREGSET, pid, (void *)NT_PRSTATUS, &where) != 0) return 0;
#ifdef __x86_64__
  return registers.rip;
#else
  return registers.pc;
#endif
}

static void note(uintptr_t address) {
  if (address < first || address >= last || seen[address - first]) return;
  seen[address - first] = 1;
  printf("%016lx\n", (unsigned long)address);
}

int main(int argc, char **argv) {
  if (argc < 2) return 2;
  const pid_t command = fork();
  int status;
  if (command == 0) {
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    dup2(2, 1);
    execvp(argv[1], argv + 1);
    _exit(127);
  }
  waitpid(command, &status, 0);
  ptrace(PTRACE_SETOPTIONS, command, 0, PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC | PTRACE_O_EXITKILL);
  ptrace(PTRACE_SINGLESTEP, command, 0, 0);
  for (pid_t pid; (pid = waitpid(-1, &status, __WALL)) > 0;) {
    if (!WIFSTOPPED(status)) continue;
    if (status >> 16 == PTRACE_EVENT_EXEC) {
      ptrace(PTRACE_DETACH, pid, 0, 0);
      continue;
    }
    note(program_counter(pid));
    const int signal = WSTOPSIG(status);
    ptrace(PTRACE_SINGLESTEP, pid, 0, (long)(signal == SIGTRAP || signal == SIGSTOP ? 0 : signal));
  }
  return fflush(stdout) != 0;
}
