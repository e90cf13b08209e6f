#include <algorithm>
#include <cstdint>
#include <optional>

#include "functions.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/output.hh"
#include "snug/image/contents.hh"
#include "snug/state/record.hh"
#include "store_of.hh"
#include "sweep.hh"

namespace snug::image_commands {
namespace {

constexpr std::int64_t resumable = 7 * 86400;  // seconds that a download waits to go on

// Layers that no other image has. Of a damaged image nobody knows what it has: it keeps nothing.
std::vector<image::Digest> own_layers(const image::Store& store, const image::Image& image) {
  std::vector<image::Digest> own = image.config.diff_ids;
  for (const image::Stored& other : store.list()) {
    if (other.manifest.digest == image.descriptor.digest) continue;
    try {
      for (const image::Digest& shared : store.open(other).config.diff_ids) std::erase(own, shared);
    } catch (const Error&) {
    }
  }
  return own;
}

// Whether a container runs on the image, or on a layer that no other image has.
bool is_in_use(const image::Store& store, const image::Image& image) {
  for (const state::Record& record : state::list_records(store.path()))
    if (record.manifest == image.descriptor.digest.text() && (record.kept || state::is_running(store.path(), record))) return true;
  const std::vector<image::Digest> own = own_layers(store, image);
  for (const image::LayerFolder& layer : list_layers(store))
    if (std::find(own.begin(), own.end(), layer.digest) != own.end() && image::is_used(layer)) return true;
  return false;
}

std::optional<image::Image> try_open(const image::Store& store, const image::Stored& stored) {
  try {
    return store.open(stored);
  } catch (const Error&) {  // damaged, which is no reason to keep it
    return {};
  }
}

std::size_t count_names(const image::Store& store, const image::Digest& manifest) {
  std::size_t count = 0;
  for (const image::Stored& stored : store.list()) count += stored.manifest.digest == manifest && !stored.name.empty() ? 1U : 0U;
  return count;
}

// Several manifests may name one configuration, and have its id.
std::vector<image::Stored> find_by_id(const image::Store& store, const image::Digest& id) {
  std::vector<image::Stored> found;
  for (const image::Stored& stored : store.list())
    if (const auto image = try_open(store, stored); image && image->id() == id) found.push_back(stored);
  return found;
}

// What was typed is an id, or the digest of the one manifest. An id may be that of images with a name, and of others that have lost it: those
// stay, which have their manifests' digests to be called by.
std::vector<image::Stored> find_by_digest(const image::Store& store, const image::Image& image, const std::string& typed, bool force) {
  std::vector<image::Stored> found = find_by_id(store, image.id());
  if (image.descriptor.digest.hex == typed) std::erase_if(found, [&](const image::Stored& stored) { return stored.manifest.digest != image.descriptor.digest; });
  const auto is_nameless = [](const image::Stored& stored) { return stored.name.empty(); };
  if (!force && !std::all_of(found.begin(), found.end(), is_nameless)) std::erase_if(found, is_nameless);
  return found;
}

void untag(const std::string& name) { commands::print(format("Untagged: {}\n", printable(short_name(name)))); }

// An id that stays with another manifest is not deleted, but this manifest is.
void tell_deleted(const image::Store& store, const image::Digest& manifest, const std::optional<image::Image>& image) {
  if (store.find_stored(manifest.text())) return;
  commands::print(format("Deleted: {}\n", image && find_by_id(store, image->id()).empty() ? image->id().text() : manifest.text()));
}

// Takes one name, or the whole image; tells what was taken as docker does. What is the last name is known when it is gone: others
// give names meanwhile.
void remove(const cli::Invocation& invocation, image::Store& store, const std::string& typed, bool force, bool all_names) {
  const auto known = store.find_stored(typed);
  const std::vector<image::Stored> targets = known ? std::vector{*known} : find_by_digest(store, find_image(invocation, store, typed), typed, force);
  if (targets.empty()) throw Error(format("the image {} was taken away meanwhile", quoted(typed)));
  const image::Stored& target = targets.front();
  const auto image = try_open(store, target);
  const image::Digest& manifest = target.manifest.digest;
  const bool by_name = known && image::is_name_of(typed, target.name);
  const bool last = !by_name || count_names(store, manifest) < 2;
  const auto is_needed = [&](const image::Stored& stored) {
    const auto one = try_open(store, stored);
    return one && is_in_use(store, *one);
  };
  if (last && !force && std::any_of(targets.begin(), targets.end(), is_needed))
    throw Error(format("a container was made on {}", quoted(typed)), format("snug ps --all --filter ancestor={} lists it, and 'snug rm' takes it; --force removes the image all the same", shell_quoted(typed)));
  if (by_name) {
    store.drop_name(target.name);
    untag(target.name);
  } else {
    std::vector<image::Digest> manifests;
    for (const image::Stored& stored : targets) manifests.push_back(stored.manifest.digest);
    for (const std::string& name : store.drop_images(manifests, all_names ? SIZE_MAX : 1)) untag(name);
  }
  tell_deleted(store, manifest, image);
}

std::vector<std::string> all_ids(const image::Store& store) {
  std::vector<std::string> ids;
  for (const image::Stored& stored : store.list())
    if (std::find(ids.begin(), ids.end(), stored.manifest.digest.text()) == ids.end()) ids.push_back(stored.manifest.digest.text());
  return ids;
}

}  // namespace

int rmi(const cli::Invocation& invocation) {
  const cli::Arguments& arguments = invocation.arguments;
  const bool all = arguments.flag("all");
  if (all && !arguments.operands.empty()) throw UsageError("--all and an image cannot be used together");
  if (!all) need_operands(invocation, 1, "an image");
  image::Store store = store_of(invocation);
  int code = 0;
  const bool force = arguments.flag("force");
  for (const std::string& typed : all ? all_ids(store) : arguments.operands) {
    try {
      const std::string name = name_here(invocation, store, typed);
      if ((force || arguments.flag("ignore")) && !store.find_stored(name) && !store.find(name)) continue;
      remove(invocation, store, name, force, force || all);
    } catch (const Error& error) {  // the others are removed all the same
      commands::say(render_error(error));
      code = 1;
    }
  }
  if (!store.exists() || arguments.flag("no-prune")) return code;
  try {
    const sys::Fd lock = lock_for_removal(store);
    for (const std::string& kept : sweep(store, commands::Trees(invocation.environment), resumable, false).kept) commands::say(format("snug: notice: {}\n", kept));
  } catch (const Error& error) {
    commands::say(format("snug: notice: what no image needs is still there: {}\n  hint:  'snug gc' removes it later\n", error.message()));
  }
  return code;
}

}  // namespace snug::image_commands
