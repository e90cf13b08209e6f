#include <algorithm>

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

std::vector<std::string> names_of(const image::Store& store, const image::Digest& manifest) {
  std::vector<std::string> names;
  for (const image::Stored& stored : store.list())
    if (stored.manifest.digest == manifest && !stored.name.empty()) names.push_back(stored.name);
  return names;
}

// Whether a container runs on the image, or on a layer that no other image has.
bool is_in_use(const image::Store& store, const image::Image& image) {
  for (const state::Record& record : state::list_records(store.path()))
    if (record.manifest == image.descriptor.digest.text() && state::is_running(store.path(), record)) return true;
  std::vector<image::Digest> own = image.config.diff_ids;
  for (const image::Stored& other : store.list()) {
    if (other.manifest.digest == image.descriptor.digest) continue;
    for (const image::Digest& shared : store.open(other).config.diff_ids) std::erase(own, shared);
  }
  for (const image::LayerFolder& layer : list_layers(store))
    if (std::find(own.begin(), own.end(), layer.diff_id) != own.end() && image::is_used(layer)) return true;
  return false;
}

// Takes one name, or the whole image; tells what was taken as docker does.
void remove(image::Store& store, const std::string& typed, bool force) {
  const image::Image image = find_image(store, typed);
  const std::vector<std::string> names = names_of(store, image.descriptor.digest);
  const bool by_id = !image::is_name_of(typed, image.name);
  if (by_id && names.size() > 1 && !force)
    throw Error(format("{} has {} names: {}", quoted(typed), names.size(), printable(join(names, ", "))), "remove them one by one, or all with --force");
  const bool last = by_id || names.size() < 2;
  if (last && !force && is_in_use(store, image)) throw Error(format("a container runs on {}", quoted(typed)), "end it first; --force takes the name all the same");
  for (const std::string& name : by_id ? names : std::vector<std::string>{image.name}) {
    store.drop_name(name);
    commands::print(format("Untagged: {}\n", printable(short_name(name))));
  }
  if (!last) return;
  store.drop_image(image.descriptor.digest);
  commands::print(format("Deleted: {}\n", image.id().text()));
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
  for (const std::string& name : all ? all_ids(store) : arguments.operands) {
    try {
      remove(store, name, all || arguments.flag("force"));
    } catch (const Error& error) {  // the others are removed all the same
      commands::say(render_error(error));
      code = 1;
    }
  }
  if (!store.exists()) return code;
  try {
    for (const std::string& kept : sweep(store, Trees(invocation), resumable, false).kept) commands::say(format("snug: notice: {}\n", kept));
  } catch (const Error& error) {
    commands::say(format("snug: notice: what no image needs is still there: {}\n  hint:  'snug gc' removes it later\n", error.message()));
  }
  return code;
}

}  // namespace snug::image_commands
