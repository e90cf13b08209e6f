#include <doctest/doctest.h>

#include <filesystem>
#include <string>

#include "harness.hh"
#include "snug/base/text.hh"

using namespace snug::test;

namespace {

// One message on standard error, nothing on standard output, 125.
void check_refused(const std::vector<std::string>& words, const std::string& says) {
  std::vector<std::string> all{program()};
  all.insert(all.end(), words.begin(), words.end());
  const auto before = traces();
  const Result result = run(all);
  CHECK(result.code == 125);
  CHECK(result.out.empty());
  CHECK_MESSAGE(result.err.find(says) != std::string::npos, result.err);
  const std::string left = left_since(before);
  CHECK_MESSAGE(left.empty(), left);
}

}  // namespace

TEST_SUITE_BEGIN("any");

TEST_CASE("bad input ends in one clear message and leaves nothing behind") {
  static_cast<void>(inside("true"));
  static_cast<void>(run({program(), "run", "debian:12"}));  // the store of images comes with its first use, and stays
  const std::string root = small_root();
  check_refused({"run", "/no/such", "true"}, "cannot use '/no/such' as root file system: No such file or directory (ENOENT)");
  check_refused({"run", root + "/etc/passwd", "true"}, "it is a file, not a folder");
  check_refused({"run", "--rw", "/proc/self/root", "true"}, "it leads to the machine's own root");
  check_refused({"run", "debian:12"}, "debian:12");
  check_refused({"run", "--userns", "single", "-v", "relative/no/colon", root, "true"}, "-v");
  check_refused({"run", "--hostnme", "x"}, "did you mean --hostname?");
  check_refused({"rnu"}, "did you mean 'snug run'?");
  check_refused({"run", "--userns", "single", "-w", "/etc/passwd", root, "true"}, "/etc/passwd");
  check_refused({"run", "--userns", "single", "-v", "/:/etc/passwd", root, "true"}, "/etc/passwd");
  check_refused({"run", "--userns", "single", "-v", root + ":/../..", root, "true"}, "..");
}

TEST_CASE("each refusal names the object, and the cause that is true") {
  Scratch scratch;
  scratch.write("p.json", "{}");
  std::filesystem::create_directory(scratch.path() + "/folder");
  std::filesystem::create_symlink("nowhere", scratch.path() + "/dangling");
  const std::string root = small_root();
  const auto told = [&](std::vector<std::string> words, const std::string& says) {
    words.insert(words.begin(), {program(), "run", "--userns", "single"});
    const Result result = run(words, {.folder = scratch.path()});
    CHECK(result.code >= 125);
    CHECK_MESSAGE(result.err.find(says) != std::string::npos, says, result.err);
  };
  told({"--env-file", "folder", root, "true"}, "cannot read '" + scratch.path() + "/folder': Is a directory (EISDIR)");
  told({"--env-file", "/dev/zero", root, "true"}, "cannot read '/dev/zero': File too large (EFBIG)");
  told({"--security-opt", "seccomp=p.json", root, "true"}, "it has no \"defaultAction\"");
  told({"--security-opt", "seccomp=folder", root, "true"}, "cannot read '" + scratch.path() + "/folder'");
  told({"./dangling", "true"}, "it is a link to 'nowhere', where there is nothing");
  told({"dir:", "true"}, "'dir:' names a kind of root file system, and no place");
  told({root, ""}, "the command is an empty word");
  told({root, "/etc"}, "no folder, with an x in its mode");
  told({"-w", "/proc/foo", root, "true"}, "'/proc/foo' is not there, and nothing can be made in the file system");
  told({"-v", scratch.path() + ":/sys/foo", root, "true"}, "'/sys/foo' is not there, and nothing can be made");
  told({"--mount", "type=bind,src=/,dst=/h,ro,bind-recursive=disabled", root, "true"}, "bind-recursive=enabled");
  told({"--ulimit", "nofile=2", root, "true"}, "--ulimit nofile=2 is in force");
  told({"--vol", "x", root, "true"}, "did you mean --volume?");
  check_refused({"run", "--userns", "ns:/etc/passwd", root, "true"}, "it is no namespace of that kind");
  check_refused({"run", "--userns", "ns:/proc/self/ns/user", root, "true"}, "the user namespace that you are in anyway");
  check_refused({"run", "--uts", "ns:/proc/self/ns/net", root, "true"}, "it is no namespace of that kind");
  check_refused({"rn", root, "true"}, "did you mean 'snug run'?");
}

TEST_CASE("a mask of one's own rights and a limit of files leave nothing behind that cannot be removed") {
  const auto start = [](const std::string& before, const std::string& words) {
    return run({"/bin/sh", "-c", before + "; exec " + program() + " run --userns single " + words + " " + small_root() + " sh -c 'umask'"});
  };
  const auto before = traces();
  for (const char* mask : {"0700", "0777"}) {
    const Result result = start(std::string("umask ") + mask, "");
    CHECK_MESSAGE(result.out == "0022\n", result.err);
  }
  const Result limited = start("ulimit -f 0", "-d");
  CHECK(limited.code == 125);
  CHECK_MESSAGE(limited.err.find("File too large (EFBIG)") != std::string::npos, limited.err);
  const std::string left = left_since(before);
  CHECK_MESSAGE(left.empty(), left);
}

TEST_CASE("names that would act on a terminal are printed harmless") {
  const Result result = run({program(), "run", "/no/\x1b[31mred\r\n", "true"});
  CHECK(result.code == 125);
  CHECK(result.err.find('\x1b') == std::string::npos);
  CHECK(result.err.find("\\x1b[31mred\\x0d\\n") != std::string::npos);
}

TEST_CASE("a full output is an error") {
  const Result result = run({"/bin/sh", "-c", program() + " help >/dev/full"});
  CHECK(result.code == 125);
  CHECK(result.err.find("No space left on device") != std::string::npos);
}

TEST_CASE("a closed output is an error, where there is something to print") {
  for (const char* words : {"help", "doctor --json", "doctor", "ps", "images", "version"}) {
    const Result result = run({"/bin/sh", "-c", program() + " " + words + " >&-"});
    CHECK_MESSAGE(result.code == 125, words);
    CHECK_MESSAGE(has(result.err, "snug: cannot write to standard output: Bad file descriptor (EBADF)\n"), words);
  }
  const std::string start = program() + " run --userns single " + small_root();
  CHECK(run({"/bin/sh", "-c", start + " true >&-"}).code == 0);
  CHECK(run({"/bin/sh", "-c", start + " sh -c 'echo lost' >&-"}).code == 1);
}

TEST_CASE("closed standard descriptors do no harm") {
  const Result result = run({"/bin/sh", "-c", program() + " run --userns single " + small_root() + " sh -c 'echo x >/tmp/f; cat /tmp/f' <&- 2>&-"});
  CHECK(result.code == 0);
  CHECK(result.out == "x\n");
}

TEST_CASE("a full disk is one clear message, and nothing is left on it") {
  Scratch scratch;
  const Result result = run({"unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
                             "mount -t tmpfs -o nr_inodes=3 none . && XDG_DATA_HOME=$PWD " + program() + " run --userns single " + small_root() +
                                 " true; echo code $?; find . -type f"},
                            {.folder = scratch.path()});
  CHECK(result.out == "code 125\n");
  CHECK_MESSAGE(result.err.find("No space left on device (ENOSPC)") != std::string::npos, result.err);
}

TEST_CASE("a container that ends on a full disk is told of with the code that it ended with") {
  const Scratch scratch;
  const std::string script =
      "mkdir store go; mount -t tmpfs -o size=6m none store || exit 9; export XDG_DATA_HOME=$PWD/store; snug() { \"$0\" \"$@\"; }\n"
      "snug run -d --userns single --name full -v $PWD/go:/go \"$1\" sh -c 'until test -e /go/go; do sleep 0.05; done; exit 3' >/dev/null || exit 8\n"
      "cat /dev/zero >store/fill 2>/dev/null; touch go/go\n"
      "snug wait full; snug wait full; snug ps -a --format '{{.Status}}'";
  const Result result = run({"unshare", "--map-root-user", "--mount", "sh", "-c", script, program(), small_root()}, {.folder = scratch.path()});
  if (result.code == 9) return skip("no tmpfs can be mounted");
  CHECK_MESSAGE(has(result.out, "3\n3\nExited (3) "), result.out, result.err);
}

TEST_CASE("a start that a full disk refuses changes nothing of what is known of the last end, or that there was none, and says why once") {
  const Scratch scratch;
  const std::string script =
      "mkdir store; mount -t tmpfs -o size=6m none store || exit 9; export XDG_DATA_HOME=$PWD/store; snug() { \"$0\" \"$@\"; }\n"
      "snug run -d --userns single --name ended \"$1\" sh -c 'exit 9' >/dev/null && snug wait ended && snug create --userns single --name new \"$1\" true >/dev/null || exit 8\n"
      "cat /dev/zero >store/fill 2>/dev/null\n"
      "snug start ended new 2>/dev/null; snug ps -a --format '{{.Names}} {{.Status}}' | cut -d' ' -f1-3; snug wait ended; snug enter ended true; snug prune -f; snug ps -aq | wc -l";
  const Result result = run({"unshare", "--map-root-user", "--mount", "sh", "-c", script, program(), small_root()}, {.folder = scratch.path()});
  if (result.code == 9) return skip("no tmpfs can be mounted");
  CHECK_MESSAGE(result.out.starts_with("9\nnew Created\nended Exited (9)\n9\n"), result.out, result.err);
  CHECK_MESSAGE(result.out.ends_with("\n1\n"), result.out);
  const std::size_t first = result.err.find("No space left");
  CHECK_MESSAGE(first != std::string::npos, result.err);
  CHECK_MESSAGE(result.err.find("No space left", first + 1) == std::string::npos, result.err);
}

TEST_CASE("a folder that is gone, and no HOME, do no harm") {
  Scratch scratch;
  const Result gone = run({"/bin/sh", "-c", "mkdir d && cd d && rmdir ../d && " + program() + " run --userns single " + small_root() + " pwd"},
                          {.folder = scratch.path()});
  CHECK_MESSAGE(gone.out == "/\n", gone.err);
  const Result homeless = run({"/usr/bin/env", "-i", program(), "run", "--userns", "single", small_root(), "echo", "fine"});
  CHECK_MESSAGE(homeless.out == "fine\n", homeless.err);
}

TEST_CASE("what was asked for is there, or it is an error: --add-host in a root that has no such file and is not to be changed") {
  const Scratch scratch;
  const std::string root = scratch.path() + "/root";
  REQUIRE(run({"cp", "-a", small_root(), root}).code == 0);
  std::filesystem::remove(root + "/etc/hosts");
  check_refused({"run", "--userns", "single", "--rw", "--add-host", "other:192.0.2.1", root, "true"}, "'/etc/hosts' is not there, and would be made on the host's side");
  CHECK(run({program(), "run", "--userns", "single", "--add-host", "other:192.0.2.1", root, "grep", "-c", "other", "/etc/hosts"}).out == "1\n");
  CHECK(run({program(), "run", "--userns", "single", "--rw", root, "true"}).code == 0);
}

TEST_CASE("an archive that is a pipe into which nobody writes is an error, and no wait") {
  const Scratch scratch;
  REQUIRE(run({"mkfifo", scratch.path() + "/pipe"}).code == 0);
  check_refused({"run", "--userns", "single", "tar:" + scratch.path() + "/pipe", "true"}, "pipe");
}

TEST_CASE("a file where snug's data are to lie is named, and stays") {
  const Scratch scratch;
  scratch.write("file", "kept");
  const Result result = run({"env", "XDG_DATA_HOME=" + scratch.path() + "/file", program(), "run", "--userns", "single", small_root(), "true"});
  CHECK(result.code == 125);
  CHECK_MESSAGE(result.err.find(scratch.path() + "/file/snug' cannot be the folder of snug's data") != std::string::npos, result.err);
}
