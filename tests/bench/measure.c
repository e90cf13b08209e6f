/* Times commands against each other: interleaved, each round beginning with another one, so that noise and what the
 * kernel still clears away meet all alike. Prints the median of each in microseconds: NAME, tab, number or "failed".
 *
 * measure ROUNDS NAME COMMAND... -- NAME COMMAND... -- ...
 *   A command may begin with "9<FILE", which is opened for it as descriptor 9. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

enum { most = 16, warm_up = 3 };

struct contender {
  char **words; /* the name, then the command */
  double *times;
  int failed;
};

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

/* Negative where the command fails: a failure takes less time than the work. */
static double once(char **argv) {
  extern char **environ;
  pid_t pid;
  int status = 0;
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  for (int fd = 0; fd < 3; ++fd) posix_spawn_file_actions_addopen(&files, fd, "/dev/null", O_RDWR, 0);
  if (strncmp(argv[0], "9<", 2) == 0) posix_spawn_file_actions_addopen(&files, 9, *argv++ + 2, O_RDONLY, 0);
  const double start = now();
  const int failed = posix_spawnp(&pid, argv[0], &files, NULL, argv, environ) != 0 || waitpid(pid, &status, 0) < 0;
  const double time = now() - start;
  posix_spawn_file_actions_destroy(&files);
  return failed || status != 0 ? -1 : time;
}

static int ascending(const void *a, const void *b) {
  const double first = *(const double *)a, second = *(const double *)b;
  return (first > second) - (first < second);
}

static int find_contenders(char **argv, int rounds, struct contender *all) {
  int count = 0;
  for (; *argv && count < most; ++argv) {
    all[count++] = (struct contender){argv, calloc((size_t)rounds, sizeof(double)), 0};
    while (*argv && strcmp(*argv, "--") != 0) ++argv;
    if (!*argv) break;
    *argv = NULL;
  }
  return count;
}

int main(int argc, char **argv) {
  const int rounds = argc > 3 ? atoi(argv[1]) : 0;
  if (rounds < 1) return 2;
  struct contender all[most];
  const int count = find_contenders(argv + 2, rounds, all);
  for (int round = -warm_up; round < rounds; ++round)
    for (int n = 0; n < count; ++n) {
      struct contender *one = &all[(n + round + warm_up) % count];
      if (one->failed) continue;
      const double time = once(one->words + 1);
      one->failed = time < 0;
      if (round >= 0) one->times[round] = time;
    }
  for (int n = 0; n < count; ++n) {
    qsort(all[n].times, (size_t)rounds, sizeof(double), ascending);
    if (all[n].failed)
      printf("%s\tfailed\n", all[n].words[0]);
    else
      printf("%s\t%.0f\n", all[n].words[0], all[n].times[rounds / 2]);
  }
  return 0;
}
