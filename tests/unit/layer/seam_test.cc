#include "snug/layer/seam.hh"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "snug/base/owner_mark.hh"
#include "snug/sys/file.hh"
#include "unpacking.hh"

using namespace snug;
using namespace snug::test;

namespace {

using Names = std::set<std::string>;

Member file(const std::string& name) { return {.name = name, .data = "new"}; }
Member folder(const std::string& name, unsigned mode = 0755, std::time_t time = 1000) { return {.name = name, .type = '5', .mode = mode, .time = time}; }

std::string archive(const std::vector<Member>& members) {
  std::string bytes;
  for (const Member& member : members) bytes += tar(member);
  return bytes + tar_end();
}

/// Layers, the lowest first, and what goes on top of them.
struct Stack {
  std::vector<Target> targets;
  std::vector<layer::Accounted> layers;
  Target seam;
  bool made = false;

  explicit Stack(const std::vector<std::vector<Member>>& all) : targets(all.size()) {
    for (std::size_t at = 0; at < all.size(); ++at) {
      const auto done = targets[at].unpack_layer(archive(all[at]));
      layers.insert(layers.begin(), {targets[at].path(), {done.names, done.implied}});
    }
    const sys::Fd fd = sys::open(AT_FDCWD, seam.path(), O_RDONLY | O_DIRECTORY);
    made = layer::make_seam(layers, fd.get());
    CHECK((!made || layer::may_need_seam(layers)));
  }
  [[nodiscard]] unsigned mode(const std::string& name) const { return seam.mode(name) & 07777U; }
};

}  // namespace

TEST_CASE("seam: a layer's account has what no entry speaks of, and how many names there are") {
  Target target;
  const auto done = target.unpack_layer(archive({file("a/b/x"), folder("c"), file("c/y"), file("d/e"), folder("d"), file("d/e"), file(".wh.gone"), file("gone/z")}));
  CHECK(done.implied == Names{"", "a", "a/b", "gone"});
  CHECK(done.names == target.names().size());
  const auto account = layer::parse_account(layer::render_account(done));
  REQUIRE(account);
  CHECK(account->implied == done.implied);
  CHECK(account->names == done.names);
  CHECK(target.unpack_layer(archive({folder("./")})).implied.empty());
  for (const char* bad : {"", "names", "names x\n", "names 3\n../x", "names 3\na/../b"}) CHECK_MESSAGE(!layer::parse_account(bad), bad);
  for (const char* name : {"../x", "/x", "a//b", "x/.."}) CHECK_FALSE(layer::parse_account("names 3\n" + std::string(name) + '\0'));
}

TEST_CASE("seam: what a lower layer says of a folder comes to the top, with those on the way") {
  const Stack stack({{folder("tmp", 01777, 5), folder("a", 0750, 6), folder("a/b", 0700, 7), folder("a/c", 0711)}, {file("tmp/x"), folder("a", 0500, 8), file("a/b/x")}, {file("a/c/y")}});
  REQUIRE(stack.made);
  CHECK(stack.seam.names() == std::vector<std::string>{"a", "a/b", "a/c", "tmp"});
  CHECK(stack.mode("tmp") == 01777);
  CHECK(stack.mode("a") == 0500);
  CHECK(stack.mode("a/b") == 0700);
  CHECK(stack.mode("a/c") == 0711);
  CHECK(stack.seam.status("tmp")->st_mtim.tv_sec == 5);
  CHECK(stack.seam.status("a")->st_mtim.tv_sec == 8);
}

TEST_CASE("seam: none where the topmost speaks, where nobody does, and where a layer hides the others") {
  CHECK_FALSE(Stack({{folder("a", 0700)}, {folder("a", 0711), file("a/x")}}).made);
  CHECK_FALSE(Stack({{file("a/x")}, {file("a/y")}}).made);
  Member root = folder("./", 0755, 7);
  root.uid = ::geteuid(), root.gid = ::getegid();
  CHECK_FALSE(Stack({{root}, {file("y")}}).made);
  CHECK_FALSE(Stack({{folder("a", 0700)}, {file(".wh.a")}, {file("a/y")}}).made);
  CHECK_FALSE(Stack({{folder("a", 0700)}, {file("a")}, {file("a/y")}}).made);
  CHECK_FALSE(Stack({{folder("a", 0700)}, {file("a/y")}, {file("a")}}).made);
  CHECK_FALSE(Stack({{folder("a", 0700)}, {file("a/y")}, {file(".wh.a")}}).made);
  CHECK_FALSE(Stack({{folder("a", 0700), folder("a/b", 0700)}, {folder("a"), file("a/.wh..wh..opq"), file("a/b/y")}}).made);
  CHECK_FALSE(Stack({{{.name = "a", .type = '2', .link = "/etc"}}, {file("a/y")}}).made);
}

TEST_CASE("seam: of the root, too, and a hidden name stays hidden") {
  const Stack stack({{folder("./", 0711), folder("a", 0700), folder("b", 0700)}, {file("a/x"), file("b/x")}, {file(".wh.b")}});
  REQUIRE(stack.made);
  CHECK(stack.seam.names() == std::vector<std::string>{"a"});
  CHECK(stack.mode("") == 0711);
}

TEST_CASE("seam: owners that were kept go along") {
  const Stack stack({{{.name = "a", .type = '5', .mode = 0700, .uid = 4000000000U}}, {file("a/x")}});
  REQUIRE(stack.made);
  if (::geteuid() != 0) CHECK(stack.seam.xattr("a", owner_xattr) == stack.targets[0].xattr("a", owner_xattr));
}
