#include <doctest/doctest.h>
#include <sys/xattr.h>

#include <filesystem>

#include "harness.hh"
#include "snug/base/text.hh"
#include "tar.hh"

using namespace snug;
using namespace snug::test;
namespace fs = std::filesystem;

namespace {

std::string unpacker() { return fs::path(program()).parent_path() / "snug-layer"; }

// Unpacks into a folder; `before` are the words of programs that start the unpacker.
Result unpack(const std::string& folder, const std::string& archive, std::vector<std::string> before = {}) {
  before.insert(before.end(), {unpacker(), "tree"});
  return run(before, {.input = archive, .folder = folder});
}

Result shell(const std::string& script, const std::string& folder = {}) { return run({"sh", "-c", script}, {.folder = folder}); }

std::string listing(const std::string& folder) {
  return shell("find . -printf '%p %M %s %T@ %l %n\\n' | sort; find . -type f | sort | xargs -d '\\n' cksum", folder).out;
}

}  // namespace

TEST_SUITE_BEGIN("any");

TEST_CASE("unpack: one line of counts, or one of why not") {
  Scratch scratch;
  Result result = unpack(scratch.path(), tar({.name = "file", .data = "text"}) + tar({.name = "null", .type = '3'}) + tar_end());
  CHECK(result.code == 0);
  CHECK(result.out == "entries 2 devices 1 owners " + std::string(::getuid() == 0 ? "0" : "1") + " xattrs 0 marks 0\n");
  CHECK(result.err.empty());
  result = unpack(scratch.path(), tar({.name = "a\nb\x1b[2J/../" + std::string(80, 'x')}) + tar_end());
  CHECK(result.code == 1);
  CHECK(result.out.empty());
  CHECK(result.err == "'a\\nb\\x1b[2J/../" + std::string(80, 'x') + "' has '..' in its name");
}

TEST_CASE("unpack: what tar packs comes out the same, in each of its dialects") {
  Scratch source, archives;
  const Result made = shell("mkdir -p usr/bin 'odd name' shut && printf text >usr/bin/tool && chmod 4755 usr/bin/tool && ln usr/bin/tool usr/bin/other && "
                            "ln -s usr/bin bin && mkfifo pipe && : >\"odd name/caf\303\251\" && : >\"odd name/caf\351\" && truncate -s 1M hole && "
                            "printf end >>hole && chmod 1777 . && find . -exec touch -h -d @1000000000 {} + && chmod 500 shut && touch -d @5 shut",
                            source.path());
  REQUIRE_MESSAGE(made.code == 0, made.err);
  const std::string before = listing(source.path());
  for (const std::string options : {"--format=gnu -S", "--format=pax", "--format=pax -S", "--format=ustar", "--format=oldgnu"}) {
    CAPTURE(options);
    Scratch target;
    const Result result = shell("tar " + options + " -C '" + source.path() + "' -cf '" + archives.path() + "/x' . && '" + unpacker() + "' tree <'" +
                                archives.path() + "/x'", target.path());
    CHECK_MESSAGE(result.code == 0, result.err);
    CHECK(listing(target.path()) == before);
  }
}

// The tree is a stranger's: a file of it that our code reads could be a library, or a table that makes it load one.
TEST_CASE("unpack: no file of the tree is opened to be read, and no program is started") {
  Scratch logs;
  std::string archive = tar({.name = "fifo", .type = '6'}) + tar({.name = "shut/", .type = '5', .mode = 0});
  for (const char* trap : {"etc/ld.so.cache", "usr/lib/locale/locale-archive", "usr/lib/x86_64-linux-gnu/gconv/gconv-modules.cache",
                           "usr/share/locale/C/LC_MESSAGES/libc.mo", "etc/localtime", "etc/passwd", "etc/nsswitch.conf", "bin/gzip", "bin/zstd"})
    archive += tar({.name = trap, .data = "trap", .mode = 0755});
  archive += pax({{"path", "caf\xc3\xa9"}, {"uname", "n\xc3\xb6"}, {"SCHILY.acl.access", "user::rwx,user:n\xc3\xb6:rwx"}}, {.name = "x"});
  for (const std::string& last : {tar_end(), tar({.name = "etc/passwd/x"}), std::string(512, 'x')}) {
    Scratch target;
    const Result result = unpack(target.path(), archive + last, {"strace", "-f", "-s", "1000", "-qq", "-e", "trace=%file,%process", "-o", logs.path() + "/log"});
    CHECK(result.code == (last == tar_end() ? 0 : 1));
    const std::string log = shell("cat log", logs.path()).out;
    CHECK(log.find("gconv-modules.cache") != std::string::npos);
    for (const std::string_view line : lines(log)) {
      const bool made_or_folder = line.find("O_EXCL") != std::string::npos || line.find("O_DIRECTORY") != std::string::npos ||
                                  line.find("O_NONBLOCK") != std::string::npos;
      const bool own = line.find(unpacker()) != std::string::npos;  // its exec, and what the C library asks of its name
      CAPTURE(line);
      CHECK((line.find("open") == std::string::npos || made_or_folder));
      CHECK((line.find("exec") == std::string::npos || own));
      CHECK((line.find("\"/") == std::string::npos || own));
      CHECK(line.find("clone") == std::string::npos);
    }
  }
}

TEST_CASE("unpack: with one id every other owner is counted, and left with root") {
  Scratch target;
  const std::string archive = tar({.name = "root", .mode = 06755}) + tar({.name = "other", .mode = 06755, .uid = 5, .gid = 50}) +
                              tar({.name = "group", .mode = 06755, .gid = 50}) + tar_end();
  const Result result = unpack(target.path(), archive, {"unshare", "--user", "--map-root-user"});
  CHECK_MESSAGE(result.out == "entries 3 devices 0 owners 2 xattrs 0 marks 0\n", result.err);
  CHECK(shell("stat -c %u:%a root other group", target.path()).out == format("{0}:6755\n{0}:755\n{0}:4755\n", ::getuid()));
}

TEST_CASE("unpack: nine tenths of what the disk has free is all that an archive gets") {
  Scratch target;
  const std::string archive = tar({.name = "small", .data = "text"}) + tar({.name = "usr/large", .data = std::string(200000, 'x')}) + tar_end();
  const Result result = unpack(target.path(), archive, {"unshare", "--user", "--map-root-user", "--mount", "sh", "-c",
                                                        "mount -t tmpfs -o size=64k none . && cd \"$PWD\" && exec \"$@\"", "sh"});
  CHECK(result.code == 1);
  CHECK(result.err.starts_with("its files are larger than the "));
  CHECK(result.err.ends_with(" bytes that it may fill, at 'usr/large'"));
}

TEST_CASE("unpack: a window that is too large for the limit of memory is told as such") {
  Scratch target;
  const std::string lzma = std::string("\x5d\0\0\0\x08", 5) + std::string(8, '\xff') + std::string(1000, '\0');
  const Result result = unpack(target.path(), lzma, {"prlimit", "--as=67108864"});
  CHECK(result.code == 1);
  CHECK(result.err == "it asks for more memory than there is: Lzma library error: Cannot allocate memory");
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("ranges");

TEST_CASE("unpack: owners, set-user-ID bits and capabilities with no more rights than it is given") {
  Scratch target;
  const std::string capability("\1\0\0\2\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20);  // cap_net_raw, effective
  const std::string archive = tar({.name = "./", .type = '5', .mode = 0711, .uid = 3}) + tar({.name = "home/", .type = '5', .mode = 0, .uid = 1000, .gid = 1000}) +
                              tar({.name = "home/mail", .data = "text", .mode = 02640, .uid = 1000, .gid = 8}) +
                              pax({{"SCHILY.xattr.security.capability", capability}, {"SCHILY.xattr.user.a", "b"}}, {.name = "home/ping", .mode = 0555, .uid = 1000}) +
                              tar({.name = "home/link", .type = '2', .link = "mail", .uid = 1000, .gid = 1000}) +
                              tar({.name = "home/mail", .data = "new", .mode = 06440, .uid = 7, .gid = 8}) +
                              pax({{"uid", "3000000000"}}, {.name = "home/far"}) + tar_end();
  const Result result = unpack(target.path(), archive, {"unshare", "--user", "--map-root-user", "--map-auto", "setpriv", "--bounding-set",
                                                        "-all,+chown,+dac_override,+fowner,+fsetid,+setfcap", "prlimit", "--as=1073741824"});
  CHECK_MESSAGE(result.out == "entries 7 devices 0 owners 1 xattrs 0 marks 0\n", result.err);
  const std::string seen = shell("cd '" + target.path() + "' && exec unshare --user --map-root-user --map-auto stat -c '%n %u:%g %a' "
                                 ". home home/mail home/ping home/link home/far").out;
  CHECK(seen == ". 3:0 711\nhome 1000:1000 0\nhome/mail 7:8 6440\nhome/ping 1000:0 555\nhome/link 1000:1000 777\nhome/far 0:0 644\n");
  REQUIRE(shell("unshare --user --map-root-user --map-auto chmod 755 . home", target.path()).code == 0);
  char stored[64];  // seen from outside it is one for this user namespace alone: version 3, with the id of its root
  CHECK(::lgetxattr((target.path() + "/home/ping").c_str(), "security.capability", stored, sizeof stored) == 24);
  CHECK(std::string(stored, 8) == std::string("\1\0\0\3\0\x20\0\0", 8));
  CHECK(shell("unshare --user --map-root-user --map-auto chown -R 0:0 .", target.path()).code == 0);
}

TEST_SUITE_END();
