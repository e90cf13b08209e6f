// PLAIN BOXES EACH: makes so many processes without walls, and so many boxes with so many processes each, says on standard output how many there
// are and its own number, and sleeps. All of them end with it.
#define _GNU_SOURCE
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

static int ready[2];
static long made;

static void sleep_for_ever(void) {
  close(ready[1]);
  for (;;) pause();
}

static void add(void) {
  const pid_t pid = fork();
  if (pid < 0) {
    perror("fork");
    exit(1);
  }
  if (pid == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    sleep_for_ever();
  }
  ++made;
}

// Its first process is pid 1 of the others, which end with it.
static void add_box(long each) {
  const pid_t pid = fork();
  made += each;
  if (pid != 0) return;
  if (unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS | CLONE_NEWIPC) != 0) {
    perror("unshare");
    exit(1);
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);  // which new rights take back
  for (long number = 1; number < each; ++number) add();
  sleep_for_ever();
}

int main(int count, char** words) {
  if (count != 4 || pipe(ready) != 0) return 1;
  for (long number = atol(words[1]); number > 0; --number) add();
  for (long number = atol(words[2]); number > 0; --number) add_box(atol(words[3]));
  close(ready[1]);
  char none;
  while (read(ready[0], &none, 1) > 0) continue;  // until all of them have their walls
  printf("%ld %d\n", made, getpid());
  fflush(stdout);
  for (;;) pause();
}
