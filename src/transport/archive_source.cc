#include <algorithm>
#include <array>
#include <utility>

#include "docker_archive.hh"
#include "folder.hh"
#include "layout.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/transport/archive.hh"

namespace snug::transport {
namespace {

constexpr std::array<std::pair<std::string_view, Form>, 4> forms{
    {{"oci", Form::oci}, {"oci-archive", Form::oci_archive}, {"docker-archive", Form::docker_archive}, {"dir", Form::folder}}};

// Of skopeo and podman; as names of images they would be asked for at docker.io.
constexpr std::array<std::string_view, 5> foreign{"docker-daemon", "containers-storage", "ostree", "sif", "tarball"};

// docker takes "debian" for debian:latest.
bool is_name(const std::string& one, const std::string& other) {
  if (one == other) return true;
  try {
    return image::render_reference(image::parse_reference(one)) == image::render_reference(image::parse_reference(other));
  } catch (const Error&) {
    return false;
  }
}

std::string list_names(const std::vector<Contained>& images) {
  std::vector<std::string> names;
  for (const Contained& image : images) names.push_back(image.names.empty() ? "one without a name" : quoted(image.names[0]));
  return join(names, ", ");
}

Contained choose(std::vector<Contained> images, const std::string& name) {
  if (images.empty()) throw Error("there is no image in it");
  if (name.empty() && images.size() == 1) return std::move(images[0]);
  if (name.empty()) throw Error("there are several images in it", format("name one behind another colon: {}", list_names(images)));
  for (Contained& image : images)
    for (const std::string& one : image.names)
      if (is_name(one, name)) return std::move(image);
  std::vector<Contained*> tagged;
  for (Contained& image : images)
    if (std::find(image.tags.begin(), image.tags.end(), name) != image.tags.end()) tagged.push_back(&image);
  if (tagged.size() == 1) return std::move(*tagged[0]);
  throw Error(tagged.empty() ? format("there is no {} in it", quoted(name)) : format("several images in it have the tag {}", quoted(name)), format("it has {}", list_names(images)));
}

std::vector<Contained> open_form(Form form, const std::shared_ptr<const Files>& files) {
  if (form == Form::docker_archive) {
    if (!is_docker_archive(*files)) throw Error("it is no image: it has neither a manifest.json nor an oci-layout", "the archive of a root file system is for 'snug import'");
    return open_docker_archive(files);
  }
  if (form == Form::folder) {
    if (!is_image_folder(*files)) throw Error("it is no image: it has no manifest.json with a version", "the folder of a root file system is used where it is: snug run dir:PATH");
    return open_image_folder(files);
  }
  if (!is_layout(*files)) throw Error("it is no image layout: it has no oci-layout with an index.json");
  return open_layout(files);
}

}  // namespace

std::optional<Location> parse_location(std::string_view text) {
  const std::size_t colon = text.find(':');
  for (const auto& [word, form] : forms) {
    if (colon == std::string_view::npos || text.substr(0, colon) != word) continue;
    const std::string_view rest = text.substr(colon + 1);
    const std::size_t end = form == Form::folder ? std::string_view::npos : rest.find(':');
    Location location{form, std::string(rest.substr(0, end)), end == std::string_view::npos ? "" : std::string(rest.substr(end + 1))};
    if (location.path.empty()) throw UsageError(format("{} names no path", quoted(text)), format("{}:PATH", word));
    return location;
  }
  const std::string_view rest = colon == std::string_view::npos ? std::string_view() : text.substr(colon + 1);
  const std::size_t digits = std::min(rest.find_first_not_of("0123456789"), rest.size());
  const bool is_registry = digits > 0 && digits < rest.size() && rest[digits] == '/';
  if (colon != std::string_view::npos && !is_registry && std::find(foreign.begin(), foreign.end(), text.substr(0, colon)) != foreign.end())
    throw UsageError(format("{} is a place of other programs, which snug does not reach", quoted(text)), "oci:PATH, oci-archive:PATH, docker-archive:PATH and dir:PATH are for all; 'docker save' and 'podman save' write such files; an image of that name is docker.io/library/NAME or localhost/NAME");
  return {};
}

std::string render_location(const Location& location) {
  const auto form = std::find_if(forms.begin(), forms.end(), [&](const auto& one) { return one.second == location.form; });
  return format("{}:{}{}{}", form->first, location.path, location.name.empty() ? "" : ":", location.name);
}

std::vector<Contained> open_all(const std::string& path, const image::Store& store) {
  const auto files = open_files(path, store);
  try {
    // What docker 25 and later save is both; a layout keeps the digests.
    return open_form(is_layout(*files) ? Form::oci : is_image_folder(*files) ? Form::folder : Form::docker_archive, files);
  } catch (Error& error) {
    throw error.during(format("reading {}", quoted(files->name())));
  }
}

Contained open_contained(std::string_view text, const image::Store& store) {
  const auto location = parse_location(text);
  if (!location) throw UsageError(format("{} is no place for images", quoted(text)), "oci:PATH, oci-archive:PATH, docker-archive:PATH or dir:PATH");
  const auto files = open_files(location->path, store);
  try {
    return choose(open_form(location->form, files), location->name);
  } catch (Error& error) {
    throw error.during(format("reading {}", quoted(text)));
  }
}

std::unique_ptr<Source> open_archive_source(std::string_view text, const image::Store& store) { return std::move(open_contained(text, store).source); }

}  // namespace snug::transport
