/* The barest program that raises the walls of `snug run`: what the kernel itself takes, and so what snug can be
 * measured against. It makes the system calls of that plan, one after another, and knows nothing: no options, no
 * words, no plan. Any failure ends it with the number of the line that failed, modulo 256.
 *
 * bare MODE FOLDER ROOT HELPERS COMMAND...
 *   MODE     overlay: a writable layer in FOLDER, made and removed here; rw: ROOT itself; walls: the same, without restraints
 *   HELPERS  - : one id, mapped by the child; UID:COUNT: from there on, by newuidmap and newgidmap together */
#define _GNU_SOURCE
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define must(call) \
  do { \
    if ((call) < 0) _exit(__LINE__ % 255 + 1); \
  } while (0)

#include "restraints.h"

enum { usual = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, strict = usual | MOUNT_ATTR_NOEXEC };

static char **command;
static const char *folder_path, *root_path;
static int folder = -1, root, helped, unrestrained;
static const char *const devices[] = {"null", "zero", "full", "random", "urandom", "tty"};
static const char *const files[] = {"hosts", "resolv.conf", "hostname"};
static const char *const contents[] = {"127.0.0.1 localhost snug\n::1 localhost\n", "nameserver 127.0.0.1\n",
                                       "snug\n"};

static int write_text(int at, const char *path, int flags, const char *text) {
  const int fd = openat(at, path, O_WRONLY | O_CLOEXEC | flags, 0644);
  must(fd);
  must(write(fd, text, strlen(text)));
  return close(fd);
}

/* A file system with up to two options, as a descriptor. */
static int make(const char *type, unsigned attributes, const char *const *option) {
  const int context = fsopen(type, FSOPEN_CLOEXEC);
  must(context);
  for (; option && *option; option += 2) must(fsconfig(context, FSCONFIG_SET_STRING, option[0], option[1], 0));
  must(fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
  const int mount = fsmount(context, FSMOUNT_CLOEXEC, attributes);
  must(mount);
  close(context);
  return mount;
}

static int make_overlay(void) {
  const char *const keys[] = {"lowerdir", "upperdir", "workdir"};
  const int layers[] = {open(root_path, O_PATH | O_DIRECTORY | O_CLOEXEC),
                        openat(folder, "upper", O_PATH | O_DIRECTORY | O_CLOEXEC),
                        openat(folder, "work", O_PATH | O_DIRECTORY | O_CLOEXEC)};
  const int context = fsopen("overlay", FSOPEN_CLOEXEC);
  char path[32];
  for (int n = 0; n < 3; ++n) {
    must(layers[n]);
    sprintf(path, "/proc/self/fd/%d", layers[n]);
    must(fsconfig(context, FSCONFIG_SET_STRING, keys[n], path, 0));
  }
  must(fsconfig(context, FSCONFIG_SET_FLAG, "volatile", NULL, 0));
  must(fsconfig(context, FSCONFIG_SET_FLAG, "userxattr", NULL, 0));
  must(fsconfig(context, FSCONFIG_CMD_CREATE, NULL, NULL, 0));
  const int mount = fsmount(context, FSMOUNT_CLOEXEC, usual);
  must(mount);
  for (int n = 0; n < 3; ++n) close(layers[n]);
  close(context);
  return mount;
}

static int clone_tree(int at, const char *path, unsigned attributes, unsigned recursive) {
  const int tree = open_tree(at, path, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | recursive);
  must(tree);
  struct mount_attr attr = {.attr_set = attributes};
  if (attributes) must(mount_setattr(tree, "", AT_EMPTY_PATH | recursive, &attr, sizeof attr));
  return tree;
}

static void attach(int mount, int target) {
  must(move_mount(mount, "", target, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH));
}

static int open_inside(const char *path) {
  struct open_how how = {.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
  return (int)syscall(SYS_openat2, root, path, &how, sizeof how);
}

static void attach_at(int mount, const char *path) {
  const int target = open_inside(path);
  must(target);
  attach(mount, target);
  close(target);
}

static void stage(int mount) {
  const int host = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  must(host);
  attach(mount, host);
  close(host);
}

static void attach_new(int mount, int parent, const char *name, int is_folder) {
  if (is_folder) must(mkdirat(parent, name, 0755));
  const int target = openat(parent, name, is_folder ? O_PATH | O_CLOEXEC : O_RDONLY | O_CREAT | O_CLOEXEC, 0644);
  must(target);
  attach(mount, target);
  close(target);
}

static void fill_dev(int dev, const int *nodes, int pts, int shm, int mqueue) {
  for (int n = 0; n < 6; ++n) attach_new(nodes[n], dev, devices[n], 0);
  attach_new(pts, dev, "pts", 1);
  attach_new(shm, dev, "shm", 1);
  attach_new(mqueue, dev, "mqueue", 1);
  must(symlinkat("pts/ptmx", dev, "ptmx"));
  must(symlinkat("/proc/self/fd", dev, "fd"));
  must(symlinkat("/proc/self/fd/0", dev, "stdin"));
  must(symlinkat("/proc/self/fd/1", dev, "stdout"));
  must(symlinkat("/proc/self/fd/2", dev, "stderr"));
}

/* Those that are there; of folders the first cover is the original. */
static void mask_paths(int null) {
  const char *const hidden[] = {"/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
                                "/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/firmware",
                                "/sys/devices/virtual/powercap", "/sys/fs/selinux", "/sys/devices/system/cpu/cpu0/thermal_throttle"};
  const char *const kept[] = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"};
  const char *const small[] = {"mode", "0555", "size", "4096", NULL};
  int cover = -1;
  for (size_t n = 0; n < sizeof hidden / sizeof *hidden; ++n) {
    const int target = open_inside(hidden[n]);
    struct stat status;
    if (target < 0) continue;
    must(fstat(target, &status));
    if (S_ISDIR(status.st_mode) && cover < 0) {
      attach(cover = make("tmpfs", strict | MOUNT_ATTR_RDONLY, small), target);
    } else {
      const int copy = clone_tree(S_ISDIR(status.st_mode) ? cover : null, "", 0, AT_EMPTY_PATH);
      attach(copy, target);
      close(copy);
    }
    close(target);
  }
  for (size_t n = 0; n < sizeof kept / sizeof *kept; ++n) {
    const int target = open_inside(kept[n]);
    if (target < 0) continue;
    const int copy = open_tree(target, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
    must(copy);
    struct mount_attr attr = {.attr_set = MOUNT_ATTR_RDONLY};
    must(mount_setattr(copy, "", AT_EMPTY_PATH, &attr, sizeof attr));
    attach(copy, target);
    close(copy);
    close(target);
  }
}

static void raise_mounts(void) {
  const char *const plain[] = {"mode", "0755", NULL}, *const open_to_all[] = {"mode", "1777", NULL};
  const char *const small[] = {"mode", "0755", "size", "65536", NULL};
  const char *const shared[] = {"mode", "1777", "size", "67108864", NULL};
  const char *const terminals[] = {"ptmxmode", "0666", "mode", "0620", NULL};
  must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL));
  const int new_root = folder >= 0 ? make_overlay() : clone_tree(AT_FDCWD, root_path, usual, AT_RECURSIVE);
  const int proc = make("proc", strict, NULL);
  write_text(proc, "sys/user/max_user_namespaces", 0, "0");
  const int sys = make("sysfs", strict | MOUNT_ATTR_RDONLY, NULL);
  const int cgroup = make("cgroup2", strict | MOUNT_ATTR_RDONLY, NULL);
  const int dev = make("tmpfs", strict, small);
  int nodes[6], texts[3];
  char path[32];
  for (int n = 0; n < 6; ++n) {
    sprintf(path, "/dev/%s", devices[n]);
    nodes[n] = clone_tree(AT_FDCWD, path, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, 0);
  }
  const int pts = make("devpts", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, terminals);
  const int shm = make("tmpfs", strict, shared);
  const int mqueue = make("mqueue", strict, NULL);
  const int run = make("tmpfs", usual, plain);
  const int tmp = make("tmpfs", usual, open_to_all);
  const int made = make("tmpfs", strict, NULL);
  stage(made);
  for (int n = 0; n < 3; ++n) {
    write_text(made, files[n], O_CREAT | O_EXCL, contents[n]);
    texts[n] = clone_tree(made, files[n], 0, 0);
  }

  stage(new_root);
  must(fchdir(new_root));
  must(syscall(SYS_pivot_root, ".", "."));
  must(umount2(".", MNT_DETACH)); /* what was staged */
  must(umount2(".", MNT_DETACH)); /* the old root */
  must(chdir("/"));
  root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
  must(root);
  attach_at(proc, "/proc");
  attach_at(sys, "/sys");
  attach_at(dev, "/dev");
  attach_at(run, "/run");
  attach_at(tmp, "/tmp");
  fill_dev(dev, nodes, pts, shm, mqueue);
  const int etc = open_inside("/etc");
  if (folder >= 0)
    for (int n = 0; n < 3; ++n) attach_new(texts[n], etc, files[n], 0);
  attach_at(cgroup, "/sys/fs/cgroup");
  if (!unrestrained) mask_paths(nodes[0]);
}

static void raise_names(void) {
  must(sethostname("snug", 4));
  struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
  const int socket_fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  must(ioctl(socket_fd, SIOCSIFFLAGS, &request));
  close(socket_fd);
  must(syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL));
}

static void set_capabilities(unsigned kept, unsigned kept_high) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  const struct __user_cap_data_struct data[2] = {{kept, kept, 0}, {kept_high, kept_high, 0}};
  must(syscall(SYS_capset, &header, data));
}

static void become_payload(void) {
  const unsigned kept = 1U << CAP_CHOWN | 1U << CAP_DAC_OVERRIDE | 1U << CAP_FOWNER | 1U << CAP_FSETID |
                        1U << CAP_KILL | 1U << CAP_SETGID | 1U << CAP_SETUID | 1U << CAP_SETPCAP | 1U << CAP_NET_BIND_SERVICE |
                        1U << CAP_SYS_CHROOT | 1U << CAP_SETFCAP;
  must(setsid());
  const struct rlimit no_core = {0, RLIM_INFINITY}, descriptors = {1024, 4096};
  setrlimit(RLIMIT_CORE, &no_core);
  setrlimit(RLIMIT_NOFILE, &descriptors);
  umask(022);
  for (int number = 1; number < _NSIG; ++number) signal(number, SIG_DFL);
  for (int capability = 0; capability <= CAP_CHECKPOINT_RESTORE; ++capability)
    if (capability > 31 || !(kept >> capability & 1U)) must(prctl(PR_CAPBSET_DROP, capability, 0, 0, 0));
  set_capabilities(kept, 0);
  must(chdir("/"));
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, NULL);
  must(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
  must(close_range(3, ~0U, CLOSE_RANGE_CLOEXEC));
  if (!unrestrained) {
    confine();
    load_filter(helped ? usual_ranges : lone_ranges);
  }
  char *environment[] = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", NULL};
  execve(command[0], command, environment);
  _exit(127);
}

/* pid 1: all the steps inside, then only reaping. */
static void live_inside(int go, uid_t uid, gid_t gid) {
  char line[32];
  umask(0);
  if (folder >= 0) must(folder = open(folder_path, O_PATH | O_DIRECTORY | O_CLOEXEC)); /* of this mount namespace */
  if (go >= 0) {
    must(read(go, line, 1) - 1);
  } else {
    write_text(AT_FDCWD, "/proc/self/setgroups", 0, "deny");
    sprintf(line, "0 %u 1", uid);
    write_text(AT_FDCWD, "/proc/self/uid_map", 0, line);
    sprintf(line, "0 %u 1", gid);
    write_text(AT_FDCWD, "/proc/self/gid_map", 0, line);
  }
  must(setresgid(0, 0, 0));
  must(setresuid(0, 0, 0));
  raise_mounts();
  raise_names();
  must(setsid());
  must(prctl(PR_SET_PDEATHSIG, SIGKILL));
  must(prctl(PR_SET_DUMPABLE, 0));
  const pid_t payload = fork();
  must(payload);
  if (payload == 0) become_payload();
  set_capabilities(1U << CAP_KILL, 0);
  close_range(3, ~0U, 0);
  int status = 0;
  pid_t ended;
  while ((ended = waitpid(-1, &status, 0)) != payload) must(ended);
  _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}

static pid_t start_helper(const char *path, pid_t child, unsigned own, const char *range) {
  char pid[16], id[16], first[16];
  sprintf(pid, "%d", child);
  sprintf(id, "%u", own);
  const char *const count = strchr(range, ':') + 1;
  memcpy(first, range, (size_t)(count - range) - 1);
  first[count - range - 1] = '\0';
  char *words[] = {(char *)path, pid, "0", id, "1", "1", first, (char *)count, NULL}, *nothing[] = {NULL};
  pid_t helper;
  if (posix_spawn(&helper, path, NULL, NULL, words, nothing) != 0) _exit(124);
  return helper;
}

static void make_folder(void) {
  must(mkdir(folder_path, 0700));
  folder = open(folder_path, O_PATH | O_DIRECTORY | O_CLOEXEC);
  must(folder);
  must(mkdirat(folder, "upper", 0755));
  must(mkdirat(folder, "work", 0700));
}

/* What the kernel left in the two folders of the overlay is known, so nothing has to be listed. */
static void remove_folder(void) {
  const char *const made[] = {"upper/etc/hosts", "upper/etc/resolv.conf", "upper/etc/hostname",
                              "work/work/incompat/volatile/dirty"};
  const char *const folders[] = {"upper/etc", "upper", "work/work/incompat/volatile", "work/work/incompat",
                                 "work/work", "work"};
  must(fchmodat(folder, "work/work", 0700, 0));
  must(fchmodat(folder, "work/work/incompat", 0700, 0));
  must(fchmodat(folder, "work/work/incompat/volatile", 0700, 0));
  for (int n = 0; n < 4; ++n) must(unlinkat(folder, made[n], 0));
  for (int n = 0; n < 6; ++n) must(unlinkat(folder, folders[n], AT_REMOVEDIR));
  must(rmdir(folder_path));
}

int main(int argc, char **argv) {
  if (argc < 6) return 2;
  const int overlay = strcmp(argv[1], "overlay") == 0;
  unrestrained = strcmp(argv[1], "walls") == 0;
  helped = strcmp(argv[4], "-") != 0;
  const uid_t uid = getuid();
  const gid_t gid = getgid();
  int go[2] = {-1, -1}, status = 0;
  folder_path = argv[2];
  root_path = argv[3];
  command = argv + 5;
  if (overlay) make_folder();
  if (helped) must(pipe2(go, O_CLOEXEC));
  struct clone_args clone = {.flags = CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWUTS |
                                      CLONE_NEWIPC | CLONE_NEWCGROUP,
                             .exit_signal = SIGCHLD};
  const pid_t child = (pid_t)syscall(SYS_clone3, &clone, sizeof clone);
  must(child);
  if (child == 0) {
    if (helped) close(go[1]);
    live_inside(go[0], uid, gid);
  }
  if (helped) {
    const pid_t helpers[] = {start_helper("/usr/bin/newuidmap", child, uid, argv[4]),
                             start_helper("/usr/bin/newgidmap", child, gid, argv[4])};
    for (int n = 0; n < 2; ++n) {
      must(waitpid(helpers[n], &status, 0));
      if (status) return 123;
    }
    must(write(go[1], "!", 1));
  }
  must(waitpid(child, &status, 0));
  if (overlay) remove_folder();
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
