#include "snug/runtime/errand.hh"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/plan/plan.hh"
#include "snug/plan/visit.hh"
#include "snug/sys/file.hh"
#include "snug/sys/process.hh"
#include "snug/sys/restraint.hh"

using namespace snug;
using namespace snug::runtime;

namespace {

namespace fs = std::filesystem;

// Folders "in", which is written into, and "beside", each with a file.
struct Places {
  Places() {
    std::string pattern = std::string(std::getenv("HOME")) + "/places.XXXXXX";
    if (!::mkdtemp(pattern.data())) throw std::runtime_error("mkdtemp " + pattern);
    path = pattern;
    for (const char* name : {"/in", "/beside"}) {
      fs::create_directory(path + name);
      static_cast<void>(sys::open(AT_FDCWD, path + name + "/file", O_WRONLY | O_CREAT, 0600));
    }
  }
  ~Places() { fs::remove_all(path); }
  std::string path;
};

std::string repeated(int count, const std::string& line) {
  std::string lines;
  for (int at = 0; at < count; ++at) lines += line;
  return lines;
}

std::string outcome(bool done) { return done ? "done\n" : errno_text(errno) + "\n"; }

constexpr int making = O_WRONLY | O_CREAT | O_EXCL;
const std::string done = "done\n", refused = errno_text(EACCES) + "\n", forbidden = errno_text(EPERM) + "\n";

// Outside, among the files of who runs this.
plan::Plan outside(plan::ErrandWork work) {
  plan::HostFacts facts;
  facts.landlock = sys::landlock_abi();
  rlimit core{};
  REQUIRE(::getrlimit(RLIMIT_CORE, &core) == 0);
  facts.core_hard = core.rlim_max;
  return plan::make_errand_plan(work, facts, nullptr);
}

bool lacks_landlock() { return !plan::landlock_of(sys::landlock_abi(), true, true); }

}  // namespace

TEST_CASE("errand: who writes makes what it makes below its folder, and neither writes nor reads anything else" * doctest::skip(lacks_landlock())) {
  const Places places;
  const std::string in = places.path + "/in", beside = places.path + "/beside";
  const sys::FdPair stream = sys::make_pipe();
  const sys::Fd open_beside = sys::open(AT_FDCWD, beside, O_RDONLY | O_DIRECTORY);
  const plan::Plan writing = outside(plan::ErrandWork::write);
  Errand errand(writing, {.stream = stream.first.get()}, [&](const Errand::Confine& confine) {
    const sys::Fd folder = sys::open(AT_FDCWD, in, O_PATH | O_DIRECTORY);
    confine(folder.get());
    std::string told;
    const auto tell = [&](bool is_done) { told += outcome(is_done); };
    const auto opens = [&](const std::string& path, int flags) { return bool(sys::try_open(AT_FDCWD, path.c_str(), flags, 0600)); };
    tell(opens(in + "/new", making));
    tell(::mkdir((in + "/sub").c_str(), 0700) == 0);
    tell(::link((in + "/new").c_str(), (in + "/sub/linked").c_str()) == 0);
    tell(::rename((in + "/new").c_str(), (in + "/file").c_str()) == 0);
    tell(::symlink("x", (in + "/link").c_str()) == 0);
    tell(opens(in, O_RDONLY | O_DIRECTORY));
    told += "-\n";
    tell(opens(in + "/file", O_RDONLY));
    tell(opens(beside + "/new", making));
    tell(opens(beside + "/file", O_WRONLY));
    tell(opens("/etc/passwd", O_RDONLY));
    tell(::mkdir((beside + "/sub").c_str(), 0700) == 0);
    tell(::unlink((beside + "/file").c_str()) == 0);
    tell(::rename((beside + "/file").c_str(), (in + "/taken").c_str()) == 0);
    tell(::mkfifo((in + "/fifo").c_str(), 0600) == 0);
    told += "-\n";
    tell(::unshare(CLONE_NEWUSER) == 0);
    tell(::socket(AF_UNIX, SOCK_STREAM, 0) >= 0);
    tell(::kill(::getppid(), 0) == 0);
    tell(::fcntl(open_beside.get(), F_GETFD) >= 0);
    return told;
  });
  const std::string told = errand.finish();
  const std::vector<std::string> parts{repeated(6, done), repeated(8, refused), repeated(3, forbidden) + errno_text(EBADF) + "\n"};
  CHECK(told == join(parts, "-\n"));
  CHECK(fs::exists(beside + "/file"));
}

TEST_CASE("errand: who writes nowhere yet can open nothing once it is confined" * doctest::skip(lacks_landlock())) {
  const sys::FdPair stream = sys::make_pipe();
  const plan::Plan writing = outside(plan::ErrandWork::write);
  Errand errand(writing, {.stream = stream.first.get()}, [&](const Errand::Confine& confine) {
    confine(-1);
    return outcome(bool(sys::try_open(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY)));
  });
  CHECK(errand.finish() == refused);
}

TEST_CASE("errand: who reads writes nothing" * doctest::skip(lacks_landlock())) {
  const Places places;
  const std::string in = places.path + "/in";
  const sys::FdPair stream = sys::make_pipe();
  const plan::Plan reading = outside(plan::ErrandWork::read);
  Errand errand(reading, {.stream = stream.second.get()}, [&](const Errand::Confine&) {
    std::string told = outcome(bool(sys::try_open(AT_FDCWD, (in + "/file").c_str(), O_RDONLY)));
    told += outcome(bool(sys::try_open(AT_FDCWD, (in + "/file").c_str(), O_WRONLY)));
    told += outcome(bool(sys::try_open(AT_FDCWD, (in + "/new").c_str(), making, 0600)));
    told += outcome(::mkdir((in + "/sub").c_str(), 0700) == 0);
    told += outcome(::unlink((in + "/file").c_str()) == 0);
    told += outcome(::unshare(CLONE_NEWUSER) == 0);
    return told + outcome(::socket(AF_INET, SOCK_STREAM, 0) >= 0);
  });
  CHECK(errand.finish() == done + repeated(4, refused) + repeated(2, forbidden));
}

TEST_CASE("errand: all steps of its plan are told of when it has ended, in their order" * doctest::skip(lacks_landlock())) {
  const Places places;
  for (const plan::ErrandWork work : {plan::ErrandWork::read, plan::ErrandWork::write}) {
    const plan::Plan plan = outside(work);
    std::vector<std::size_t> told, all;
    for (std::size_t at = 0; at < plan.steps.size(); ++at) all.push_back(at);
    Errand errand(plan, {.step_done = [&](std::size_t step, std::uint64_t) { told.push_back(step); }}, [&](const Errand::Confine& confine) {
      if (work == plan::ErrandWork::write) confine(sys::open(AT_FDCWD, places.path, O_PATH | O_DIRECTORY).get());
      return std::string("1 2\0", 4);
    });
    CHECK(told.empty());
    CHECK(errand.finish() == std::string("1 2\0", 4));
    CHECK(told == all);
  }
}

TEST_CASE("errand: a step that cannot be done ends it before its work, and is told by name") {
  plan::Plan plan;
  plan.steps.push_back({plan::Actor::errand, plan::NoNewPrivileges{}});
  plan.steps.push_back({plan::Actor::errand, plan::LoadFilter{"broken", {0xffffffffffffffff}}});
  Errand errand(plan, {}, [&](const Errand::Confine&) { return std::string("worked"); });
  try {
    static_cast<void>(errand.finish());
    FAIL("it worked");
  } catch (const Error& error) {
    CHECK(error.message() == "cannot load the filter of system calls 'broken': " + errno_text(EINVAL));
    CHECK(error.contexts() == std::vector<std::string>{"shutting in who works on the files outside"});
  }
  StepFailure seen;
  Errand told(plan, {.failed = [&](const plan::Plan&, const StepFailure& failure) { return seen = failure, Error("mine"); }}, [&](const Errand::Confine&) { return std::string(); });
  CHECK_THROWS_AS(static_cast<void>(told.finish()), Error);
  CHECK(seen.step == 1);
  CHECK(seen.error == EINVAL);
}

TEST_CASE("errand: a namespace that is another by now is not entered") {
  plan::Plan plan;
  plan.steps.push_back({plan::Actor::errand, plan::EnterNamespaces{{{"mnt", "/proc/self/ns/mnt", 1}}}});
  StepFailure seen;
  const auto failed = [&](const plan::Plan&, const StepFailure& failure) { return seen = failure, Error("mine"); };
  CHECK_THROWS_AS(Errand(plan, {.failed = failed}, [&](const Errand::Confine&) { return std::string(); }), Error);
  CHECK(seen.error == ESTALE);
  CHECK(seen.reason == "/proc/self/ns/mnt");
}
