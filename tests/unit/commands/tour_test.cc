#include "tour_exercises.hh"

#include <doctest/doctest.h>

#include <map>
#include <string>

#include "snug/base/text.hh"

using namespace snug;
using namespace snug::commands;

namespace {

bool shows(std::size_t at, std::string_view text, bool has_ranges = false) {
  return tour_exercises()[at].shows(lines(text), {.uid = 1000, .has_ranges = has_ranges});
}

}  // namespace

TEST_CASE("there are ten exercises, and no check is content with nothing or with a failure") {
  const auto exercises = tour_exercises();
  CHECK(exercises.size() == 10);
  for (std::size_t at = 0; at < exercises.size(); ++at) {
    for (const char* text : {"", "\n", "sh: 1: not found\n", "snug: cannot do it\n  hint:  do something else\n"}) CHECK_MESSAGE(!shows(at, text), exercises[at].title << ": " << text);
    for (const std::string_view part : {exercises[at].title, exercises[at].story, exercises[at].command, exercises[at].look, exercises[at].lesson}) CHECK(!part.empty());
  }
}

TEST_CASE("checks tell what is to be seen from what is nearly that") {
  CHECK(shows(0, "root\ndate: cannot set date: Operation not permitted\n"));
  CHECK(!shows(0, "me\ndate: cannot set date: Operation not permitted\n"));
  CHECK(shows(2, "NSpid:\t4242\t1\n"));
  CHECK(!shows(2, "NSpid:\t4242\n"));
  CHECK(shows(3, "6.1 #1\n6.1 #1\n"));
  CHECK(!shows(3, "6.1 #1\n6.2 #1\n"));
  CHECK(!shows(4, "net:[1]\nnet:[1]\n"));
  CHECK(!shows(5, "    lo: 0\n  eth0: 0\n"));
  CHECK(!shows(6, "ls: /etc/passwd: No such file or directory\n"));
  CHECK(shows(8, "         0       1000          1\n"));
  CHECK(!shows(8, "         0       1001          1\n"));
  CHECK(!shows(8, "         0       1000          1\n", true));
  CHECK(shows(8, "         0       1000          1\n         1     100000      65536\n", true));
}
