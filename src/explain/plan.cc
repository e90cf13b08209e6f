#include "snug/explain/plan.hh"

#include <nlohmann/json.hpp>

#include "lesson.hh"
#include "snug/base/text.hh"

namespace snug::explain {
namespace {

using plan::Actor;

std::string_view name_of(Actor actor) {
  switch (actor) {
    case Actor::monitor: return "monitor";
    case Actor::init: return "init";
    case Actor::payload: return "payload";
  }
  return "";
}

std::string_view heading_of(Actor actor) {
  switch (actor) {
    case Actor::monitor: return "The monitor, outside";
    case Actor::init: return "pid 1, as root of the new user namespace";
    case Actor::payload: return "The payload, which becomes the command";
  }
  return "";
}

std::string render_step(const plan::Plan& plan, std::size_t number) {
  const plan::Step& step = plan.steps[number];
  const Lesson lesson = lesson_of(step.action);
  std::string text = format("{:3} {}\n", number + 1, plan::describe(plan, step));
  for (const std::string& call : calls_of(step.action)) text += format("      {}\n", call);
  for (const std::string& detail : details_of(step.action)) text += format("      | {}\n", detail);
  return text + format("      # {}; {}\n", lesson.why, lesson.man);
}

}  // namespace

std::string render_plan(const plan::Plan& plan) {
  std::string text;
  const Actor* last = nullptr;
  for (std::size_t number = 0; number < plan.steps.size(); ++number) {
    const Actor& actor = plan.steps[number].actor;
    if (!last || *last != actor) text += format("{}{}:\n", last ? "\n" : "", heading_of(actor));
    text += render_step(plan, number);
    last = &actor;
  }
  if (!plan.opened.empty()) text += "\nOpened by you:\n";
  for (const std::string& door : plan.opened) text += format("    {}\n", door);
  return text;
}

std::string render_plan_json(const plan::Plan& plan) {
  using Json = nlohmann::ordered_json;
  Json out;
  out["version"] = 1;
  out["terminal"] = plan.terminal;
  out["init"] = plan.init;
  out["steps"] = Json::array();
  for (const plan::Step& step : plan.steps) {
    const Lesson lesson = lesson_of(step.action);
    Json entry{{"actor", name_of(step.actor)}, {"step", lesson.name}, {"does", plan::describe(plan, step)},
               {"calls", calls_of(step.action)}, {"why", lesson.why}, {"man", lesson.man}};
    if (const auto details = details_of(step.action); !details.empty()) entry["details"] = details;
    out["steps"].push_back(std::move(entry));
  }
  out["notices"] = Json::array();
  for (const plan::Notice& notice : plan.notices)
    out["notices"].push_back({{"wall", notice.wall}, {"text", notice.text}, {"remedy", notice.remedy}});
  out["opened"] = plan.opened;
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string render_verbose_line(const plan::Plan& plan, std::size_t step, std::uint64_t nanoseconds) {
  return format("{:3} {:6} us  {}\n", step + 1, nanoseconds / 1000, plan::describe(plan, plan.steps.at(step)));
}

}  // namespace snug::explain
