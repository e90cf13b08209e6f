#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/layer/changes.hh"
#include "snug/layer/pack.hh"
#include "snug/sys/file.hh"
#include "unpacking.hh"

using namespace snug;
using namespace snug::test;

namespace {

using layer::Form;

Member mine(Member member) {
  member.uid = ::getuid();
  member.gid = ::getgid();
  return member;
}

// All kinds of files, with all that they can have.
std::string a_tree() {
  const std::string odd("\xff\n\x1b[31m", 7), far = std::string(90, 'n') + "/" + std::string(200, 'm');
  return pax({{"mtime", "1234567890.123456789"}}, mine({.name = "./", .type = '5', .mode = 0711})) + tar(mine({.name = "etc/", .type = '5', .mode = 0755})) +
         pax({{"SCHILY.xattr.user.note", std::string("a\0=\n", 4)}, {"mtime", "1500000000.5"}}, mine({.name = "etc/file", .data = "text", .mode = 0640})) +
         tar(mine({.name = "etc/tool", .data = std::string(3000, 'x'), .mode = 06755})) + tar(mine({.name = "etc/hard", .type = '1', .link = "etc/tool"})) +
         tar(mine({.name = "etc/link", .type = '2', .link = "../nowhere"})) + tar(mine({.name = "etc/link2", .type = '1', .link = "etc/link"})) +
         tar(mine({.name = "pipe", .type = '6', .mode = 0600})) + tar(mine({.name = "shut/", .type = '5', .mode = 01777})) +
         pax({{"path", far}, {"SCHILY.xattr.user.note", "x"}}, mine({.name = "x", .data = "far"})) + pax({{"linkpath", far}}, mine({.name = "y", .type = '2', .link = "x"})) +
         pax({{"path", odd}}, mine({.name = "x", .data = ""})) + tar_end();
}

void set_xattr(const Target& target, const std::string& name, const char* key, const std::string& value) {
  REQUIRE(::setxattr((target.path() + "/" + name).c_str(), key, value.data(), value.size(), 0) == 0);
}

int run(const std::string& command) { return std::system(command.c_str()); }

}  // namespace

TEST_CASE("pack: a tree comes back as it was") {
  Target first, second;
  first.unpack(a_tree());
  const std::string bytes = first.pack(Form::tree);
  CHECK(bytes.size() % 512 == 0);
  second.unpack(bytes);
  CHECK(first.listing() == second.listing());
  CHECK(second.pack(Form::tree) == bytes);
  CHECK(first.pack(Form::layer) == bytes);
}

TEST_CASE("pack: GNU tar reads what it wrote, and writes what snug reads") {
  Target first, second, third;
  first.unpack(a_tree());
  const std::string archive = first.outside() + ".tar", other = first.outside() + ".gnu.tar";
  std::ofstream(archive) << first.pack(Form::tree);
  REQUIRE(run("tar --xattrs --xattrs-include='*' -xpf '" + archive + "' -C '" + second.path() + "'") == 0);
  CHECK(first.listing() == second.listing());
  REQUIRE(run("tar --xattrs --xattrs-include='*' --format=pax --sort=name -cf '" + other + "' -C '" + first.path() + "' .") == 0);
  third.unpack_layer(sys::read_all(sys::open(AT_FDCWD, other, O_RDONLY).get()));
  CHECK(first.listing() == third.listing());
}

TEST_CASE("pack: a layer comes back with its marks") {
  Target first, second;
  first.unpack_layer(tar(mine({.name = "d/", .type = '5', .mode = 0755})) + tar({.name = "d/.wh..wh..opq"}) + tar(mine({.name = "d/x", .data = "text"})) +
                     tar({.name = "e/.wh.gone"}) + tar({.name = ".wh.gone"}) + tar_end());
  const std::string bytes = first.pack(Form::layer);
  CHECK(bytes.find(".wh..wh..opq") != std::string::npos);
  CHECK(bytes.find("SCHILY.xattr.user.overlay") == std::string::npos);
  const auto done = second.unpack_layer(bytes);
  CHECK(done.marks == 3);
  CHECK(done.devices == 0);
  CHECK(first.listing() == second.listing());
  // As a whole tree the same is no layer: marks of overlayfs have no meaning, and no place, there.
  const std::string whole = first.pack(Form::tree);
  CHECK(whole.find(".wh.") == std::string::npos);
}

TEST_CASE("pack: a name that would be a mark") {
  Target target;
  target.unpack(tar(mine({.name = "d/.wh.x", .data = "text"})) + tar_end());
  CHECK_THROWS_WITH_AS(static_cast<void>(target.pack(Form::layer)), "'d/.wh.x' cannot be in a layer, where such a name is a mark", Error);
  CHECK(target.pack(Form::tree).find("d/.wh.x") != std::string::npos);
}

TEST_CASE("pack: a name that nothing could unpack again") {
  Target target;
  const std::string part(250, 'd'), last(100, 'e');
  sys::Fd folder = sys::open(AT_FDCWD, target.path(), O_RDONLY | O_DIRECTORY);
  for (int level = 0; level < 16; ++level) {
    REQUIRE(::mkdirat(folder.get(), part.c_str(), 0755) == 0);
    folder = sys::open(folder.get(), part, O_RDONLY | O_DIRECTORY);
  }
  const auto check = [&](Form form) { CHECK_THROWS_WITH_AS(static_cast<void>(target.pack(form)), ("the name '" + std::string(100, 'd') + "'... is longer than 4095 bytes, and it could not be unpacked again: remove it, or give it another one").c_str(), Error); };
  static_cast<void>(sys::open(folder.get(), last, O_WRONLY | O_CREAT, 0644));
  check(Form::tree);
  REQUIRE(::unlinkat(folder.get(), last.c_str(), 0) == 0);
  REQUIRE(::mkdirat(folder.get(), last.c_str(), 0755) == 0);
  check(Form::layer);
  REQUIRE(run("rm -r '" + target.path() + "'/d*") == 0);  // the rest of the cleaning goes by whole paths
}

TEST_CASE("pack: what was made to mount on is left out of a layer, where it is empty") {
  Target first, second;
  for (const char* name : {"dev/", "etc/", "proc/", "run/", "sys/", "tmp/", "mnt/", "data/"}) first.unpack(tar(mine({.name = name, .type = '5', .mode = 0755})) + tar_end());
  for (const char* name : {"etc/hosts", "etc/resolv.conf", "etc/hostname", "etc/empty"}) first.unpack(tar(mine({.name = name})) + tar_end());
  second.unpack_layer(first.pack(Form::layer, {"data"}));
  CHECK(second.names() == std::vector<std::string>{"etc", "etc/empty", "mnt"});
  first.unpack(tar(mine({.name = "etc/hosts", .data = "127.0.0.1 me\n"})) + tar(mine({.name = "tmp/x"})) + tar_end());
  second.unpack_layer(first.pack(Form::layer, {"data"}));
  CHECK(second.text("etc/hosts") == "127.0.0.1 me\n");
  CHECK(second.status("tmp/x"));
  Target third;
  third.unpack(first.pack(Form::tree));
  CHECK(first.listing() == third.listing());
  first.unpack(tar(mine({.name = "data/in"})) + tar(mine({.name = "mnt/data/in"})) + tar_end());
  Target fourth;
  fourth.unpack_layer(first.pack(Form::layer, {"data/", "etc/"}));
  CHECK(fourth.names() == std::vector<std::string>{"mnt", "mnt/data", "mnt/data/in", "tmp", "tmp/x"});
}

TEST_CASE("pack: holes stay holes") {
  Target first, second, third;
  const sys::Fd file = sys::open(AT_FDCWD, first.path() + "/holes", O_RDWR | O_CREAT, 0644);
  constexpr std::int64_t size = std::int64_t{1} << 40U;
  REQUIRE(::ftruncate(file.get(), size) == 0);
  REQUIRE(sys::write_all_at(file.get(), "middle", size / 2) == 0);
  const std::string bytes = first.pack(Form::tree);
  CHECK(bytes.size() < 200000);
  second.unpack(bytes);
  CHECK(second.status("holes")->st_size == size);
  CHECK(second.status("holes")->st_blocks == first.status("holes")->st_blocks);
  std::string middle(6, '\0');
  CHECK(::pread(sys::open(AT_FDCWD, second.path() + "/holes", O_RDONLY).get(), middle.data(), middle.size(), size / 2) == 6);
  CHECK(middle == "middle");
  const std::string archive = first.outside() + ".tar";
  std::ofstream(archive) << bytes;
  REQUIRE(run("tar -xpf '" + archive + "' -C '" + third.path() + "'") == 0);
  CHECK(third.status("holes")->st_size == size);
}

TEST_CASE("pack: owners that were kept come back, where nobody has changed them") {
  Target first;
  first.unpack(tar(mine({.name = "tool", .data = "x", .mode = 0755})) + tar(mine({.name = "d/", .type = '5', .mode = 0700})) + tar(mine({.name = "other", .mode = 0711})) +
               tar(mine({.name = "wrong"})) + tar_end());
  set_xattr(first, "tool", "user.snug.owner", "33:42:4755");
  set_xattr(first, "d", "user.snug.owner", "2000000000:4");
  set_xattr(first, "other", "user.snug.owner", "33:42:4755");
  for (const char* value : {"1", "", "a:b", "1:2:3:4", "-1:0", "4294967295:0"}) {
    set_xattr(first, "wrong", "user.snug.owner", value);
    CHECK(!first.pack(Form::tree).empty());
  }
  const std::string archive = first.outside() + ".tar", list = first.outside() + ".txt";
  std::ofstream(archive) << first.pack(Form::layer);
  REQUIRE(run("tar --numeric-owner -tvf '" + archive + "' >'" + list + "'") == 0);
  const std::string text = sys::find_file_text(list.c_str()).value();
  const auto line_of = [&](std::string_view name) {
    for (const std::string_view line : lines(text))
      if (line.ends_with(name)) return std::string(line);
    return std::string();
  };
  CHECK(line_of(" tool").starts_with("-rwsr-xr-x 33/42 "));
  CHECK(line_of(" d/").starts_with("drwx------ 2000000000/4 "));
  CHECK(line_of(" other").starts_with("-rwx--x--x 33/42 "));  // its mode is another by now
  CHECK(line_of(" wrong").find(format(" {}/{} ", ::getuid(), ::getgid())) != std::string::npos);
  CHECK(first.pack(Form::tree).find("user.snug") == std::string::npos);
}

TEST_CASE("pack: what stands for a device is one in the archive") {
  Target target, second;
  target.unpack(tar(mine({.name = "disk", .data = "", .mode = 0660})) + tar(mine({.name = "null", .data = "", .mode = 0600})) + tar(mine({.name = "was", .data = "x", .mode = 0600})) + tar_end());
  set_xattr(target, "disk", "user.snug.owner", "0:6:60660:8:17");
  for (const char* name : {"null", "was"}) set_xattr(target, name, "user.snug.owner", "0:0:20666:1:3");
  const std::string archive = target.outside() + ".tar", list = target.outside() + ".txt";
  std::ofstream(archive) << target.pack(Form::tree);
  REQUIRE(run("tar --numeric-owner -tvf '" + archive + "' | tr -s ' ' >'" + list + "'") == 0);
  const std::string text = sys::find_file_text(list.c_str()).value();
  CHECK_MESSAGE(text.find("brw-rw---- 0/6 8,17 ") != std::string::npos, text);
  CHECK_MESSAGE(text.find("crw------- 0/0 1,3 ") != std::string::npos, text);
  CHECK_MESSAGE(text.find("-rw------- 0/0 1 ") != std::string::npos, text);  // somebody has written into it
  CHECK(second.unpack(target.pack(Form::tree)).devices == 2);
  CHECK(second.xattr("disk", "user.snug.owner") == "0:6:60660:8:17");
}

TEST_CASE("pack: a second name of what stands for a device is one when it comes back") {
  Target target, second;
  target.unpack(tar(mine({.name = "null", .data = "", .mode = 0600})) + tar(mine({.name = "zero", .type = '1', .link = "null"})) + tar_end());
  set_xattr(target, "null", "user.snug.owner", "0:0:20666:1:3");
  CHECK(second.unpack_layer(target.pack(Form::layer)).devices == 1);
  CHECK(second.status("null")->st_ino == second.status("zero")->st_ino);
  CHECK(second.xattr("zero", "user.snug.owner") == "0:0:20600:1:3");
}

TEST_CASE("pack: sockets are left out, pipes are not opened, links are not followed") {
  Target target, second;
  target.unpack(tar(mine({.name = "pipe", .type = '6', .mode = 0600})) + tar(mine({.name = "link", .type = '2', .link = target.outside()})) + tar_end());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = target.path() + "/s";
  REQUIRE(path.size() < sizeof address.sun_path);
  path.copy(address.sun_path, path.size());
  const sys::Fd socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  second.unpack(target.pack(Form::tree));
  CHECK(second.names() == std::vector<std::string>{"link", "pipe"});
  CHECK(second.link("link") == target.outside());
}

TEST_CASE("pack: whoever does not read on is told apart from a full disk") {
  Target target;
  target.unpack(a_tree());
  const sys::Fd folder = sys::open(AT_FDCWD, target.path(), O_RDONLY | O_DIRECTORY), full = sys::open(AT_FDCWD, "/dev/full", O_WRONLY);
  CHECK_THROWS_WITH_AS(static_cast<void>(layer::pack(folder.get(), full.get(), Form::tree)), "cannot write the archive: No space left on device (ENOSPC)", Error);
}

TEST_CASE("pack: layers go onto one another, and what one hides is gone") {
  Target below, above, both;
  below.unpack_layer(tar(mine({.name = "d/", .type = '5', .mode = 0755})) + tar(mine({.name = "d/old", .data = "old"})) + tar(mine({.name = "gone/", .type = '5', .mode = 0755})) +
                     tar(mine({.name = "gone/deep", .data = "x"})) + tar(mine({.name = "was/", .type = '5', .mode = 0755})) + tar(mine({.name = "was/in", .data = "x"})) +
                     tar(mine({.name = "tmp/", .type = '5', .mode = 01777})) + tar(mine({.name = "kept", .data = "kept"})) + tar_end());
  above.unpack_layer(tar(mine({.name = "d/", .type = '5', .mode = 0700})) + tar({.name = "d/.wh..wh..opq"}) + tar(mine({.name = "d/new", .data = "new"})) + tar({.name = ".wh.gone"}) +
                     tar(mine({.name = "was", .data = "a file"})) + tar_end());
  set_xattr(below, "d", "user.note", "old");
  set_xattr(below, "tmp", "user.note", "stays");
  static_cast<void>(both.unpack_pipe(below.pack(Form::onto), Form::onto));
  set_xattr(both, "d", "user.snug.owner", "2000000000:4");
  static_cast<void>(both.unpack_pipe(above.pack(Form::onto), Form::onto));
  CHECK(both.names() == std::vector<std::string>{"d", "d/new", "kept", "tmp", "was"});
  CHECK(both.mode("d") == (S_IFDIR | 0700U));
  CHECK(both.mode("tmp") == (S_IFDIR | 01777U));
  CHECK(both.text("was") == "a file");
  CHECK_FALSE(both.xattr("d", "user.snug.owner"));
  CHECK_FALSE(both.xattr("d", "user.note"));
  CHECK(both.xattr("tmp", "user.note") == "stays");
}

TEST_CASE("pack: the marks of fuse-overlayfs become those of a layer") {
  Target upper, layer;
  upper.unpack(tar(mine({.name = "d/", .type = '5', .mode = 0755})) + tar(mine({.name = "d/.wh..wh..opq"})) + tar(mine({.name = "d/new", .data = "new"})) + tar(mine({.name = ".wh.gone"})) + tar_end());
  REQUIRE(::mknod((upper.path() + "/d/.wh..opq").c_str(), S_IFCHR | 0700, 0) == 0);
  REQUIRE(::mknod((upper.path() + "/device").c_str(), S_IFCHR, 0) == 0);
  set_xattr(upper, "d/new", "user.fuseoverlayfs.origin", "x");
  const std::string bytes = upper.pack(Form::fuse_layer);
  CHECK(bytes.find("fuseoverlayfs") == std::string::npos);
  CHECK(layer.unpack_layer(bytes).marks == 3);
  CHECK(layer.names() == std::vector<std::string>{"d", "d/new", "device", "gone"});
  CHECK(layer.xattr("d", "user.overlay.opaque") == "y");
}

TEST_CASE("changes: a copy is held against all that the layers show, and has no marks") {
  Target below, above, copy;
  below.unpack(tar(mine({.name = "d/", .type = '5', .mode = 0755})) + tar(mine({.name = "d/one", .data = "1"})) + tar(mine({.name = "gone", .data = "x"})) +
               tar(mine({.name = "same", .data = "abc"})) + tar(mine({.name = "link", .type = '2', .link = "same"})) + tar_end());
  above.unpack_layer(tar(mine({.name = ".wh.gone"})) + tar(mine({.name = "d/", .type = '5', .mode = 0700})) + tar(mine({.name = "d/two", .data = "2"})) + tar_end());
  REQUIRE(run(format("cp -a {0}/. {2} && rm {2}/gone && cp -a {1}/d/. {2}/d", below.path(), above.path(), copy.path())) == 0);
  const auto changes = [&] {
    std::vector<std::string> lines;
    CHECK(layer::find_changes({.upper = copy.path(), .lowers = {above.path(), below.path()}, .copy = true}, {"made/for"},
                              [&](layer::Change change, const std::string& path) { lines.push_back(format("{} {}", static_cast<char>(change), path)); }));
    std::sort(lines.begin(), lines.end());
    return join(lines, ", ");
  };
  CHECK(changes() == "");
  REQUIRE(run(format("cd {} && printf xyz >same && ln -sf other link && rm d/one && mkdir -p made/for && : >.wh.d && echo back >gone", copy.path())) == 0);
  CHECK(changes() == "A .wh.d, A gone, C d, C link, C same, D d/one");
}
