#include <doctest/doctest.h>
#include <sys/stat.h>

#include <string>

#include "harness.hh"
#include "snug/base/text.hh"

using namespace snug::test;

namespace {

// The programs and files that know of accounts, in place of the machine's, in a mount namespace of their own.
class Directory {
 public:
  void place(const std::string& path, const std::string& text, mode_t mode = 0644) {
    const std::string name = path.substr(path.rfind('/') + 1);
    scratch_.write(name, text);
    ::chmod((scratch_.path() + "/" + name).c_str(), mode);
    mounts_ += "mount --bind " + scratch_.path() + "/" + name + " " + path + " && ";
  }
  void place_program(const std::string& path, const std::string& script, mode_t mode = 0755) {
    place(path, "#!/bin/sh\n" + script + "\n", mode);
  }
  [[nodiscard]] Result run(const std::string& script) const {
    return snug::test::run({"unshare", "--user", "--map-root-user", "--mount", "sh", "-c", mounts_ + script});
  }

 private:
  Scratch scratch_;
  std::string mounts_;
};

// The line that a container has of its caller, whom /etc/passwd does not know.
std::string line_of_caller(const std::string& getent) {
  Directory directory;
  directory.place("/etc/passwd", "daemon:x:1:1::/:/bin/sh\n");
  directory.place_program("/usr/bin/getent", getent);
  const Result result =
      directory.run(program() + " run --userns keep-id:uid=7,gid=7 " + small_root() + " tail -n 1 /etc/passwd");
  CHECK_MESSAGE(result.code == 0, result.err);
  return result.out;
}

}  // namespace

TEST_SUITE_BEGIN("any");

TEST_CASE("accounts: one that only a directory server knows is asked from getent") {
  CHECK(line_of_caller("[ \"$*\" = 'passwd 0' ] && printf some && sleep 0.1 && echo 'one:*:0:0:A B:/home/x:/bin/sh'")
            .starts_with("someone:x:7:7:"));
}

TEST_CASE("accounts: whatever getent says, a container starts") {
  const std::string nameless = line_of_caller("exit 2");
  CHECK(nameless.starts_with("7:x:7:7:"));
  for (const char* answer :
       {"echo someone:x:0:0::/:/bin/sh; exit 2", "echo other:x:5:0::/:/bin/sh", "echo 'not a line'",
        "head -c 5000 /dev/urandom", "exec yes someone:x:0:0::/:/bin/sh", "kill -9 $$", "exec >&-; exit 0"})
    CHECK_MESSAGE(line_of_caller(answer) == nameless, answer);
}

TEST_CASE("accounts: sub-ids that only a service knows are asked from getsubids") {
  Directory directory;
  directory.place("/etc/subuid", "other:300000:10\n");
  directory.place("/etc/nsswitch.conf", "passwd: files\nsubid: central\n");
  directory.place_program(
      "/usr/bin/getsubids",
      "case $* in root) echo 0: root 500000 10 ;; '-g root') echo 0: root 600000 20 ;; *) exit 1 ;; esac");
  directory.place_program("/usr/bin/newuidmap", "exit 1", 04755);
  directory.place_program("/usr/bin/newgidmap", "exit 1", 04755);
  const Result known = directory.run(program() + " plan " + small_root() + " true");
  CHECK_MESSAGE(known.out.find("newuidmap PID 0 0 1 1 500000 10 ") != std::string::npos, known.out);
  CHECK(known.out.find("newgidmap PID 0 0 1 1 600000 20") != std::string::npos);
  directory.place_program("/usr/bin/getsubids", "echo 'Error fetching ranges' >&2; exit 1");
  const Result unknown = directory.run(program() + " plan " + small_root() + " true");
  CHECK_MESSAGE(unknown.err.find("'central' hands out the sub-ids here") != std::string::npos, unknown.err);
  directory.place("/etc/nsswitch.conf", "subid: files\n");
  CHECK(directory.run(program() + " plan " + small_root() + " true").err.find("/etc/subuid has no line for 'root'") !=
        std::string::npos);
}

TEST_SUITE_END();
