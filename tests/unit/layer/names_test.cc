#include <doctest/doctest.h>

#include "name.hh"
#include "snug/base/error.hh"
#include "unpacking.hh"

using namespace snug;
using namespace snug::test;
using layer::clean_name;

TEST_CASE("names: what does not matter is taken out") {
  CHECK(clean_name("a/b") == "a/b");
  CHECK(clean_name("./a//b/./c/") == "a/b/c");
  CHECK(clean_name("/etc/passwd") == "etc/passwd");
  CHECK(clean_name("///") == "");
  CHECK(clean_name(".") == "");
  CHECK(clean_name("...") == "...");
  CHECK(clean_name("..a/b..") == "..a/b..");
}

TEST_CASE("names: what leads out, and what no kernel takes, is refused by name") {
  for (const char* name : {"..", "../x", "a/../b", "a/..", "/..", "./../x"}) {
    CHECK_THROWS_WITH_AS(static_cast<void>(clean_name(name)), format("'{}' has '..' in its name", name).c_str(), Error);
  }
  CHECK_THROWS_AS(static_cast<void>(clean_name("")), Error);
  CHECK(clean_name(std::string(255, 'a')).size() == 255);
  CHECK_THROWS_AS(static_cast<void>(clean_name("x/" + std::string(256, 'a'))), Error);
  std::string longest;
  while (longest.size() < 4094) longest += "a/";
  CHECK(clean_name(longest + "a").size() == 4095);
  CHECK_THROWS_AS(static_cast<void>(clean_name(longest + "aa")), Error);
}

TEST_CASE("names: a message shows the front of a long one, and nothing that a terminal acts on") {
  CHECK(layer::shown("a\x1b[2Jb\nc") == "'a\\x1b[2Jb\\nc'");
  CHECK(layer::shown(std::string(5000, 'a')) == "'" + std::string(100, 'a') + "'...");
}

// No name is converted: these are the bytes that the archive has, whichever way it writes them.
TEST_CASE("names: bytes stay as they are") {
  const std::string composed = "caf\xc3\xa9", decomposed = "cafe\xcc\x81", latin = "caf\xe9", broken = "\xff\xfe\xc3(", odd = " \n\x1b[31m\t\\'\"*";
  for (const std::string& name : {composed, decomposed, latin, broken, odd, std::string("\xf0\x9f\x8d\xba"), std::string("\xed\xa0\xbd\xed\xb8\x80")}) {
    CAPTURE(name);
    const std::string folder = name + ".d", link = name + ".l", hard = name + ".h";
    const auto check = [&](const Target& target) {
      CHECK(target.text(name) == "text");
      CHECK(target.text(folder + "/" + name) == "below");
      CHECK(target.link(link) == name);
      CHECK(target.status(hard)->st_nlink == 2);
      CHECK(target.names().size() == 5);
    };
    Target old, plain, gnu, with_pax;
    old.unpack(tar({.name = name, .data = "text", .magic = ""}) + tar({.name = folder + "/" + name, .data = "below", .magic = ""}) +
               tar({.name = link, .type = '2', .link = name, .magic = ""}) + tar({.name = hard, .type = '1', .link = name, .magic = ""}) + tar_end());
    check(old);
    plain.unpack(tar({.name = name, .data = "text"}) + tar({.name = name, .data = "below", .prefix = folder}) +
                 tar({.name = link, .type = '2', .link = name}) + tar({.name = hard, .type = '1', .link = name}) + tar_end());
    check(plain);
    gnu.unpack(gnu_long('L', name, {.name = "x", .data = "text"}) + gnu_long('L', folder + "/" + name, {.name = "x", .data = "below"}) +
               gnu_long('K', name, {.name = link, .type = '2', .link = "x"}) + gnu_long('K', name, {.name = hard, .type = '1', .link = "x"}) + tar_end());
    check(gnu);
    with_pax.unpack(pax({{"path", name}}, {.name = "x", .data = "text"}) + pax({{"path", folder + "/" + name}}, {.name = "x", .data = "below"}) +
                    pax({{"linkpath", name}}, {.name = link, .type = '2', .link = "x"}) +
                    pax({{"linkpath", name}, {"hdrcharset", "BINARY"}}, {.name = hard, .type = '1', .link = "x"}) + tar_end());
    check(with_pax);
  }
}

TEST_CASE("names: a slash at the end makes a folder of what calls itself a file") {
  for (const std::string name : {"folder", "caf\xc3\xa9"}) {
    Target target;
    target.unpack(tar({.name = name + "/", .mode = 0755}) + pax({{"path", name + "/below/"}}, {.name = "x", .mode = 0700}) +
                  pax({{"path", name + "/link/"}}, {.name = "x", .type = '2', .link = "y"}) + tar_end());
    CHECK(target.mode(name + "/below") == (S_IFDIR | 0700));
    CHECK(target.mode(name) == (S_IFDIR | 0755));
    CHECK(target.link(name + "/link") == "y");
  }
}

TEST_CASE("names: long ones in every dialect") {
  const std::string part(200, 'n'), name = part + "/" + part + "/" + part;
  for (const std::string& bytes : {gnu_long('L', name, {.name = "x", .data = "text"}), pax({{"path", name}}, {.name = "x", .data = "text"})}) {
    Target target;
    target.unpack(bytes + tar_end());
    CHECK(target.text(name) == "text");
  }
  Target target;
  const std::string folder(60, 'f'), file(90, 'f');
  target.unpack(tar({.name = file, .data = "text", .prefix = folder + "/" + folder}) + tar_end());
  CHECK(target.text(folder + "/" + folder + "/" + file) == "text");
}

TEST_CASE("names: two hundred folders deep") {
  Target target;
  std::string bytes, path;
  for (int level = 0; level < 200; ++level) bytes += pax({{"path", path += "folder/"}}, {.name = "x", .type = '5', .mode = 0700, .time = level});
  const auto done = target.unpack(bytes + pax({{"path", path + "file"}}, {.name = "x", .data = "text"}) + tar_end());
  CHECK(done.entries == 201);
  CHECK(target.text(path + "file") == "text");
  CHECK(target.status(path)->st_mtim.tv_sec == 199);
}

TEST_CASE("names: a NUL ends one, and nothing behind it counts") {
  using namespace std::string_literals;
  Target target;
  target.unpack(pax({{"path", "good\0/../../outside/bad"s}}, {.name = "x", .data = "text"}) + tar_end());
  CHECK(target.names() == std::vector<std::string>{"good"});
  CHECK(target.canary_lives());
}

TEST_CASE("names: marks of layers mean nothing here") {
  Target target;
  target.unpack(tar({.name = "folder/file", .data = "text"}) + tar({.name = "folder/.wh.file"}) + tar({.name = "folder/.wh..wh..opq"}) +
                tar({.name = ".wh."}) + tar_end());
  CHECK(target.text("folder/file") == "text");
  CHECK(target.names() == std::vector<std::string>{".wh.", "folder", "folder/.wh..wh..opq", "folder/.wh.file", "folder/file"});
}
