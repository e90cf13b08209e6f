/* Measures commands against each other: interleaved, so that noise meets all alike, and by medians.
 * measure ROUNDS NAME COMMAND... -- NAME COMMAND... -- ...   The first is what the others are compared with. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

enum { most = 16 };

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static double once(char **argv, posix_spawn_file_actions_t *quiet) {
  extern char **environ;
  pid_t pid;
  int status = 0;
  const double start = now();
  if (posix_spawnp(&pid, argv[0], quiet, NULL, argv, environ) != 0) return -1;
  waitpid(pid, &status, 0);
  return status == 0 ? now() - start : -1;
}

static int ascending(const void *a, const void *b) { return *(const double *)a < *(const double *)b ? -1 : 1; }

int main(int argc, char **argv) {
  if (argc < 4) return 2;
  const int rounds = atoi(argv[1]);
  char **commands[most];
  double *times[most];
  int count = 0;
  for (int at = 2; at < argc && count < most; ++at) {
    commands[count] = argv + at;
    times[count++] = calloc((size_t)rounds, sizeof(double));
    while (at < argc && strcmp(argv[at], "--") != 0) ++at;
    argv[at] = NULL;
  }
  posix_spawn_file_actions_t quiet;
  posix_spawn_file_actions_init(&quiet);
  for (int fd = 0; fd < 3; ++fd) posix_spawn_file_actions_addopen(&quiet, fd, "/dev/null", O_RDWR, 0);
  for (int round = -3; round < rounds; ++round) /* the first three warm up and do not count */
    for (int n = 0; n < count; ++n) {
      const double time = once(commands[n] + 1, &quiet);
      if (time < 0) return fprintf(stderr, "'%s' failed\n", commands[n][0]), 1;
      if (round >= 0) times[n][round] = time;
    }
  double first = 0;
  for (int n = 0; n < count; ++n) {
    qsort(times[n], (size_t)rounds, sizeof(double), ascending);
    const double median = times[n][rounds / 2];
    if (n == 0) first = median;
    printf("%-34s %8.2f ms  x %.2f\n", commands[n][0], median, median / first);
  }
  return 0;
}
