#include "script.hh"

#include <doctest/doctest.h>

#include "every_step.hh"
#include "golden.hh"
#include "snug/explain/plan.hh"

using namespace snug;
using namespace snug::plan;
using namespace snug::test;

TEST_CASE("a script with every step is written as the golden file has it") {
  const std::string text = explain::render_script(every_step(), "/home/me/it's here");
  const std::string left = difference(text, golden("plan-every-step.sh", text));
  CHECK_MESSAGE(left.empty(), left);
}

TEST_CASE("each step is done in a script, or it says that it is not") {
  const Plan plan = every_step();
  for (const Step& step : plan.steps) {
    const explain::ScriptStep script = explain::script_of(plan, step);
    CHECK_MESSAGE((!script.lines.empty() || !script.lacks.empty()), describe(plan, step));
    for (const std::string& lack : script.lacks) CHECK_MESSAGE(lack.find('\n') == std::string::npos, lack);
  }
}

TEST_CASE("words mean the same bytes to a shell, and nothing to a terminal") {
  CHECK(explain::script_word("plain") == "plain");
  CHECK(explain::script_word("") == "''");
  CHECK(explain::script_word("a'b $(c)") == "'a'\\''b $(c)'");
  CHECK(explain::script_word("a\x1b[31m\nb") == "a\"$(printf '\\033')\"'[31m\nb'");
  CHECK(explain::script_word("\xff\xc3\xa4") == "\"$(printf '\\377')\"'\xc3\xa4'");
}

TEST_CASE("what a name says cannot end a comment or a document of the script") {
  Plan plan;
  plan.slots = 1;
  plan.steps = {{Actor::init, BecomeUser{{0}, {0}, {}}},
                {Actor::init, MakeFiles{{{0, "hosts", "a\nEND\nrm -rf /\nEND_END\n"}}}},
                {Actor::payload, ChangeFolder{"/a\nrm -rf /"}}};
  const std::string text = explain::render_script(plan, "/s");
  CHECK(text.find("<<'END_END_END'") != std::string::npos);
  CHECK(text.find("# 3. change to the folder '/a\\nrm -rf /'") != std::string::npos);
}
