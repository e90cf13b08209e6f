// refusing CALL[:PLACE:VALUE]=ERRNO... PROGRAM ARGUMENT...: runs a program under a filter that refuses these system calls, by number, with these errors;
// or only those of them that have VALUE as the argument at PLACE, counted from 0.

#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

int main(int count, char** words) {
  std::vector<sock_filter> code{BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr))};
  int at = 1;
  for (; at < count; ++at) {
    const char* mark = std::strchr(words[at], '=');
    if (!mark) break;
    unsigned call = 0, place = 0, value = 0;
    const bool any = std::sscanf(words[at], "%u:%u:%u", &call, &place, &value) == 1;
    code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, call, 0, static_cast<unsigned char>(any ? 1 : 3)));
    if (!any) {
      code.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<unsigned>(offsetof(seccomp_data, args) + place * sizeof(seccomp_data::args[0]))));
      code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, value, 0, 1));
    }
    code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | static_cast<unsigned>(std::atoi(mark + 1))));
    if (!any) code.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)));
  }
  code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  const sock_fprog program{static_cast<unsigned short>(code.size()), code.data()};
  if (at >= count || ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &program) != 0) return 1;
  ::execv(words[at], words + at);
  return 1;
}
