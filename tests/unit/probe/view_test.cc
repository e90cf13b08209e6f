#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "view.hh"

using namespace snug;
namespace fs = std::filesystem;

namespace {

/// Layers in the making: "a" lies above "b", "b" above "c".
class Layers {
 public:
  Layers() {
    for (const char* name : {"a", "b", "c"}) fs::create_directory(at(name));
  }
  ~Layers() { fs::remove_all(path_); }
  Layers(const Layers&) = delete;
  Layers& operator=(const Layers&) = delete;

  [[nodiscard]] std::string at(const std::string& name) const { return format("{}/{}", path_, name); }
  void file(const std::string& name, const std::string& text = "") const {
    fs::create_directories(fs::path(at(name)).parent_path());
    std::ofstream(at(name)) << (text.empty() ? name : text);
  }
  void folder(const std::string& name) const { fs::create_directories(at(name)); }
  void link(const std::string& name, const std::string& target) const {
    fs::create_directories(fs::path(at(name)).parent_path());
    fs::create_symlink(target, at(name));
  }
  void whiteout(const std::string& name) const {
    fs::create_directories(fs::path(at(name)).parent_path());
    REQUIRE(::mknod(at(name).c_str(), S_IFCHR | 0600, makedev(0, 0)) == 0);
  }
  void opaque(const std::string& name) const {
    fs::create_directories(at(name));
    REQUIRE(::setxattr(at(name).c_str(), "user.overlay.opaque", "y", 1, 0) == 0);
  }

  /// Gives what the file holds, or the errno's name.
  [[nodiscard]] std::string text(const std::string& path) const {
    const sys::Fd file = view().open(path, O_RDONLY);
    if (!file) return errno == ENOENT ? "ENOENT" : errno == ELOOP ? "ELOOP" : errno == ENOTDIR ? "ENOTDIR" : format("errno {}", errno);
    struct stat status {};
    if (::fstat(file.get(), &status) == 0 && S_ISDIR(status.st_mode)) return "a folder";
    return sys::read_all(file.get());
  }

 private:
  [[nodiscard]] probe::View view() const {
    std::vector<sys::Fd> roots;
    for (const char* name : {"a", "b", "c"}) roots.push_back(sys::open(AT_FDCWD, at(name), O_PATH | O_DIRECTORY));
    return probe::View(std::move(roots));
  }
  static std::string make() {
    std::string path = "/var/tmp/snug-view.XXXXXX";  // where user xattrs are sure to be kept
    REQUIRE(::mkdtemp(path.data()));
    return path;
  }
  std::string path_ = make();
};

}  // namespace

TEST_CASE("view: each name comes from the topmost layer that has it") {
  const Layers layers;
  layers.file("a/etc/passwd");
  layers.file("b/etc/passwd");
  layers.file("b/etc/group");
  layers.file("c/etc/shells");
  CHECK(layers.text("etc/passwd") == "a/etc/passwd");
  CHECK(layers.text("/etc/group") == "b/etc/group");
  CHECK(layers.text("etc/./shells") == "c/etc/shells");
  CHECK(layers.text("etc/none") == "ENOENT");
  CHECK(layers.text("/etc/") == "a folder");
  CHECK(layers.text("/") == "a folder");
  CHECK(layers.text("etc/passwd/x") == "ENOTDIR");
  CHECK(layers.text("../../etc/passwd") == "a/etc/passwd");
}

TEST_CASE("view: whiteouts, opaque folders and folders in the place of files hide what lies below") {
  const Layers layers;
  layers.file("c/gone");
  layers.whiteout("b/gone");
  layers.file("c/back");
  layers.whiteout("b/back");
  layers.file("a/back");
  layers.file("c/shut/old");
  layers.opaque("b/shut");
  layers.file("a/shut/new");
  layers.file("c/d/x");
  layers.file("b/d");
  layers.folder("a/d");
  layers.file("c/dir/x");
  layers.whiteout("b/dir");
  layers.folder("a/dir");
  CHECK(layers.text("gone") == "ENOENT");
  CHECK(layers.text("back") == "a/back");
  CHECK(layers.text("shut/old") == "ENOENT");
  CHECK(layers.text("shut/new") == "a/shut/new");
  CHECK(layers.text("d/x") == "ENOENT");
  CHECK(layers.text("dir/x") == "ENOENT");
}

TEST_CASE("view: links lead where they will lead inside, into other layers and not out") {
  const Layers layers;
  layers.link("c/bin", "usr/bin");
  layers.file("a/usr/bin/sh");
  layers.link("b/usr/bin/bash", "/bin/sh");
  layers.link("a/etc/passwd", "../../../../../../real/passwd");
  layers.file("c/real/passwd");
  layers.link("a/out", "/proc/self/root/etc/hostname");
  layers.link("a/one", "two");
  layers.link("b/two", "one");
  layers.link("a/here", ".");
  layers.link("a/up", "..");
  CHECK(layers.text("bin/sh") == "a/usr/bin/sh");
  CHECK(layers.text("bin/bash") == "a/usr/bin/sh");
  CHECK(layers.text("etc/passwd") == "c/real/passwd");
  CHECK(layers.text("out") == "ENOENT");
  CHECK(layers.text("one") == "ELOOP");
  CHECK(layers.text("here/here/up/up/real/passwd") == "c/real/passwd");
}

TEST_CASE("view: a folder of one name in the merged root has a way back, whatever its layers") {
  const Layers layers;
  layers.link("a/alias", "deep/er");
  layers.folder("b/deep/er");
  layers.file("c/deep/file");
  CHECK(layers.text("alias/../file") == "c/deep/file");
}
