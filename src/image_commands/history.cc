#include <algorithm>
#include <ctime>

#include "functions.hh"
#include "snug/base/json.hh"
#include "snug/base/template.hh"
#include "snug/base/text.hh"
#include "snug/base/time.hh"
#include "snug/commands/output.hh"
#include "store_of.hh"

namespace snug::image_commands {
namespace {

/// A step with the layer that it made, if it made one.
struct Step {
  image::History said;
  std::optional<image::Descriptor> layer;
};

// The last one first. A configuration may tell less than there are layers, or nothing at all.
std::vector<Step> steps_of(const image::Image& image) {
  std::vector<Step> steps;
  const auto& layers = image.manifest.layers;
  std::size_t next = 0;
  for (const image::History& said : image.config.history) {
    steps.push_back({said, {}});
    if (!said.empty && next < layers.size()) steps.back().layer = layers[next++];
  }
  for (; next < layers.size(); ++next) steps.push_back({{.comment = "the image does not tell"}, layers[next]});
  std::reverse(steps.begin(), steps.end());
  return steps;
}

std::string cut(const std::string& text, bool whole) {
  constexpr std::size_t longest = 45;
  return whole || text.size() <= longest ? text : text.substr(0, longest - 3) + "...";
}

// Docker's fields for --format; ID is the layer's.
Fields fields_of(const Step& step, bool whole, bool human) {
  const auto time = parse_time(step.said.created);
  const std::uint64_t size = step.layer ? step.layer->size : 0;
  return {{"ID", !step.layer ? "" : whole ? step.layer->digest.text() : step.layer->digest.brief()}, {"CreatedSince", time ? render_age(std::time(nullptr) - *time) : "N/A"},
          {"CreatedAt", step.said.created}, {"CreatedBy", cut(step.said.created_by, whole)}, {"Size", human ? render_size(size) : format("{}", size)}, {"Comment", cut(step.said.comment, whole)}};
}

std::string render_text(const std::vector<Step>& steps, const cli::Arguments& arguments) {
  static const Fields headings{{"ID", "LAYER"}, {"CreatedSince", "CREATED"}, {"CreatedAt", "CREATED AT"}, {"CreatedBy", "CREATED BY"}, {"Size", "SIZE"}, {"Comment", "COMMENT"}};
  const std::string *given = arguments.find("human"), *pattern = arguments.find("format");
  const bool human = !given || *given != "false";
  const std::string usual = format("table {{{{.ID}}}}\t{{{{.{}}}}}\t{{{{.CreatedBy}}}}\t{{{{.Size}}}}\t{{{{.Comment}}}}", human ? "CreatedSince" : "CreatedAt");
  std::vector<Fields> list;
  for (const Step& step : steps) {
    list.push_back(fields_of(step, arguments.flag("no-trunc"), human));
    if (pattern && *pattern == "json") continue;
    for (auto& [name, value] : list.back()) value = printable(value);
  }
  return render_list(pattern ? *pattern : usual, list, headings);
}

std::string render_json(const std::vector<Step>& steps) {
  Json list = Json::array();
  for (const Step& step : steps)
    list.push_back({{"Layer", step.layer ? step.layer->digest.text() : ""}, {"Created", step.said.created}, {"CreatedBy", step.said.created_by},
                    {"Size", step.layer ? step.layer->size : 0}, {"Comment", step.said.comment}});
  return snug::render_json(list);
}

}  // namespace

int history(const cli::Invocation& invocation) {
  need_operands(invocation, 1, "an image");
  const cli::Arguments& arguments = invocation.arguments;
  const std::vector<Step> steps = steps_of(find_image(invocation, store_of(invocation), arguments.operands[0]));
  if (arguments.flag("quiet")) {
    for (const Step& step : steps)
      if (step.layer) commands::print(step.layer->digest.text() + "\n");
    return 0;
  }
  commands::print(arguments.flag("json") ? render_json(steps) : render_text(steps, arguments));
  return 0;
}

}  // namespace snug::image_commands
