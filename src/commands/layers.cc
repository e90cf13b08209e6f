#include "snug/commands/layers.hh"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/resource.h>

#include <algorithm>
#include <utility>

#include "account.hh"
#include "planning.hh"
#include "settings.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/image/store.hh"
#include "snug/plan/plan.hh"
#include "snug/sys/file.hh"
#include "unpacking.hh"

namespace snug::commands {
plan::Spec read_id_map(const cli::Invocation& invocation) {
  cli::Arguments chosen;
  for (const cli::Given& given : invocation.arguments.options)
    if (std::any_of(id_map_option_set.options.begin(), id_map_option_set.options.end(), [&](const auto& one) { return one.name == given.option->name; }))
      chosen.options.push_back(given);
  plan::Spec all = read_spec({chosen, invocation.environment, invocation.folder, invocation.command, {}});
  plan::Spec spec{.rootfs = {.kind = plan::Rootfs::Kind::archive}, .id_map = std::move(all.id_map)};
  spec.namespaces.user = std::move(all.namespaces.user);
  return spec;
}

plan::WriteIdMaps id_maps_of(const plan::Spec& spec, const plan::HostFacts& facts) { return accepted(plan::make_id_maps(spec, facts)); }

std::string layer_map(const plan::WriteIdMaps& maps) {
  return image::Store::map_name(plan::map_lines(maps.uids), plan::map_lines(maps.gids));
}

std::string unpack_layer(const plan::Spec& spec, const plan::HostFacts& facts, const std::string& name, int archive, const std::string& folder) {
  const plan::Plan plan = accepted(plan::make_unpack_plan(spec, facts, plan::Unpack::layer));
  std::string layer = name;
  std::replace(layer.begin(), layer.end(), ':', '-');
  const std::string path = account_path(folder, layer);
  const sys::Fd told = sys::open(AT_FDCWD, path, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  run_layer_program(plan, facts, {"unpack", name, archive, told.get(), folder});
  const std::string text = sys::read_all(sys::open(AT_FDCWD, path, O_RDONLY | O_NOFOLLOW).get(), longest_account);
  return text.substr(0, std::min(text.size(), text.find('\n') + 1));
}

void allow_descriptors(std::size_t layers) {
  constexpr rlim_t others = 64;
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur >= 2 * layers + others) return;
  files.rlim_cur = std::min<rlim_t>(files.rlim_max, 2 * layers + others);
  ::setrlimit(RLIMIT_NOFILE, &files);
}

namespace {

// The kernel takes no more folders than that. Past it the modes of some folders are not what they should be, which is better than no start.
constexpr std::size_t most_layers = 500;

bool add_seam(Layers& layers, const image::Store& store, const std::string& map, const image::Digest& image) {
  sys::Fd seam = store.use_seam(map, image);
  if (!seam) return false;
  if (layers.roots.size() < most_layers && sys::find_status(seam.get(), "root")) layers.roots.insert(layers.roots.begin(), store.seam_path(map, image) + "/root");
  layers.locks.push_back(std::move(seam));
  return true;
}

}  // namespace

// A layer that is there twice has its say where it is first seen from above; overlayfs takes no folder twice.
std::optional<Layers> find_bare_layers(const image::Store& store, const std::string& map, const image::Image& image) {
  Layers layers;
  const auto& ids = image.config.diff_ids;
  allow_descriptors(ids.size());
  for (auto id = ids.rbegin(); id != ids.rend(); ++id) {
    if (std::find(ids.rbegin(), id, *id) != id) continue;
    sys::Fd lock = store.use_layer(map, *id);
    if (!lock) return {};
    layers.locks.push_back(std::move(lock));
    layers.roots.push_back(store.layer_path(map, *id) + "/root");
    if (probe::hides_lower_layers(layers.roots.back())) break;
  }
  return layers;
}

std::optional<Layers> find_layers(const image::Store& store, const std::string& map, const image::Image& image) {
  auto layers = find_bare_layers(store, map, image);
  if (layers && layers->roots.size() > 1 && !add_seam(*layers, store, map, image.id())) return {};
  return layers;
}

image::Image base_of(const image::Store& store, const state::Record& record) {
  if (record.manifest.empty())
    throw Error(format("the container {} was not made from an image", quoted(record.name)), "'snug export' writes its files, and 'snug import' makes an image of them");
  for (const image::Stored& stored : store.list())
    if (stored.manifest.digest.text() == record.manifest) return store.open(stored);
  throw Error(format("the image {} that the container was made from is no longer there", quoted(record.image)), "'snug export' gives its files all the same");
}

std::string find_image_id(const std::string& store, const state::Record& record) {
  const auto digest = image::parse_digest(record.manifest);
  if (!digest) return {};
  try {
    const auto document = image::parse_manifest(image::Store(store).read_blob(*digest, image::largest_manifest));
    const auto* manifest = std::get_if<image::Manifest>(&document);
    return manifest ? manifest->config.digest.text() : std::string();
  } catch (const Error&) {
    return {};
  }
}

// The lock is on the folder that a layer's root is in.
std::vector<sys::Fd> hold_layers(const std::vector<std::string>& roots) {
  std::vector<sys::Fd> held;
  allow_descriptors(roots.size());
  for (const std::string& root : roots) {
    held.push_back(sys::try_open(AT_FDCWD, root.substr(0, root.rfind('/')).c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    if (!held.back() || ::flock(held.back().get(), LOCK_SH | LOCK_NB) != 0)
      throw Error(format("the layer {}, on which the container was made, is gone", quoted(root)), "pulling the image again brings it back");
  }
  return held;
}

void pack_layers(const plan::Spec& spec, const plan::HostFacts& facts, const Packing& what, int archive) {
  const plan::Plan plan = accepted(plan::make_pack_plan(spec, facts, what.what, what.layers, what.left_out));
  const sys::Fd nothing = sys::open(AT_FDCWD, "/dev/null", O_RDONLY);
  run_layer_program(plan, facts, {"pack", what.name, nothing.get(), archive, {}});
}

}  // namespace snug::commands
