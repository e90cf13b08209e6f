#include "image_settings.hh"

#include <algorithm>
#include <string_view>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "values.hh"

namespace snug::commands {
namespace {

constexpr std::size_t most_volumes = 256;  // a step each

// The kernel would take what stands in front of it for all.
void check_text(std::string_view field, std::string_view text) {
  if (text.find('\0') != std::string_view::npos) throw Error(format("a zero byte stands in its {}", field));
}

void check_texts(std::string_view field, const std::vector<std::string>& texts) {
  for (const std::string& text : texts) check_text(field, text);
}

// A typed --entrypoint takes the image's Cmd away, a typed command only replaces it. Docker writes [""] for "none".
void take_command(plan::Spec& spec, const image::Process& image) {
  if (spec.own_shell || spec.entrypoint) return;
  if (image.entrypoint && *image.entrypoint != std::vector<std::string>{""}) spec.entrypoint = image.entrypoint;
  if (spec.command.empty() && image.command) spec.command = *image.command;
  if (spec.entrypoint) check_texts("Entrypoint", *spec.entrypoint);
  check_texts("Cmd", spec.command);
}

// The last of a name wins, so the image's come first. What has no name or no value is no variable.
void take_environment(plan::Spec& spec, const image::Process& image) {
  check_texts("Env", image.env);
  std::vector<plan::Variable> all;
  for (const std::string& line : image.env)
    if (const std::size_t equals = line.find('='); equals != std::string::npos && equals > 0)
      all.push_back({line.substr(0, equals), line.substr(equals + 1)});
  all.insert(all.end(), spec.env.begin(), spec.env.end());
  spec.env = std::move(all);
}

void take_work_folder(plan::Spec& spec, const image::Process& image) {
  if (spec.workdir || image.workdir.empty()) return;
  check_text("WorkingDir", image.workdir);
  if (!image.workdir.starts_with('/'))
    throw Error(format("its WorkingDir {} is no path from the root on", quoted(image.workdir)), "-w chooses another");
  spec.workdir = parse_inside_path(image.workdir);
}

// With keep-id it is the caller who works inside, as with podman.
void take_user(plan::Spec& spec, const image::Process& image) {
  if (spec.user || image.user.empty() || spec.id_map.mode == plan::IdMapChoice::Mode::keep_id) return;
  check_text("User", image.user);
  const std::size_t colon = std::min(image.user.find(':'), image.user.size());
  spec.user = {.user = image.user.substr(0, colon), .group = image.user.substr(std::min(colon + 1, image.user.size())), .of_image = true};
  if (spec.user->user.empty()) spec.user->user = "0";
}

void take_volumes(plan::Spec& spec, const image::Process& image) {
  if (image.volumes.size() > most_volumes)
    throw Error(format("it has {} Volumes; more than {} are not made", image.volumes.size(), most_volumes));
  check_texts("Volumes", image.volumes);
  for (const std::string& volume : image.volumes) {
    if (!volume.starts_with('/')) continue;
    std::string path = parse_inside_path(volume);
    if (std::find(spec.own_folders.begin(), spec.own_folders.end(), path) == spec.own_folders.end()) spec.own_folders.push_back(std::move(path));
  }
}

}  // namespace

void take_image_settings(plan::Spec& spec, const image::Process& image) {
  take_command(spec, image);
  take_environment(spec, image);
  take_work_folder(spec, image);
  take_user(spec, image);
  take_volumes(spec, image);
  spec.notes = {.labels = image.labels, .stop_signal = image.stop_signal, .ports = image.ports};
}

}  // namespace snug::commands
