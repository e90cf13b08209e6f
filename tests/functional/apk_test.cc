#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "harness.hh"
#include "helper.hh"

using namespace snug::test;

// Alpine's package manager with one id. Debian has no apk; what is called is what its versions 2 and 3 call.
namespace {

Result add_package(const std::string& rung, const std::vector<std::string>& words) {
  std::vector<std::string> all{program(), "run", "--userns", "single", "--emulate-root", rung, "-v", helper("installer") + ":/installer:ro", small_root(), "/installer"};
  all.insert(all.end(), words.begin(), words.end());
  return run(all);
}

const std::string files_of_root =
    "before 1.0-r0\nafter\n0:0\nat the end\n"
    "spool 41777 0:0\ndata 40700 0:0\nshared 42770 0:0\ndata/base 100600 0:0\nsu 104755 0:0\nexpiry 102755 0:0\ntheir-su 104711 0:0 x2\n"
    "secret 100440 0:0\nping 100755 0:0 capable\nlink 120777 0:0\nhard 104711 0:0 x2\npipe 10620 0:0\n";

// Links and pipes remember nothing.
const std::string files_of_others =
    "before 1.0-r0\nafter\n70:42\nat the end\n"
    "spool 41777 0:0\ndata 40700 70:70\nshared 42770 70:42\ndata/base 100600 70:70\nsu 104755 0:0\nexpiry 102755 0:42\ntheir-su 104711 70:42 x2\n"
    "secret 100440 70:42\nping 100755 70:70 capable\nlink 120777 0:0\nhard 104711 70:42 x2\npipe 10620 0:0\n";

}  // namespace

TEST_SUITE_BEGIN("any");

TEST_CASE("root with one id: what apk asks of the kernel is answered") {
  for (const char* scripts : {"files", "memory"}) {  // versions 2, and 3
    CAPTURE(scripts);
    const Result told = add_package("static", {scripts});
    CHECK(told.code == 0);
    CHECK_MESSAGE(told.out == files_of_root, told.err);
    const Result kept = add_package("remembered", {scripts, "devices"});
    CHECK(kept.code == 0);
    CHECK_MESSAGE(kept.out == files_of_others + "null 20666 0:0 1:3\ndisk 60660 0:6 8:1\n", kept.err);
  }
  CHECK(has(add_package("off", {"memory"}).out, "refused: fchownat srv/data: EINVAL\n"));
}

TEST_SUITE_END();
