#include "image_root.hh"

#include <fcntl.h>

#include <algorithm>
#include <span>

#include "image_program.hh"
#include "image_settings.hh"
#include "joining.hh"
#include "registry_options.hh"
#include "snug/base/signals.hh"
#include "snug/base/spell.hh"
#include "snug/base/text.hh"
#include "snug/commands/layers.hh"
#include "snug/image/store.hh"
#include "snug/sys/file.hh"

namespace snug::commands {
namespace {

using image::Image;

// An image that the caller typed as a place is not known by a name.
bool is_elsewhere(const plan::Rootfs& rootfs) { return !rootfs.path.empty(); }

bool is_wanted(const plan::Spec& spec, const Image& image) {
  return spec.platform.empty() || image::serves(image.config.platform, image::parse_platform(spec.platform));
}

std::string_view name_of(plan::Pull pull) {
  switch (pull) {
    case plan::Pull::missing: return "missing";
    case plan::Pull::always: return "always";
    case plan::Pull::newer: return "newer";
    case plan::Pull::never: return "never";
  }
  return "";
}

void add_ranges(std::vector<std::string>& words, std::string_view option, const std::vector<plan::IdRange>& map) {
  for (const plan::IdRange& range : map) words.push_back(format("{}={}:{}:{}", option, range.inside.value, range.outside.value, range.count));
}

void add_given(std::vector<std::string>& words, const cli::Arguments& arguments, std::span<const cli::Option> options) {
  for (const cli::Given& given : arguments.options)
    for (const cli::Option& option : options)
      if (given.option->name == option.name) words.push_back(format("--{}={}", option.name, given.value));
}

// The files are read by snug-image as well: what they say of the id map need not be handed on.
std::vector<std::string> pull_words(const plan::Spec& spec, const cli::Invocation& invocation) {
  std::vector<std::string> words{"pull", "--policy", std::string(name_of(spec.pull))};
  if (!spec.platform.empty()) words.push_back("--platform=" + spec.platform);
  if (spec.quiet) words.emplace_back("--quiet");
  add_given(words, invocation.arguments, connection_options);
  // That of another container nobody typed.
  if (joined_container(spec).empty()) add_given(words, invocation.arguments, id_map_option_set.options);
  else add_ranges(words, "--uidmap", spec.id_map.uids), add_ranges(words, "--gidmap", spec.id_map.gids);
  words.insert(words.end(), {"--", spec.rootfs.image});
  return words;
}

// A name without a slash may have been meant for the folder or archive that lies there.
std::string place_hint(const plan::Rootfs& rootfs, std::string otherwise) {
  const auto status = sys::find_status(AT_FDCWD, rootfs.given.c_str());
  if (status && S_ISDIR(status->st_mode)) return format("there is a folder of that name: ./{}", printable(rootfs.given));
  return status && S_ISREG(status->st_mode) ? format("there is a file of that name: tar:{} is an archive", printable(rootfs.given)) : std::move(otherwise);
}

// Another program may have written what is no name.
std::string familiar(const std::string& name) {
  try {
    return image::familiar_name(image::parse_reference(name));
  } catch (const UsageError&) {
    return name;
  }
}

// The image that is here and was meant, perhaps.
std::string nearest_hint(const image::Store& store, const plan::Rootfs& rootfs) {
  std::vector<std::string> names;
  for (const image::Stored& stored : store.list())
    if (!stored.name.empty() && !image::is_name_of(rootfs.given, stored.name)) names.push_back(familiar(stored.name));
  for (const std::string& name : names)
    if (name.starts_with(rootfs.given + ":")) return format("{} is here", quoted(name));
  const auto nearest = find_nearest(rootfs.given, names);
  return nearest ? format("did you mean {}, which is here?", quoted(*nearest)) : std::string();
}

// A name without a registry may be another one by registries.conf, of which snug-image knows.
bool is_short(const std::string& name) {
  try {
    return image::parse_reference(name).short_name;
  } catch (const UsageError&) {  // a digest
    return false;
  }
}

std::string way_to_bring(const plan::Rootfs& rootfs) { return format("snug pull {}", shell_quoted(printable(rootfs.given))); }

// Of a platform that is not to be had snug-image has said what there is.
std::string hint_after_pull(const image::Store& store, const plan::Spec& spec) {
  if (spec.pull == plan::Pull::never) return way_to_bring(spec.rootfs);
  if (!spec.platform.empty()) return {};
  const bool asked_anew = spec.pull == plan::Pull::always || spec.pull == plan::Pull::newer;
  if (asked_anew && store.find_stored(spec.rootfs.image)) return format("{} is here, and --pull missing takes it", quoted(spec.rootfs.given));
  if (store.find_stored(spec.rootfs.image)) return {};  // it was to be unpacked, and is no other
  return nearest_hint(store, spec.rootfs);
}

// Gives the id of what was brought. snug-image says itself what went wrong, but for a signal that ended it.
std::string pull(const image::Store& store, const plan::Spec& spec, const cli::Invocation& invocation) {
  std::string output;
  const int code = run_image_program(pull_words(spec, invocation), invocation.environment, output);
  if (code > 128)
    throw Error(format("the image {} was not brought: {} ended snug-image", quoted(spec.rootfs.given), signal_name(code - 128))).with_exit_code(code);
  if (code != 0) throw Error({}, place_hint(spec.rootfs, hint_after_pull(store, spec)));
  const auto all = lines(output);
  return all.empty() ? std::string() : std::string(all.back());
}

std::optional<Image> find_present(const image::Store& store, const plan::Spec& spec) {
  if (is_elsewhere(spec.rootfs)) return {};
  auto image = store.find(spec.rootfs.image, [&](const Image& one) { return is_wanted(spec, one); });
  if (image || spec.pull != plan::Pull::never || is_short(spec.rootfs.image)) return image;
  throw Error(format("the image {} is not here, and the policy 'never' forbids to bring it", quoted(spec.rootfs.given)),
              place_hint(spec.rootfs, way_to_bring(spec.rootfs)));
}

}  // namespace

void use_image(Planned& planned, const cli::Invocation& invocation) {
  plan::Spec& spec = planned.spec;
  const image::Store store(planned.facts.store);
  const std::string map = layer_map(id_maps_of(spec, planned.facts));
  auto image = find_present(store, spec);
  const bool look_elsewhere = !image || spec.pull == plan::Pull::always || spec.pull == plan::Pull::newer;
  auto layers = look_elsewhere ? std::nullopt : find_layers(store, map, *image);
  if (!layers) {
    image = store.find(pull(store, spec, invocation));
    if (image) layers = find_layers(store, map, *image);
  }
  if (!layers) throw Error(format("the image {} was taken away meanwhile", quoted(spec.rootfs.given)), "run it again");
  spec.rootfs.layers = std::move(layers->roots);
  planned.layers = std::move(layers->locks);
  planned.manifest = image->descriptor.digest.text();
  try {
    take_image_settings(spec, image->config.process);
  } catch (Error& error) {
    throw error.during(format("reading the settings of the image {}", quoted(spec.rootfs.given)));
  }
  if (!spec.rootfs.layers.empty()) probe::read_image(planned.facts, spec);
}

}  // namespace snug::commands
