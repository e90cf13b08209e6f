#include <doctest/doctest.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "mounts.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/plan/plan.hh"
#include "snug/sys/file.hh"
#include "snug/sys/mount.hh"

using namespace snug;
using namespace snug::runtime;

namespace {

namespace fs = std::filesystem;
constexpr int no_namespace = 77;

// Layers 0, 1, 2, … in a folder of their own, the topmost first; each has a file of its own and one that all have.
class Layers {
 public:
  explicit Layers(std::size_t count) {
    std::string pattern = std::string(std::getenv("HOME")) + "/layers.XXXXXX";
    if (!::mkdtemp(pattern.data())) throw std::runtime_error("mkdtemp " + pattern);
    path_ = pattern;
    for (std::size_t at = 0; at < count; ++at) {
      const std::string folder = format("{}/a:b,{}", path_, at);
      fs::create_directory(folder);
      write(folder + format("/own{}", at), "");
      write(folder + "/all", format("{}", at));
      step.lowers.push_back({folder, {}});
    }
  }
  ~Layers() { fs::remove_all(path_); }

  plan::MakeOverlay step;

 private:
  static void write(const std::string& path, const std::string& text) {
    static_cast<void>(sys::write_all(sys::open(AT_FDCWD, path, O_WRONLY | O_CREAT, 0644).get(), text));
  }
  std::string path_;
};

int in_namespaces(const std::function<int()>& work) {
  const pid_t pid = ::fork();
  if (pid == 0) {
    const std::string uids = format("0 {} 1", ::getuid()), gids = format("0 {} 1", ::getgid());
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0 || sys::write_file(AT_FDCWD, "/proc/self/setgroups", "deny") != 0 ||
        sys::write_file(AT_FDCWD, "/proc/self/uid_map", uids) != 0 || sys::write_file(AT_FDCWD, "/proc/self/gid_map", gids) != 0 ||
        sys::make_all_private() != 0)
      ::_exit(no_namespace);
    ::_exit(work());
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

// 0 where each layer is seen, and the topmost on top.
int look(const Layers& layers, int mount) {
  for (std::size_t at = 0; at < layers.step.lowers.size(); ++at)
    if (!sys::find_status(mount, format("own{}", at).c_str())) return 1;
  const sys::Fd file = sys::try_open(mount, "all", O_RDONLY);
  if (!file || sys::read_all(file.get()) != "0") return 2;
  return sys::try_open(mount, "new", O_WRONLY | O_CREAT, 0600) ? 3 : 0;
}

int mount_and_look(const Layers& layers, LowersBy way) {
  plan::Plan plan;
  plan.steps.push_back({plan::Actor::init, layers.step});
  plan.slots = 1;
  return in_namespaces([&] {
    Context context(plan);
    Report report;
    sys::Fd mount;
    const int error = make_overlay(context, layers.step, way, report, mount);
    return error ? 100 + error : look(layers, mount.get());
  });
}

}  // namespace

TEST_CASE("overlay: as many lowers as each way can take") {
  for (const auto& [count, way] : {std::pair{2U, LowersBy::one_option}, std::pair{13U, LowersBy::one_option}, std::pair{128U, LowersBy::many_options},
                                   std::pair{500U, LowersBy::many_options}, std::pair{2U, LowersBy::mount_call}, std::pair{128U, LowersBy::mount_call},
                                   std::pair{500U, LowersBy::mount_call}}) {
    CAPTURE(count);
    CAPTURE(static_cast<int>(way));
    const Layers layers(count);
    const int found = mount_and_look(layers, way);
    if (found == no_namespace || (found == 100 + EINVAL && way == LowersBy::many_options)) {
      MESSAGE("no user namespaces here, or no lowerdir+");
      continue;
    }
    CHECK(found == 0);
  }
}

TEST_CASE("overlay: past its room a way says so, and makes nothing") {
  const Layers layers(14);
  const int found = mount_and_look(layers, LowersBy::one_option);
  CHECK((found == 100 + E2BIG || found == no_namespace || found == 0));  // short numbers leave room for more
  CHECK(first_way(13) == LowersBy::one_option);
  CHECK(first_way(14) == LowersBy::many_options);
  const Layers many(40);
  const int error = mount_and_look(many, LowersBy::one_option);
  CHECK((error == 100 + E2BIG || error == no_namespace));
}

TEST_CASE("overlay: one lower alone is shown as it is, and cannot be written") {
  const Layers layers(1);
  const int found = mount_and_look(layers, LowersBy::one_option);
  CHECK((found == 0 || found == no_namespace));
}

TEST_CASE("overlay: more than overlayfs takes") {
  const Layers layers(501);
  plan::Plan plan;
  plan.steps.push_back({plan::Actor::init, layers.step});
  plan.slots = 1;
  Context context(plan);
  Report report;
  CHECK(apply(context, layers.step, report) == E2BIG);
}
