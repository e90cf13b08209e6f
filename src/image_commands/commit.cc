#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <iterator>
#include <optional>

#include "change.hh"
#include "container.hh"
#include "container_settings.hh"
#include "functions.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/base/time.hh"
#include "snug/commands/held_signals.hh"
#include "snug/commands/layers.hh"
#include "snug/commands/output.hh"
#include "snug/image/contents.hh"
#include "snug/probe/cgroup.hh"
#include "snug/probe/host.hh"
#include "snug/runtime/cgroup.hh"
#include "snug/sys/file.hh"
#include "snug/transport/hash.hh"
#include "snug/transport/repack.hh"
#include "store_of.hh"

namespace snug::image_commands {
namespace {

/// A file in staging that is unnamed again unless it becomes a blob.
class LayerFile {
 public:
  explicit LayerFile(const image::Store& store) : file_(image::Staged::open_file(store, "commit-" + sys::random_name())) {}
  ~LayerFile() {
    if (!kept_) ::unlink(file_.path().c_str());
  }
  LayerFile(const LayerFile&) = delete;
  LayerFile& operator=(const LayerFile&) = delete;

  [[nodiscard]] int fd() const noexcept { return file_.fd(); }

  void keep(const image::Store& store, const image::Digest& digest) { kept_ = file_.move_to(store.blob_path(digest)); }

 private:
  image::Staged file_;
  bool kept_ = false;
};

/// Has the processes of a container stand still while it lives. Whoever interrupts this has to wait until they go on.
class Standstill {
 public:
  Standstill(const std::string& store, const state::Record& record) : name_(record.name) {
    const state::State state = state::read_state(store, record.id);
    if (state.phase != state::State::Phase::running) return;
    const std::string& cgroup = state.cgroup;
    if (cgroup.empty()) commands::say(format("snug: notice: the container {} has no cgroup of its own by which it could be paused, and runs on meanwhile\n", quoted(name_)));
    if (cgroup.empty() || probe::is_frozen(cgroup)) return;  // who paused it wants it to stay so
    cgroup_ = cgroup;
    runtime::freeze_cgroup(cgroup_, true);
  }
  ~Standstill() {
    try {
      if (!cgroup_.empty() && sys::find_status(AT_FDCWD, cgroup_.c_str())) runtime::freeze_cgroup(cgroup_, false);  // else all in it has ended
    } catch (const Error& error) {
      commands::say(format("snug: notice: the container {} is still paused: {}\n  hint:  snug unpause {}\n", quoted(name_), error.message(), shell_quoted(name_)));
    }
  }
  Standstill(const Standstill&) = delete;
  Standstill& operator=(const Standstill&) = delete;

 private:
  commands::HeldSignals held_;
  std::string name_, cgroup_;
};

plan::Pack form_of(const Container& container) {
  return container.spec.storage == plan::StorageDriver::fuse_overlayfs ? plan::Pack::fuse_layer : plan::Pack::layer;
}

// Of a copy nobody knows what has changed: all of it becomes the only layer.
void forget_layers(image::Image& image) {
  image.manifest.layers.clear();
  image.config.diff_ids.clear();
  image.config.history.clear();
}

// What a container keeps in the image's volumes is its own, as with docker. Of a copy it cannot be told from what the image had there.
std::vector<std::string> volumes_of(const plan::Spec& spec) {
  std::vector<std::string> volumes;
  if (spec.storage == plan::StorageDriver::copy) return volumes;
  for (const std::string& folder : spec.own_folders)
    if (folder != "/") volumes.push_back(folder.substr(1) + "/");
  return volumes;
}

// A layer of what it wrote; before its first start an archive of nothing, as docker has it.
void write_layer(const Container& container, const std::string& name, int archive) {
  if (container.has_written()) {
    std::vector<std::string> left_out = volumes_of(container.spec);
    // Of what the layers below have, an empty one was emptied; of a copy nobody knows.
    const auto is_made = [&](const char* path) { return !container.record.lowers.empty() && probe::is_missing(container.record.lowers, path); };
    std::copy_if(commands::made_where_missing.begin(), commands::made_where_missing.end(), std::back_inserter(left_out), is_made);
    return commands::pack_layers(container.spec, container.facts, {.name = name, .what = form_of(container), .layers = {{container.record.upper, {}}}, .left_out = left_out}, archive);
  }
  constexpr std::size_t end_of_archive = 1024;
  if (const int error = sys::write_all(archive, std::string(end_of_archive, '\0'))) throw system_error("write the layer", error);
}

// Compressed now, it is never changed again: what is pushed has the digest that it has here.
transport::Compressed pack(const image::Store& store, const Container& container, const cli::Arguments& arguments) {
  const LayerFile plain(store);
  LayerFile layer(store);
  {
    std::optional<Standstill> still;
    if (arguments.flag("pause")) still.emplace(store.path(), container.record);
    write_layer(container, arguments.operands[0], plain.fd());
  }
  transport::Compressed compressed = transport::compress_file(plain.fd(), layer.fd(), image::Compression::gzip);
  layer.keep(store, compressed.blob);
  return compressed;
}

void apply_options(image::Config& config, const cli::Arguments& arguments) {
  const std::string now = render_time(std::time(nullptr));
  const std::string *author = arguments.find("author"), *message = arguments.find("message");
  config.created = now;
  if (author) config.author = *author;
  apply_changes(config.process, arguments);
  config.history.push_back({.created = now, .created_by = "snug commit", .author = config.author, .comment = message ? *message : "", .empty = false});
}

// A history that speaks of fewer layers than there are would give the new line to an older layer.
void complete_history(image::Config& config) {
  std::size_t told = 0;
  for (const image::History& line : config.history) told += line.empty ? 0U : 1U;
  while (told++ < config.diff_ids.size()) config.history.insert(config.history.begin(), image::History{.comment = "the image does not tell"});
}

// 'snug gc --blobs' may have taken them: the image runs, for its layers are unpacked.
void tell_missing(const image::Store& store, const image::Image& base) {
  for (const image::Descriptor& layer : base.manifest.layers) {
    if (store.has_blob(layer.digest, layer.size)) continue;
    commands::say(format("snug: notice: the store lacks the blob {} of the image below, without which this one can be neither saved nor pushed\n", layer.digest.text()));
    if (const auto remedy = remedy_for_blob(store, layer.digest)) commands::say(format("  hint:  {}\n", *remedy));
  }
}

image::Descriptor write_document(image::Store& store, std::string_view media_type, const std::string& text) {
  const image::Digest digest = transport::digest_of(text);
  store.write_blob(digest, text);
  return {.media_type = std::string(media_type), .digest = digest, .size = text.size()};
}

}  // namespace

int commit(const cli::Invocation& invocation) {
  need_operands(invocation, 1, "a container");
  const cli::Arguments& arguments = invocation.arguments;
  const std::string name = arguments.operands.size() < 2 ? "" : new_name(arguments.operands[1]);
  const Container container = find_container(invocation, arguments.operands[0]);
  image::Store store = store_of(invocation);
  const sys::Fd adding = image::lock_shared(store);
  image::Image image = commands::base_of(store, container.record);
  const std::string original = store.read_blob(image.manifest.config.digest, image::largest_config);
  if (container.spec.storage == plan::StorageDriver::copy) forget_layers(image);
  tell_missing(store, image);
  complete_history(image.config);
  take_settings(image.config.process, container.made_with);
  apply_options(image.config, arguments);
  const transport::Compressed layer = pack(store, container, arguments);
  const bool docker = image.manifest.media_type == image::media::docker_manifest;
  const std::string media_type(docker ? image::media::docker_layer_gzip : image::media::layer_gzip);
  image.manifest.layers.push_back({.media_type = media_type, .digest = layer.blob, .size = layer.size});
  image.config.diff_ids.push_back(layer.plain);
  image.manifest.config = write_document(store, image.manifest.config.media_type, change_config(original, image.config));
  const image::Descriptor manifest = write_document(store, image.manifest.media_type, render_manifest(image.manifest));
  store.set_name(name, manifest);
  commands::print(image.manifest.config.digest.text() + "\n");
  return 0;
}

}  // namespace snug::image_commands
