#include <unistd.h>

#include "functions.hh"
#include "snug/base/error.hh"
#include "snug/base/json.hh"
#include "snug/base/template.hh"
#include "snug/base/text.hh"
#include "snug/commands/output.hh"
#include "store_of.hh"

namespace snug::image_commands {
namespace {

Json set_of(const std::vector<std::string>& names) {
  Json object = Json::object();
  for (const std::string& name : names) object[name] = Json::object();
  return object;
}

Json list_or_null(const std::optional<std::vector<std::string>>& list) { return list ? Json(*list) : Json(); }

Json config_of(const image::Process& process) {
  return {{"Entrypoint", list_or_null(process.entrypoint)}, {"Cmd", list_or_null(process.command)}, {"Env", process.env},
          {"WorkingDir", process.workdir}, {"User", process.user}, {"Labels", process.labels}, {"Volumes", set_of(process.volumes)},
          {"ExposedPorts", set_of(process.ports)}, {"StopSignal", process.stop_signal}};
}

// What docker shows of it besides, and snug has no use for.
void add_unused(const image::Store& store, const image::Image& image, Json& config) {
  const Json document = parse_json(store.read_blob(image.id(), image::largest_config));
  const auto stored = document.find("config");
  if (stored == document.end() || !stored->is_object()) return;
  for (const char* name : {"Healthcheck", "OnBuild", "Shell"})
    if (const auto found = stored->find(name); found != stored->end() && !found->is_null()) config[name] = *found;
}

// All names of the image, and its digest behind each repository that it came from.
void add_names(const image::Store& store, const image::Image& image, Json& object) {
  Json tags = Json::array(), digests = Json::array();
  for (const image::Stored& stored : store.list()) {
    if (stored.manifest.digest != image.descriptor.digest || stored.name.empty()) continue;
    try {
      const image::Reference name = image::parse_reference(stored.name);
      if (!name.tag.empty()) tags.push_back(image::familiar_name(name));
      // A list is what the others pin, whatever their machines are.
      for (const image::Digest& one : {image::list_of(stored.manifest).value_or(image.descriptor.digest), image.descriptor.digest}) {
        const std::string digest = format("{}@{}", image::familiar_name(name, false), one.text());
        if (std::find(digests.begin(), digests.end(), digest) == digests.end()) digests.push_back(digest);
      }
    } catch (const UsageError&) {
      tags.push_back(stored.name);
    }
  }
  object["RepoTags"] = tags;
  object["RepoDigests"] = digests;
}

Json describe(const image::Store& store, const image::Image& image) {
  Json object{{"Id", image.id().text()}};
  add_names(store, image, object);
  object["Digest"] = image.descriptor.digest.text();
  object["MediaType"] = image.manifest.media_type;
  object["Created"] = image.config.created;
  object["Author"] = image.config.author;
  object["Os"] = image.config.platform.os;
  object["Architecture"] = image.config.platform.architecture;
  object["Variant"] = image.config.platform.variant;
  object["Size"] = size_of(image);
  object["Config"] = config_of(image.config.process);
  add_unused(store, image, object["Config"]);
  Json diff_ids = Json::array(), blobs = Json::array();
  for (const image::Digest& diff_id : image.config.diff_ids) diff_ids.push_back(diff_id.text());
  for (const image::Descriptor& layer : image.manifest.layers)
    blobs.push_back({{"MediaType", layer.media_type}, {"Digest", layer.digest.text()}, {"Size", layer.size}});
  object["RootFS"] = Json{{"Type", "layers"}, {"Layers", diff_ids}};
  object["Layers"] = blobs;
  return object;
}

// What is asked for may be a container, too: snug looked for one before it asked here.
image::Image find_any(const cli::Invocation& invocation, const image::Store& store, const std::string& typed) {
  if (auto found = store.find(name_here(invocation, store, typed))) return *std::move(found);
  throw Error(format("there is no container and no image {}", quoted(typed)), "'snug ps --all' and 'snug images' list those that are there");
}

}  // namespace

int inspect(const cli::Invocation& invocation) {
  need_operands(invocation, 1, "a container or an image");
  const image::Store store = store_of(invocation);
  Json list = Json::array();
  std::vector<Error> errors;
  const auto& find = invocation.arguments.find("type") ? find_image : find_any;
  for (const std::string& typed : invocation.arguments.operands) {
    try {
      list.push_back(describe(store, find(invocation, store, typed)));
    } catch (const Error& error) {  // the others are shown all the same
      errors.push_back(error);
    }
  }
  for (const Error& error : errors) commands::say(render_error(error));
  const int code = errors.empty() ? 0 : 1;
  if (list.empty()) return code;
  if (const std::string* format = invocation.arguments.find("format"); format && *format != "json") {
    commands::print(fill_each(*format, list, ::isatty(STDOUT_FILENO)));
    return code;
  }
  commands::print(snug::render_json(list));
  return code;
}

}  // namespace snug::image_commands
