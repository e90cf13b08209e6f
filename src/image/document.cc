#include "snug/image/document.hh"

#include <algorithm>
#include <array>

#include "fields.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"

namespace snug::image {
namespace {

constexpr std::size_t most_layers = 500;  // what an overlay takes

std::string platform_field(const Json& object, std::string_view name) {
  constexpr std::size_t longest = 64;
  std::string text = text_field(object, name);
  if (text.size() > longest || text.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") != std::string::npos)
    throw Error(format("its platform has the {} {}", name, quoted(text.substr(0, longest))));
  return text;
}

Platform read_platform(const Json& object) {
  return {platform_field(object, "os"), platform_field(object, "architecture"), platform_field(object, "variant")};
}

Descriptor read_descriptor(const Json& object) {
  if (!object.is_object()) throw Error("one of its descriptors is no object");
  Descriptor descriptor;
  descriptor.media_type = text_field(object, "mediaType");
  const Json* digest = find_field(object, "digest");
  descriptor.digest = digest_value(digest ? *digest : Json(), "digest");
  descriptor.size = size_field(object, "size");
  if (const Json* platform = find_field(object, "platform")) descriptor.platform = read_platform(*platform);
  descriptor.annotations = map_field(object, "annotations");
  return descriptor;
}

std::vector<Descriptor> read_descriptors(const Json& list) {
  std::vector<Descriptor> descriptors;
  for (const Json& object : list) descriptors.push_back(read_descriptor(object));
  return descriptors;
}

bool is_index(std::string_view media_type) { return media_type == media::index || media_type == media::docker_list; }
bool is_manifest(std::string_view media_type) { return media_type == media::manifest || media_type == media::docker_manifest; }

// A document that one reader takes for an image and another for a list of images would be checked as the one and used as the
// other.
void check_kind(const Json& document, std::string_view sent_as, const std::string& says) {
  const bool lists = find_field(document, "manifests"), has_layers = find_field(document, "layers") || find_field(document, "config");
  if (lists && has_layers) throw Error("it is an image and a list of images at once");
  if (find_field(document, "fsLayers")) throw Error("it is of docker's first schema, which is out of use since 2016 and cannot be verified");
  for (const std::string_view type : {sent_as, std::string_view(says)})
    if ((is_index(type) && has_layers) || (is_manifest(type) && lists)) throw Error(format("it is not what it is called, {}", printable(type)));
  if (!sent_as.empty() && !says.empty() && sent_as != says && (is_index(sent_as) || is_manifest(sent_as)))
    throw Error(format("it was sent as {}, and says that it is {}", printable(sent_as), printable(says)));
}

Manifest read_manifest(const Json& document, std::string media_type) {
  Manifest manifest{.media_type = std::move(media_type), .config = read_descriptor(object_field(document, "config")),
                    .layers = read_descriptors(array_field(document, "layers"))};
  if (manifest.config.media_type != media::config && manifest.config.media_type != media::docker_config)
    throw Error(format("it is no image, but {}", printable(manifest.config.media_type)));
  if (manifest.layers.size() > most_layers) throw Error(format("it has {} layers; more than {} cannot be mounted", manifest.layers.size(), most_layers));
  for (const Descriptor& layer : manifest.layers) static_cast<void>(compression_of(layer.media_type));
  return manifest;
}

Process read_process(const Json& config) {
  const Json* object = find_field(config, "config");
  if (!object) return {};
  if (!object->is_object()) throw Error("its field 'config' is no object");
  return {.entrypoint = list_field(*object, "Entrypoint"), .command = list_field(*object, "Cmd"),
          .env = list_field(*object, "Env").value_or(std::vector<std::string>()), .workdir = text_field(*object, "WorkingDir"),
          .user = text_field(*object, "User"), .stop_signal = text_field(*object, "StopSignal"), .labels = map_field(*object, "Labels"),
          .volumes = set_field(*object, "Volumes"), .ports = set_field(*object, "ExposedPorts")};
}

std::vector<History> read_history(const Json& config) {
  std::vector<History> history;
  if (!find_field(config, "history")) return history;
  for (const Json& line : array_field(config, "history"))
    history.push_back({text_field(line, "created"), text_field(line, "created_by"), text_field(line, "author"),
                       text_field(line, "comment"), flag_field(line, "empty_layer")});
  return history;
}

Json json_of(const Platform& platform) {
  Json object{{"architecture", platform.architecture}, {"os", platform.os}};
  if (!platform.variant.empty()) object["variant"] = platform.variant;
  return object;
}

Json json_of(const Descriptor& descriptor) {
  Json object{{"mediaType", descriptor.media_type}, {"digest", descriptor.digest.text()}, {"size", descriptor.size}};
  if (!descriptor.annotations.empty()) object["annotations"] = descriptor.annotations;
  if (descriptor.platform) object["platform"] = json_of(*descriptor.platform);
  return object;
}

Json json_of(const std::vector<Descriptor>& descriptors) {
  Json list = Json::array();
  for (const Descriptor& descriptor : descriptors) list.push_back(json_of(descriptor));
  return list;
}

Json set_of(const std::vector<std::string>& names) {
  Json object = Json::object();
  for (const std::string& name : names) object[name] = Json::object();
  return object;
}

Json json_of(const Process& process) {
  Json object = Json::object();
  if (!process.user.empty()) object["User"] = process.user;
  if (!process.ports.empty()) object["ExposedPorts"] = set_of(process.ports);
  if (!process.env.empty()) object["Env"] = process.env;
  if (process.entrypoint) object["Entrypoint"] = *process.entrypoint;
  if (process.command) object["Cmd"] = *process.command;
  if (!process.volumes.empty()) object["Volumes"] = set_of(process.volumes);
  if (!process.workdir.empty()) object["WorkingDir"] = process.workdir;
  if (!process.labels.empty()) object["Labels"] = process.labels;
  if (!process.stop_signal.empty()) object["StopSignal"] = process.stop_signal;
  return object;
}

Json json_of(const History& line) {
  Json object = Json::object();
  for (const auto& [name, text] : {std::pair<const char*, const std::string&>{"created", line.created}, {"created_by", line.created_by},
                                   {"author", line.author}, {"comment", line.comment}})
    if (!text.empty()) object[name] = text;
  if (line.empty) object["empty_layer"] = true;
  return object;
}

}  // namespace

std::variant<Manifest, Index> parse_manifest(std::string_view text, std::string_view media_type) {
  if (text.size() > largest_manifest) throw Error(format("it is larger than {} bytes", largest_manifest));
  const Json document = parse_json(text);
  if (!document.is_object()) throw Error("it is no object");
  const std::string says = text_field(document, "mediaType");
  check_kind(document, media_type, says);
  std::string type = !says.empty() ? says : std::string(media_type);
  if (find_field(document, "manifests"))
    return Index{is_index(type) ? type : std::string(media::index), read_descriptors(array_field(document, "manifests"))};
  return read_manifest(document, is_manifest(type) ? type : std::string(media::manifest));
}

bool is_manifest_kind(const Descriptor& descriptor) {
  return descriptor.media_type.empty() || is_index(descriptor.media_type) || is_manifest(descriptor.media_type);
}

void check_manifest_kind(const Descriptor& descriptor) {
  if (!is_manifest_kind(descriptor)) throw Error(format("its index calls {} {}, which is neither an image nor a list of images", descriptor.digest.text(), quoted(descriptor.media_type)));
}

Index parse_index(std::string_view text) {
  return {std::string(media::index), read_descriptors(array_field(parse_json(text), "manifests"))};
}

Config parse_config(std::string_view text) {
  if (text.size() > largest_config) throw Error(format("it is larger than {} bytes", largest_config));
  const Json document = parse_json(text);
  if (!document.is_object()) throw Error("it is no object");
  Config config{.platform = read_platform(document), .created = text_field(document, "created"), .author = text_field(document, "author"),
                .process = read_process(document), .diff_ids = {}, .history = read_history(document)};
  if (config.platform.os.empty()) config.platform.os = "linux";
  for (const Json& diff_id : array_field(object_field(document, "rootfs"), "diff_ids"))
    config.diff_ids.push_back(digest_value(diff_id, "diff_ids"));
  return config;
}

std::string render_manifest(const Manifest& manifest) {
  return Json{{"schemaVersion", 2}, {"mediaType", manifest.media_type}, {"config", json_of(manifest.config)}, {"layers", json_of(manifest.layers)}}
      .dump();
}

std::string render_index(const Index& index) {
  return Json{{"schemaVersion", 2}, {"mediaType", index.media_type}, {"manifests", json_of(index.manifests)}}.dump();
}

std::string render_config(const Config& config) {
  Json object = Json::object();
  if (!config.created.empty()) object["created"] = config.created;
  if (!config.author.empty()) object["author"] = config.author;
  object.update(json_of(config.platform));
  object["config"] = json_of(config.process);
  Json diff_ids = Json::array(), history = Json::array();
  for (const Digest& diff_id : config.diff_ids) diff_ids.push_back(diff_id.text());
  for (const History& line : config.history) history.push_back(json_of(line));
  object["rootfs"] = Json{{"type", "layers"}, {"diff_ids", diff_ids}};
  object["history"] = history;
  return object.dump();
}

std::string change_config(std::string_view original, const Config& config) {
  Json changed = parse_json(original), wanted = parse_json(render_config(config));
  Json process = changed.is_object() && changed.contains("config") && changed["config"].is_object() ? changed["config"] : Json::object();
  for (const char* known : {"User", "ExposedPorts", "Env", "Entrypoint", "Cmd", "Volumes", "WorkingDir", "Labels", "StopSignal"}) process.erase(known);
  process.update(wanted["config"]);
  changed.update(wanted);
  changed["config"] = process;
  return changed.dump();
}

std::string change_manifest(std::string_view original, const Manifest& manifest) {
  Json changed = parse_json(original);
  changed["mediaType"] = manifest.media_type;
  changed.at("config")["mediaType"] = manifest.config.media_type;
  Json& layers = changed.at("layers");
  for (std::size_t at = 0; at < manifest.layers.size(); ++at) {
    const Descriptor& layer = manifest.layers[at];
    layers.at(at).update({{"mediaType", layer.media_type}, {"digest", layer.digest.text()}, {"size", layer.size}});
  }
  return changed.dump();
}

Compression compression_of(std::string_view media_type) {
  if (media_type == media::layer || media_type == media::docker_layer) return Compression::none;
  if (media_type == media::layer_gzip || media_type == media::docker_layer_gzip) return Compression::gzip;
  if (media_type == media::layer_zstd || media_type == media::docker_layer_zstd) return Compression::zstd;
  if (media_type.find("nondistributable") != std::string_view::npos || media_type.find("foreign") != std::string_view::npos)
    throw Error("it has a layer that may not be handed on and lies elsewhere, which snug does not follow");
  throw Error(format("it has a layer of a kind that is not known here, {}", printable(media_type)));
}

}  // namespace snug::image
