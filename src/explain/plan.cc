#include "snug/explain/plan.hh"

#include <optional>

#include "lesson.hh"
#include "snug/base/text.hh"

namespace snug::explain {
namespace {

using plan::Actor;

constexpr std::size_t width = 96;
constexpr std::string_view indent = "      ";

std::string_view heading_of(Actor actor) {
  switch (actor) {
    case Actor::monitor: return "The monitor, outside";
    case Actor::init: return "Init, the first process inside";
    case Actor::payload: return "The payload, which becomes the command";
    case Actor::errand: return "An errand, which works on files and executes nothing";
  }
  return "";
}

// Lets the calls flow into lines. One that is longer than a line is broken between flags only.
std::string flow(const std::vector<std::string>& calls) {
  constexpr std::size_t room = width - indent.size();
  std::vector<std::string> rows;
  for (std::string call : calls) {
    if (!rows.empty() && rows.back().size() + 2 + call.size() <= room) {
      rows.back() += "  " + call;
      continue;
    }
    for (std::size_t cut = 0; call.size() > room && (cut = call.rfind('|', room - 1)) != std::string::npos;) {
      rows.push_back(call.substr(0, cut + 1));
      call = "  " + call.substr(cut + 1);
    }
    rows.push_back(std::move(call));
  }
  std::string text;
  for (const std::string& row : rows) text += format("{}{}\n", indent, row);
  return text;
}

std::string render_step(const plan::Plan& plan, std::size_t number, bool with_lesson) {
  const plan::Step& step = plan.steps[number];
  std::string text = format("{:3}  {}\n", number + 1, plan::describe(plan, step)) + flow(calls_of(plan, step));
  for (const std::string& detail : details_of(step.action)) text += format("{}| {}\n", indent, detail);
  if (!with_lesson) return text;
  const Lesson lesson = lesson_of(step);
  return text + format("{}# {}; see {}\n", indent, lesson.why, lesson.man);
}

}  // namespace

std::string render_plan(const plan::Plan& plan, const plan::Plan* unpack, std::string_view first) {
  std::string text;
  if (unpack) text = format("FIRST: {}.\n\n{}\nTHEN: the container.\n\n", first, render_plan(*unpack));
  std::optional<Actor> last_actor;
  Lesson last_lesson;
  for (std::size_t number = 0; number < plan.steps.size(); ++number) {
    const plan::Step& step = plan.steps[number];
    if (last_actor != step.actor) text += format("{}{}:\n", last_actor ? "\n" : "", heading_of(step.actor));
    // A dozen overlays in a row have one reason.
    const Lesson lesson = lesson_of(step);
    text += render_step(plan, number, lesson != last_lesson || last_actor != step.actor);
    last_actor = step.actor;
    last_lesson = lesson;
  }
  text += format("\nStandard input, output and error:\n    {}\n", describe_streams(plan));
  const auto list = [&](std::string_view heading, const std::vector<std::string>& sentences) {
    if (!sentences.empty()) text += format("\n{}:\n", heading);
    for (const std::string& sentence : sentences) text += format("    {}\n", sentence);
  };
  list("Opened by you", plan.opened);
  list("And then", plan.terms);
  return text;
}

std::string render_verbose_line(const plan::Plan& plan, std::size_t step, std::uint64_t nanoseconds) {
  return format("{:3} {:6} us  {}\n", step + 1, nanoseconds / 1000, plan::describe(plan, plan.steps.at(step)));
}

}  // namespace snug::explain
