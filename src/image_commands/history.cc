#include <algorithm>
#include <ctime>

#include "functions.hh"
#include "snug/base/json.hh"
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

std::string cut(std::string text, bool whole) {
  constexpr std::size_t longest = 45;
  std::string shown = printable(text);
  if (whole || shown.size() <= longest) return shown;
  return printable(text.substr(0, longest - 3)) + "...";
}

std::string render_table(const std::vector<Step>& steps, bool whole) {
  std::vector<std::vector<std::string>> rows{{"LAYER", "CREATED", "CREATED BY", "SIZE", "COMMENT"}};
  for (const Step& step : steps) {
    const auto time = parse_time(step.said.created);
    const std::string layer = !step.layer ? "" : whole ? step.layer->digest.text() : step.layer->digest.brief();
    rows.push_back({layer, time ? render_age(std::time(nullptr) - *time) : "N/A", cut(step.said.created_by, whole),
                    render_size(step.layer ? step.layer->size : 0), cut(step.said.comment, whole)});
  }
  return render_columns(rows);
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
  const std::vector<Step> steps = steps_of(find_image(store_of(invocation), arguments.operands[0]));
  if (arguments.flag("quiet")) {
    for (const Step& step : steps)
      if (step.layer) commands::print(step.layer->digest.text() + "\n");
    return 0;
  }
  commands::print(arguments.flag("json") ? render_json(steps) : render_table(steps, arguments.flag("no-trunc")));
  return 0;
}

}  // namespace snug::image_commands
