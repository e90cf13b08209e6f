#include <fnmatch.h>

#include <algorithm>
#include <ctime>
#include <set>

#include "functions.hh"
#include "snug/base/error.hh"
#include "snug/base/json.hh"
#include "snug/base/template.hh"
#include "snug/base/text.hh"
#include "snug/base/time.hh"
#include "snug/commands/moment.hh"
#include "snug/commands/output.hh"
#include "store_of.hh"

namespace snug::image_commands {
namespace {

using image::Image;
using Filter = std::function<bool(const Image&)>;

std::int64_t created(const Image& image) { return parse_time(image.config.created).value_or(0); }

// Docker's table has the name without its tag in one column and the tag in the next.
struct Name {
  std::string repository = "<none>", tag = "<none>";
};

Name name_of(const Image& image) {
  Name name;
  try {
    const image::Reference reference = image::parse_reference(image.name);
    name.repository = image::familiar_name(reference, false);
    if (!reference.tag.empty() && !reference.digest) name.tag = reference.tag;
  } catch (const UsageError&) {
    if (!image.name.empty()) name.repository = printable(image.name);
  }
  return name;
}

// All that people may call its repository: "debian", "library/debian", "docker.io/library/debian".
std::vector<std::string> repositories_of(const Image& image) {
  try {
    const image::Reference reference = image::parse_reference(image.name);
    std::vector<std::string> names{image::familiar_name(reference, false), format("{}/{}", reference.registry, reference.repository)};
    if (names[0].find('/') == std::string::npos) names.push_back(reference.repository);
    return names;
  } catch (const UsageError&) {
    return {name_of(image).repository};
  }
}

Filter by_name(const std::string& pattern) {
  const bool tagged = pattern.find(':', pattern.rfind('/') == std::string::npos ? 0 : pattern.rfind('/')) != std::string::npos;
  return [pattern, tagged](const Image& image) {
    const auto fits = [&](const std::string& name) { return ::fnmatch(pattern.c_str(), name.c_str(), FNM_PATHNAME) == 0; };
    const std::vector<std::string> names = repositories_of(image);
    const std::string tag = tagged ? ":" + name_of(image).tag : "";
    return fits(image.name) || std::any_of(names.begin(), names.end(), [&](const std::string& name) { return fits(name + tag); });
  };
}

Filter by_label(const std::string& text) {
  const std::size_t equals = text.find('=');
  return [key = text.substr(0, equals), value = equals == std::string::npos ? std::nullopt : std::optional(text.substr(equals + 1))](const Image& image) {
    const auto found = image.config.process.labels.find(key);
    return found != image.config.process.labels.end() && (!value || found->second == *value);
  };
}

Filter make_filter(const cli::Invocation& invocation, const image::Store& store, const std::string& text) {
  const std::size_t equals = text.find('=');
  const std::string key = text.substr(0, equals), value = equals == std::string::npos ? "" : text.substr(equals + 1);
  if (value.empty()) throw UsageError(format("the filter {} has no value", quoted(text)), "write KEY=VALUE: reference=debian");
  if (key == "reference") return by_name(value);
  if (key == "label") return by_label(value);
  if (key == "dangling") {
    if (value != "true" && value != "false") throw UsageError(format("the filter {} is true or false", quoted(key)));
    return [wanted = value == "true"](const Image& image) { return image.name.empty() == wanted; };
  }
  if (key == "before" || key == "since") {
    const std::int64_t time = created(find_image(invocation, store, value));
    return [time, before = key == "before"](const Image& image) { return before ? created(image) < time : created(image) > time; };
  }
  if (key == "until") {
    constexpr std::int64_t second = 1'000'000'000;
    return [time = commands::parse_moment(value, std::time(nullptr)) / second](const Image& image) { return created(image) < time; };
  }
  throw UsageError(format("there is no filter {}", quoted(key)), "reference, label, before, since, until and dangling are there");
}

std::vector<Filter> filters_of(const cli::Invocation& invocation, const image::Store& store) {
  const cli::Arguments& arguments = invocation.arguments;
  std::vector<Filter> filters;
  bool unnamed = arguments.flag("all");
  for (const cli::Given& given : arguments.options) {
    if (given.option->name != "filter") continue;
    filters.push_back(make_filter(invocation, store, given.value));
    unnamed = unnamed || given.value.starts_with("dangling=");
  }
  if (!arguments.operands.empty()) filters.push_back(by_name(arguments.operands[0]));
  if (!unnamed) filters.push_back([](const Image& image) { return !image.name.empty(); });
  return filters;
}

/// The images that were asked for, and the ids of all that have a name.
struct Chosen {
  std::vector<Image> images;
  std::set<image::Digest> named;
};

Chosen choose_images(const cli::Invocation& invocation) {
  const image::Store store = store_of(invocation);
  const std::vector<Filter> filters = filters_of(invocation, store);
  Chosen chosen;
  const std::vector<image::Stored> all = store.list();
  std::set<image::Digest> manifests;
  for (const image::Stored& stored : all)
    if (!stored.name.empty()) manifests.insert(stored.manifest.digest);
  for (const image::Stored& stored : all) {
    if (stored.name.empty() && manifests.contains(stored.manifest.digest)) continue;  // it has a name
    try {
      Image image = store.open(stored);
      if (!image.name.empty()) chosen.named.insert(image.id());
      if (std::all_of(filters.begin(), filters.end(), [&](const Filter& filter) { return filter(image); })) chosen.images.push_back(std::move(image));
    } catch (const Error& error) {  // a damaged image must not hide the others
      commands::say(format("snug: notice: {} cannot be read: {}\n", quoted(short_name(stored.name)), error.message()));
    }
  }
  std::stable_sort(chosen.images.begin(), chosen.images.end(), [](const Image& one, const Image& other) { return created(one) > created(other); });
  return chosen;
}

std::string id_of(const Image& image, bool whole) { return whole ? image.id().text() : image.id().brief(); }

// Docker's fields for --format.
Fields fields_of(const Image& image, bool whole) {
  const Name name = name_of(image);
  const auto time = parse_time(image.config.created);
  return {{"Repository", name.repository}, {"Tag", name.tag}, {"Digest", image.descriptor.digest.text()}, {"ID", id_of(image, whole)},
          {"CreatedSince", time ? render_age(std::time(nullptr) - *time) : "N/A"}, {"CreatedAt", printable(image.config.created)}, {"Size", render_size(size_of(image))}};
}

std::string render_text(const std::vector<Image>& images, const cli::Arguments& arguments) {
  static const Fields headings{{"Repository", "REPOSITORY"}, {"Tag", "TAG"}, {"Digest", "DIGEST"}, {"ID", "IMAGE ID"}, {"CreatedSince", "CREATED"}, {"CreatedAt", "CREATED AT"}, {"Size", "SIZE"}};
  const std::string usual = format("table {{{{.Repository}}}}\t{{{{.Tag}}}}\t{}{{{{.ID}}}}\t{{{{.CreatedSince}}}}\t{{{{.Size}}}}", arguments.flag("digests") ? "{{.Digest}}\t" : "");
  std::vector<Fields> list;
  for (const Image& image : images) list.push_back(fields_of(image, arguments.flag("no-trunc")));
  const std::string* given = arguments.find("format");
  const std::string& pattern = given ? *given : usual;
  const std::string text = render_list(pattern, list, headings);
  return arguments.flag("noheading") && pattern.starts_with("table ") ? text.substr(text.find('\n') + 1) : text;
}

std::string render_json(const std::vector<Image>& images) {
  Json list = Json::array();
  for (const Image& image : images)
    list.push_back({{"Id", image.id().text()}, {"Name", image.name}, {"Digest", image.descriptor.digest.text()}, {"Created", image.config.created},
                    {"Size", size_of(image)}, {"Platform", image::render_platform(image.config.platform)}, {"Labels", image.config.process.labels}});
  return snug::render_json(list);
}

// An image has one id, whatever the number of its names. Where one that has lost its name shares its id with one that has not, its manifest's
// digest is what it alone is called.
std::string render_ids(const std::vector<Image>& images, const std::set<image::Digest>& named, bool whole) {
  std::vector<std::string> ids;
  for (const Image& image : images) {
    std::string id = image.name.empty() && named.contains(image.id()) ? image.descriptor.digest.text() : id_of(image, whole);
    if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(std::move(id));
  }
  return ids.empty() ? "" : join(ids, "\n") + "\n";
}

}  // namespace

int images(const cli::Invocation& invocation) {
  const cli::Arguments& arguments = invocation.arguments;
  const auto [images, named] = choose_images(invocation);
  if (arguments.flag("quiet"))
    commands::print(render_ids(images, named, arguments.flag("no-trunc")));
  else
    commands::print(arguments.flag("json") ? render_json(images) : render_text(images, arguments));
  return 0;
}

}  // namespace snug::image_commands
