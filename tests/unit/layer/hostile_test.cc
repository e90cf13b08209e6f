#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "snug/base/error.hh"
#include "snug/sys/file.hh"
#include "unpacking.hh"

using namespace snug;
using namespace snug::test;

namespace {

Member file(const std::string& name, const std::string& data = "bad") { return {.name = name, .data = data}; }
Member folder(const std::string& name, unsigned mode = 0755) { return {.name = name, .type = '5', .mode = mode}; }
Member soft_link(const std::string& name, const std::string& to) { return {.name = name, .type = '2', .link = to}; }
Member hard_link(const std::string& name, const std::string& to) { return {.name = name, .type = '1', .link = to}; }
Member fifo(const std::string& name) { return {.name = name, .type = '6'}; }

std::string archive(std::initializer_list<Member> members) {
  std::string bytes;
  for (const Member& member : members) bytes += tar(member);
  return bytes + tar_end();
}

}  // namespace

TEST_CASE("hostile: names that lead out are refused, by name") {
  for (const char* name : {"../outside/canary", "a/../../outside/canary", "/../outside/canary", "./..//outside/canary", ".."}) {
    Target target;
    CHECK(target.refusal(archive({file(name)})) == format("'{}' has '..' in its name", name));
    CHECK(target.refusal(pax({{"path", name}}, {.name = "x"}) + tar_end()) == format("'{}' has '..' in its name", name));
    CHECK(target.refusal(gnu_long('L', name, {.name = "x", .type = '5'}) + tar_end()) == format("'{}' has '..' in its name", name));
    CHECK(target.refusal(archive({file("x"), hard_link("y", name)})) == format("'{}' has '..' in its name", name));
    CHECK(target.names() == std::vector<std::string>{"x"});
  }
}

TEST_CASE("hostile: an absolute name is one below the target") {
  Target target;
  target.unpack(archive({file(target.outside() + "/canary", "text"), hard_link("/link", target.outside() + "/canary")}));
  CHECK(target.canary_lives());
  CHECK(target.text(target.outside() + "/canary") == "text");
  CHECK(target.status("link")->st_nlink == 2);
}

// A link is followed as it will be inside, where the target is "/": never above it.
TEST_CASE("hostile: nothing is written through a link that leads out") {
  for (const bool absolute : {false, true}) {
    Target target;
    const std::string out = absolute ? target.outside() : "../outside";
    const std::string inside = absolute ? "/" : "";
    CHECK(target.refusal(archive({soft_link("way", out), file("way/canary")})) == "cannot open the folder 'way': No such file or directory (ENOENT)");
    CHECK(target.refusal(archive({soft_link("way", out), folder("way/folder", 0)})).find("cannot open the folder 'way'") == 0);
    CHECK(target.refusal(archive({soft_link("way", out + "/folder"), soft_link("way/x", "y")})).find("cannot open the folder 'way'") == 0);
    CHECK(target.refusal(archive({soft_link("way", out), hard_link("x", "way/canary")})) ==
          "cannot link 'x' to 'way/canary': No such file or directory (ENOENT)");
    target.unpack(archive({soft_link("way", out + "/folder"), folder("way"), file("way/x", "text")}));
    CHECK(target.canary_lives());
    CHECK(target.text("way/x") == "text");
  }
}

TEST_CASE("hostile: a link above the root stays at the root") {
  Target target;
  target.unpack(archive({soft_link("up", "../../.."), file("up/file", "text"), soft_link("root", "/"), file("root/other", "text")}));
  CHECK(target.canary_lives());
  CHECK(target.text("file") == "text");
  CHECK(target.text("other") == "text");
}

TEST_CASE("hostile: what a link points to is neither written nor changed in mode by an entry of its name") {
  Target target;
  const std::string canary = target.outside() + "/canary", out = target.outside() + "/folder";
  target.unpack(archive({soft_link("file", canary), file("file", "new"), soft_link("folder", out), folder("folder", 0700), soft_link("pipe", canary),
                         fifo("pipe"), soft_link("link", canary), soft_link("link", "x"), soft_link("hard", canary), file("x"), hard_link("hard", "x")}));
  CHECK(target.canary_lives());
  CHECK(target.text("file") == "new");
  CHECK(target.mode("folder") == (S_IFDIR | 0700));
  CHECK(target.mode("pipe") == (S_IFIFO | 0644));
  CHECK(target.link("link") == "x");
  CHECK(target.status("hard")->st_nlink == 2);
}

TEST_CASE("hostile: a hard link never follows a symbolic one at its end") {
  Target target;
  target.unpack(archive({soft_link("way", target.outside() + "/canary"), hard_link("link", "way")}));
  CHECK(target.canary_lives());
  CHECK(target.link("link") == target.outside() + "/canary");
  target.unpack(archive({file("link", "new")}));
  CHECK(target.canary_lives());
  CHECK(target.link("way") == target.outside() + "/canary");
  CHECK(target.text("link") == "new");
}

TEST_CASE("hostile: a hard link to what is not there, to a folder, to itself") {
  Target target;
  CHECK(target.refusal(archive({hard_link("x", "nothing")})) == "cannot link 'x' to 'nothing': No such file or directory (ENOENT)");
  CHECK(target.refusal(archive({folder("d"), hard_link("x", "d")})) == "cannot link 'x' to 'd': Is a directory (EISDIR)");
  CHECK(target.refusal(archive({hard_link("x", "/")})).find("cannot link 'x' to ") == 0);
  CHECK(target.refusal(archive({hard_link("x", "../outside/canary")})) == "'../outside/canary' has '..' in its name");
  CHECK(target.refusal(archive({hard_link("x", target.outside() + "/canary")})).find("ENOENT") != std::string::npos);
  target.unpack(archive({file("a", "text"), hard_link("a", "a"), hard_link("./b", "/a"), hard_link("b", "a")}));
  CHECK(target.text("a") == "text");
  CHECK(target.status("a")->st_nlink == 2);
}

TEST_CASE("hostile: the root is a folder and nothing else") {
  for (const char* name : {"./", ".", "/", ".//."}) {
    Target target;
    for (const Member& member : {soft_link(name, target.outside()), hard_link(name, "x"), fifo(name)})
      CHECK(target.refusal(archive({file("x"), member})).find("is no folder") != std::string::npos);
    CHECK(target.mode("") == (S_IFDIR | 0755));
  }
}

TEST_CASE("hostile: each kind in the way of each other") {
  const auto make = [](char kind) {
    return kind == 'f' ? file("x", "text") : kind == 'd' ? folder("x") : kind == 's' ? soft_link("x", "to") : kind == 'h' ? hard_link("x", "to") : fifo("x");
  };
  const auto type = [](char kind) { return kind == 'd' ? S_IFDIR : kind == 's' ? S_IFLNK : kind == 'p' ? S_IFIFO : S_IFREG; };
  for (const char first : std::string("fdshp")) {
    for (const char second : std::string("fdshp")) {
      CAPTURE(first);
      CAPTURE(second);
      Target target;
      target.unpack(archive({file("to"), make(first), make(second), file("after")}));
      CHECK((target.mode("x") & S_IFMT) == type(second));
      CHECK(target.names() == std::vector<std::string>{"after", "to", "x"});
    }
  }
}

TEST_CASE("hostile: a folder with something in it gives way to nothing") {
  for (const Member& member : {file("d"), soft_link("d", "."), fifo("d"), hard_link("d", "d/x")}) {
    Target target;
    CHECK(target.refusal(archive({folder("d"), file("d/x", "text"), member})) == "cannot replace 'd': Directory not empty (ENOTEMPTY)");
    CHECK(target.text("d/x") == "text");
  }
}

TEST_CASE("hostile: a link to a folder stays where a folder comes, one to nothing goes") {
  Target target;
  target.unpack(archive({folder("usr/bin", 0750), soft_link("bin", "usr/bin"), folder("bin", 0700), file("bin/tool", "text"),
                         soft_link("lost", "nowhere"), folder("lost"), soft_link("loop", "loop"), folder("loop"), soft_link("file", "bin/tool"), folder("file")}));
  CHECK(target.link("bin") == "usr/bin");
  CHECK(target.text("usr/bin/tool") == "text");
  CHECK(target.mode("usr/bin") == (S_IFDIR | 0750));
  for (const char* name : {"lost", "loop", "file"}) CHECK(target.mode(name) == (S_IFDIR | 0755));
}

TEST_CASE("hostile: the way to a folder may change between two entries") {
  Target target;
  target.unpack(archive({folder("a"), folder("b"), soft_link("way", "a"), file("way/x", "1"), soft_link("way", "b"), file("way/x", "2"),
                         file("plain/x"), folder("gone", 0711), soft_link("gone", "plain"), file("gone/y", "3"), folder("shut", 0), file("shut", "4"), soft_link("turn", "a"), folder("turn/z"), soft_link("turn", "b")}));
  CHECK(target.text("a/x") == "1");
  CHECK(target.text("b/x") == "2");
  CHECK(target.text("plain/y") == "3");
  CHECK(target.mode("plain") == (S_IFDIR | 0755));
  CHECK(target.text("shut") == "4");
}

TEST_CASE("hostile: a file is no folder, and a loop leads nowhere") {
  Target target;
  CHECK(target.refusal(archive({file("f"), file("f/x")})) == "cannot open the folder 'f': Not a directory (ENOTDIR)");
  CHECK(target.refusal(archive({soft_link("a", "b"), soft_link("b", "a"), file("a/x")})).find("cannot open the folder 'a': Too many") == 0);
  CHECK(target.refusal(archive({fifo("p"), file("p/x")})) == "cannot open the folder 'p': Not a directory (ENOTDIR)");
}

TEST_CASE("hostile: a link that points to nothing, or too far") {
  Target target;
  CHECK(target.refusal(archive({soft_link("s", "")})) == "cannot make 's': No such file or directory (ENOENT)");
  CHECK(target.refusal(pax({{"linkpath", std::string(5000, 'x')}}, soft_link("s", "x")) + tar_end()) == "cannot make 's': File name too long (ENAMETOOLONG)");
}

TEST_CASE("hostile: of devices there are empty files, and none outside") {
  Target target;
  const auto done = target.unpack(archive({file("null", "text"), {.name = "null", .type = '3'}, {.name = "sda", .type = '4'}}));
  CHECK(done.devices == 2);
  CHECK(done.entries == 3);
  CHECK(target.refusal(archive({{.name = "../x", .type = '3'}})) == "'../x' has '..' in its name");
  CHECK(target.names() == std::vector<std::string>{"null", "sda"});
  for (const char* name : {"null", "sda"}) CHECK((S_ISREG(target.mode(name)) && target.text(name).empty()));
}

TEST_CASE("hostile: limits, each with its name") {
  Target target;
  CHECK(target.refusal(archive({file("a"), file("b"), file("c")}), {.entries = 2}) == "it has more than 2 entries");
  CHECK(target.refusal(archive({file("d/e/f/g")}), {.entries = 3}) == "it has more than 3 entries");
  CHECK(target.refusal(archive({file("a", "12345"), file("b", "12345")}), {.bytes = 9}) == "its files are larger than the 9 bytes that it may fill, at 'b'");
  CHECK(target.unpack(archive({file("a", "12345"), file("b", "12345")}), {.bytes = 10}).entries == 2);
  CHECK(target.refusal(archive({folder("m"), folder("n"), folder("o")}), {.memory = 200}) == "it has more folders than 200 bytes of memory hold");
}

TEST_CASE("hostile: a bomb stops at the limit, and takes no memory") {
  const std::string bomb = compressed(tar({.name = "zeros", .data = std::string(64 << 20, '\0')}) + tar_end(), "gzip");
  CHECK(bomb.size() < 100000);
  Target target;
  CHECK(target.refusal(bomb, {.bytes = 1 << 20}) == "its files are larger than the 1048576 bytes that it may fill, at 'zeros'");
  CHECK(target.status("zeros")->st_size <= 1 << 20);
  std::string nested = bomb;
  for (int level = 0; level < 30; ++level) nested = compressed(nested, "gzip");
  CHECK(target.refusal(nested) == "it is damaged: Input requires too many filters for decoding");
}

TEST_CASE("hostile: endless headers end") {
  Target target;
  std::string bytes;
  for (int at = 0; at < 100; ++at) bytes += tar({.name = "x", .type = 'x', .data = pax_record("path", "x")});
  CHECK(target.refusal(bytes + archive({file("x")})).find("it is damaged: ") == 0);
  CHECK(target.refusal(tar_header({.name = "x", .type = 'x'}, std::uint64_t{1} << 32U) + padded("x")) == "it is damaged: Special header too large");
}

TEST_CASE("hostile: numbers that no file has") {
  Target target;
  for (const char* size : {"-1", "9223372036854775807", "99999999999999999999"})
    CHECK(target.refusal(pax({{"size", size}}, file("f")) + tar_end()).find("it is damaged: ") == 0);
  CHECK(target.refusal(pax({{"GNU.sparse.realsize", "-5"}, {"GNU.sparse.major", "1"}, {"GNU.sparse.minor", "0"}}, file("f", padded("0\n"))) + tar_end()) ==
        "cannot write 'f': Invalid argument (EINVAL)");
  const std::string far = target.refusal(pax({{"GNU.sparse.realsize", "9223372036854775807"}, {"GNU.sparse.major", "1"}, {"GNU.sparse.minor", "0"}},
                                             file("f", padded("1\n9000000000000000000\n4\n") + "data")) + tar_end());
  CHECK((far == "cannot write 'f': File too large (EFBIG)" || target.status("f")->st_size == INT64_MAX));  // tmpfs can
}

TEST_CASE("broken: what is no tar archive is called so") {
  const std::string no_archive =
      "it is no tar archive, plain or compressed with gzip, bzip2, xz, lzma, lzip, zstd, lz4 or compress";
  Target target;
  CHECK(target.refusal("") == no_archive);
  CHECK(target.refusal("short") == no_archive);
  CHECK(target.refusal(std::string("PK\3\4", 4) + std::string(1000, 'x')) == no_archive);
  CHECK(target.refusal(std::string("\x7f" "ELF") + std::string(1000, '\1')) == no_archive);
  CHECK(target.refusal(compressed("no archive", "gzip")) == no_archive);
  CHECK(target.refusal("!<arch>\ndebian-binary   1342943816  0     0     100644  4         `\n2.0\n") == no_archive);
  CHECK(target.names().empty());
}

TEST_CASE("broken: a folder is no archive") {
  Target target;
  const sys::Fd folder = sys::open(AT_FDCWD, target.path(), O_RDONLY | O_DIRECTORY);
  CHECK_THROWS_WITH_AS(layer::unpack(folder.get(), folder.get()), "it is a folder, no archive", Error);
}

TEST_CASE("broken: an archive that cannot be read") {
  Target target;
  const sys::Fd folder = sys::open(AT_FDCWD, target.path(), O_RDONLY | O_DIRECTORY);
  const sys::Fd unreadable = sys::open(AT_FDCWD, target.path() + "/x", O_WRONLY | O_CREAT, 0600);
  CHECK_THROWS_WITH_AS(layer::unpack(unreadable.get(), folder.get()), "it cannot be read: Bad file descriptor (EBADF)", Error);
}

TEST_CASE("broken: the message tells where") {
  Target target;
  const std::string whole = tar(file("first", "text")) + tar(file("second", std::string(2000, 'x')));
  CHECK(target.refusal(whole.substr(0, 2048)) == "it is damaged in 'second': Truncated tar archive");
  CHECK(target.refusal(whole.substr(0, 1100)) == "it is damaged after 'first': Truncated tar archive");
  std::string flipped = whole;
  flipped[1030] = '!';
  CHECK(target.refusal(flipped) == "it is damaged after 'first': Damaged tar archive");
  CHECK(target.refusal(tar(file("first")) + tar_header({.name = "x", .type = 'x'}, 600)).find("it is damaged after 'first': ") == 0);
  const std::string pressed = compressed(whole + tar_end(), "gzip");
  CHECK(target.refusal(pressed.substr(0, pressed.size() - 20)).find("truncated gzip input") != std::string::npos);
  CHECK(target.refusal(tar({.name = "x", .type = 'x', .data = "9 path=x"}) + archive({file("x")})) ==
        "it is damaged: Ignoring malformed pax extended attribute");
}

TEST_CASE("broken: cut anywhere, flipped anywhere, it ends in a message or in part of a tree") {
  const std::string whole = pax({{"path", "caf\xc3\xa9/file"}, {"SCHILY.xattr.user.a", "b"}}, file("x", "text")) + gnu_long('L', "long/name", file("x")) +
                            archive({folder("d"), soft_link("s", "d"), hard_link("h", "long/name"), fifo("p"), file("d/y", std::string(600, 'y'))});
  const auto survives = [](const std::string& bytes) {
    Target target;
    const std::string message = target.refusal(bytes);
    CHECK(message.size() < 500);
    CHECK(message.find('\n') == std::string::npos);
  };
  for (std::size_t size = 0; size < whole.size(); size += 512)
    for (const std::size_t odd : {0, 1, 511}) survives(whole.substr(0, size + odd));
  for (std::size_t at = 0; at < whole.size(); at += 61) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x55);
    if (at % 2) put_sum(bytes, at / 512 * 512);
    survives(bytes);
  }
  for (const char* filter : {"gzip", "bzip2", "xz", "lzma", "lzip", "zstd", "lz4", "compress"}) {
    const std::string pressed = compressed(whole, filter);
    for (std::size_t size = 1; size < pressed.size(); size += 1 + pressed.size() / 20) survives(pressed.substr(0, size));
    for (std::size_t at = 0; at < pressed.size(); at += 1 + pressed.size() / 20) {
      std::string bytes = pressed;
      bytes[at] = static_cast<char>(bytes[at] ^ 0x55);
      survives(bytes);
    }
  }
}
