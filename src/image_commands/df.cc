#include <set>

#include "functions.hh"
#include "snug/base/json.hh"
#include "snug/base/text.hh"
#include "snug/base/time.hh"
#include "snug/commands/output.hh"
#include "snug/image/contents.hh"
#include "snug/state/container_folder.hh"
#include "snug/sys/file.hh"
#include "store_of.hh"
#include "sweep.hh"

#include <fcntl.h>

namespace snug::image_commands {
namespace {

/// A line of the table.
struct Share {
  const char* name;
  std::size_t count = 0;
  std::uint64_t bytes = 0, unneeded = 0;
};

void add(Share& share, std::uint64_t bytes, bool needed) {
  ++share.count;
  share.bytes += bytes;
  share.unneeded += needed ? 0 : bytes;
}

std::uint64_t file_size(const std::string& path) {
  const auto status = sys::find_status(AT_FDCWD, path.c_str());
  return status ? static_cast<std::uint64_t>(status->st_blocks) * 512 : 0;
}

Share weigh_blobs(const image::Store& store, const image::Usage& usage) {
  Share share{"Blobs"};
  for (const image::Digest& blob : list_blobs(store))
    add(share, file_size(store.blob_path(blob)), !usage.damaged.empty() || usage.blobs.contains(blob));
  return share;
}

Share weigh_layers(const image::Store& store, const image::Usage& usage, const commands::Trees& trees) {
  Share share{"Layers"};
  const std::set<std::string> needed = layers_of_containers(store);
  for (const image::LayerFolder& layer : list_layers(store))
    add(share, trees.size(layer.path, layer.map), !usage.damaged.empty() || usage.has(layer) || needed.contains(layer.path));
  return share;
}

Share weigh_containers(const image::Store& store, const commands::Trees& trees) {
  Share share{"Containers"};
  const std::string path = store.path() + "/containers";
  const std::vector<std::string> abandoned = state::find_leftovers(store.path());
  const sys::Fd folder = sys::try_open(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY);
  if (!folder) return share;
  for (const sys::Entry& entry : sys::list_folder(folder.get())) {
    const std::string container = format("{}/{}", path, entry.name);
    add(share, trees.size(container), std::find(abandoned.begin(), abandoned.end(), container) == abandoned.end());
  }
  return share;
}

Share weigh_unfinished(const image::Store& store, const image::Usage& usage, const commands::Trees& trees) {
  Share share{"Unfinished"};
  for (const std::string& path : list_abandoned(store, 0)) {
    const auto status = sys::find_status(AT_FDCWD, path.c_str());
    add(share, status && S_ISDIR(status->st_mode) ? trees.size(path) : file_size(path), false);
  }
  for (const image::PutAside& blob : list_put_aside(store)) add(share, file_size(blob.path), !usage.damaged.empty() || usage.blobs.contains(blob.digest));
  return share;
}

std::string render_table(const std::vector<Share>& shares) {
  std::vector<std::vector<std::string>> rows{{"TYPE", "COUNT", "SIZE", "RECLAIMABLE"}};
  for (const Share& share : shares) rows.push_back({share.name, format("{}", share.count), render_size(share.bytes), render_size(share.unneeded)});
  return render_columns(rows);
}

std::string render_json(const std::vector<Share>& shares) {
  Json list = Json::array();
  for (const Share& share : shares)
    list.push_back({{"Type", share.name}, {"Count", share.count}, {"Size", share.bytes}, {"Reclaimable", share.unneeded}});
  return snug::render_json(list);
}

}  // namespace

int df(const cli::Invocation& invocation) {
  const image::Store store = store_of(invocation);
  const commands::Trees trees(invocation.environment);
  const image::Usage usage = usage_of(store);
  std::set<image::Digest> manifests;
  for (const image::Stored& stored : store.list()) manifests.insert(stored.manifest.digest);
  const std::vector<Share> shares{weigh_blobs(store, usage), weigh_layers(store, usage, trees), weigh_containers(store, trees), weigh_unfinished(store, usage, trees)};
  for (const std::string& damaged : usage.damaged) commands::say(format("snug: notice: {}\n", damaged));
  commands::print(invocation.arguments.flag("json") ? render_json(shares) : format("{} image{}\n\n", manifests.size(), manifests.size() == 1 ? "" : "s") + render_table(shares));
  return 0;
}

}  // namespace snug::image_commands
