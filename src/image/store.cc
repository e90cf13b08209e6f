#include "snug/image/store.hh"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>

#include "snug/base/error.hh"
#include "snug/base/json.hh"
#include "sha2.hh"
#include "snug/base/text.hh"
#include "snug/image/contents.hh"
#include "snug/sys/file.hh"
#include "store_folder.hh"

namespace snug::image {
namespace {

using sys::Fd;

constexpr std::string_view name_key = "org.opencontainers.image.ref.name";
constexpr const char* former_index = "/images/index.json.old";
constexpr std::size_t largest_index = std::size_t{64} << 20U;

std::string name_of(const Descriptor& descriptor) {
  const auto found = descriptor.annotations.find(std::string(name_key));
  return found == descriptor.annotations.end() ? std::string() : found->second;
}

// Something else of that name, a FIFO say, would have its reader wait, perhaps for ever.
Fd try_open_file(const std::string& path) {
  Fd fd = sys::try_open(AT_FDCWD, path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  if (const auto status = fd ? sys::find_status(fd.get(), "") : std::nullopt; status && !S_ISREG(status->st_mode)) throw Error(format("{} is no file", quoted(path)));
  return fd;
}

// What index.json says; empty where there is no store. Blobs without an index are no empty store: whoever took them for one
// would sweep them out.
Index read_index(const std::string& path) {
  const std::string file = path + "/images/index.json";
  const Fd fd = try_open_file(file);
  if (!fd && errno == ENOENT && !has_any_blob(path)) return {std::string(media::index), {}};
  if (!fd && errno == ENOENT) throw Error(format("{} is missing", quoted(file)), "snug gc --check makes it anew");
  if (!fd) throw system_error(format("open {}", quoted(file)), errno);
  try {
    return parse_index(sys::read_all(fd.get(), largest_index));
  } catch (Error& error) {
    throw Error(format("{} is damaged: {}", quoted(file), error.message()), "snug gc --check mends what can be mended");
  }
}

// The index before, from which names are taken where this one is damaged. That it is not there is no reason to stop.
void keep_former(const std::string& path) {
  const std::string file = path + "/images/index.json", former = path + former_index;
  ::unlink(former.c_str());
  static_cast<void>(::link(file.c_str(), former.c_str()) != 0);
}

void write_index(const std::string& path, const Index& index) {
  const Fd images = sys::open(AT_FDCWD, path + "/images", O_RDONLY | O_DIRECTORY);
  const std::string text = render_index(index);
  if (text.size() > largest_index) throw Error(format("the store has as many names as its index takes, {} bytes", largest_index), "'snug rmi' takes names away");
  try {
    sys::replace_file(images.get(), "index.json", text);
  } catch (const Error&) {
    // On a full disk nothing could be removed, for want of the room to say so.
    if (!drop_reserve(path)) throw;
    sys::replace_file(images.get(), "index.json", text);
  }
  keep_reserve(path, 2 * text.size());
}

bool is_same(const Descriptor& one, const Digest& manifest) { return one.digest == manifest; }

bool is_hex(std::string_view text) { return !text.empty() && text.find_first_not_of("0123456789abcdef") == std::string_view::npos; }

}  // namespace

std::optional<Digest> list_of(const Descriptor& manifest) {
  const auto found = manifest.annotations.find(std::string(list_key));
  return found == manifest.annotations.end() ? std::nullopt : parse_digest(found->second);
}

Store::Store(std::string path) : path_(std::move(path)) {}

bool Store::exists() const { return sys::find_status(AT_FDCWD, (path_ + "/images").c_str()).has_value(); }

std::vector<Stored> Store::list() const {
  std::vector<Stored> images;
  for (Descriptor& descriptor : read_index(path_).manifests) {
    std::string name = name_of(descriptor);
    images.push_back({std::move(name), std::move(descriptor)});
  }
  return images;
}

std::string remedy_for(const Stored& stored) {
  if (stored.name.empty()) return format("'snug rmi {}' removes it", stored.manifest.digest.text());
  const std::string name = shell_quoted(printable(stored.name));
  return stored.manifest.annotations.contains(std::string(origin_key)) ? format("'snug pull {}' brings it anew", name)
                                                                       : format("it came from no registry: load or make it again; 'snug rmi {}' removes it", name);
}

Image Store::open(const Stored& stored) const {
  Image image{.name = stored.name, .descriptor = stored.manifest, .manifest = {}, .config = {}};
  try {
    auto document = parse_manifest(read_blob(image.descriptor.digest, largest_manifest), image.descriptor.media_type);
    if (const auto* index = std::get_if<Index>(&document)) {  // of somebody else who wrote into this layout
      image.descriptor = choose_platform(*index, own_platform());
      document = parse_manifest(read_blob(image.descriptor.digest, largest_manifest), image.descriptor.media_type);
    }
    if (!std::holds_alternative<Manifest>(document)) throw Error("its list of images names another list");
    image.manifest = std::get<Manifest>(std::move(document));
    image.config = parse_config(read_blob(image.manifest.config.digest, largest_config));
    if (image.config.diff_ids.size() != image.manifest.layers.size())
      throw Error(format("it has {} layers, and its configuration speaks of {}", image.manifest.layers.size(), image.config.diff_ids.size()));
    return image;
  } catch (const Error& error) {
    const std::string name = stored.name.empty() ? stored.manifest.digest.text() : stored.name;
    throw Error(error.message(), remedy_for(stored)).during(format("reading the image {}", quoted(name)));
  }
}

namespace {

// "sha256" of a digest, or of its first letters; empty: none was typed.
std::string_view typed_algorithm(std::string_view text) {
  const std::string_view word = text.substr(0, text.find(':'));
  return word.size() < text.size() && std::find(algorithms.begin(), algorithms.end(), word) != algorithms.end() ? word : std::string_view();
}

// By letters of an id, or by the digest of a manifest or a configuration. Of several manifests with one id one that has a name.
std::optional<Image> find_by_digest(const Store& store, const std::vector<Stored>& images, std::string_view text) {
  const std::string_view algorithm = typed_algorithm(text), hex = algorithm.empty() ? text : text.substr(algorithm.size() + 1);
  const auto is_of_kind = [&](const Digest& digest) { return algorithm.empty() || digest.algorithm == algorithm; };
  constexpr std::size_t fewest = 4;  // letters: one alone may have been meant for a name
  if (!is_hex(hex) || hex.size() < fewest) return {};
  std::optional<Image> found;
  for (const Stored& stored : images) {
    Image image;
    try {
      image = store.open(stored);
    } catch (const Error&) {
      continue;  // one damaged image must not hide the others
    }
    const bool is_id = image.id().hex.starts_with(hex) && is_of_kind(image.id());
    if (!is_id && !(stored.manifest.digest.hex == hex && is_of_kind(stored.manifest.digest))) continue;
    if (found && found->id() != image.id()) throw UsageError(format("{} fits more than one image", quoted(text)), "type more of the id");
    if (!found || found->name.empty()) found = std::move(image);
  }
  return found;
}

// What the name may mean, the likeliest first: of a list of images its name has one, and others of it may be here, too. What is localhost's,
// or was written otherwise by another program, is meant where nothing else is.
std::vector<const Stored*> find_by_name(const std::vector<Stored>& images, const Reference& reference) {
  std::vector<const Stored*> found;
  const auto add_where = [&](const auto& is_it) {
    for (const Stored& stored : images)
      if (is_it(stored)) found.push_back(&stored);
  };
  add_where([whole = render_reference(reference)](const Stored& stored) { return stored.name == whole; });
  if (reference.digest) {
    const std::string repository = format("{}/{}", reference.registry, reference.repository);
    const auto is_of_it = [&](std::string_view name) { return name.starts_with(repository) && name.substr(repository.size()).find_first_of(":@") == 0; };
    add_where([&](const Stored& stored) { return (stored.manifest.digest == *reference.digest || list_of(stored.manifest) == reference.digest) && is_of_it(stored.name); });
  }
  if (!found.empty() || reference.digest) return found;
  if (reference.short_name) add_where([local = "localhost/" + familiar_name(reference)](const Stored& stored) { return stored.name == local; });
  if (found.empty()) add_where([&](const Stored& stored) { return means(stored.name, reference); });
  return found;
}

}  // namespace

std::optional<Image> Store::find(std::string_view name, const std::function<bool(const Image&)>& is_wanted) const {
  const std::vector<Stored> images = list();
  const auto wanted = [&](std::optional<Image> image) { return image && is_wanted && !is_wanted(*image) ? std::nullopt : std::move(image); };
  const bool only_id = !typed_algorithm(name).empty() || (is_hex(name) && name.size() == 64);
  if (!only_id) {
    const std::vector<const Stored*> named = find_by_name(images, parse_reference(name));
    std::exception_ptr damaged;
    for (const Stored* stored : named) {
      try {
        if (auto image = wanted(open(*stored))) return image;
      } catch (const Error&) {  // the others of a list may be whole
        if (!damaged) damaged = std::current_exception();
      }
    }
    if (damaged) std::rethrow_exception(damaged);
    if (!named.empty()) return {};
  }
  return wanted(find_by_digest(*this, images, name));
}

std::optional<Stored> Store::find_stored(std::string_view name) const {
  const std::vector<Stored> images = list();
  const auto digest = parse_digest(name);
  for (const Stored& stored : images)
    if (digest && stored.manifest.digest == *digest) return stored;
  try {
    const auto named = find_by_name(images, parse_reference(name));
    const auto is_own = [](const Stored* stored) { return stored->manifest.platform && serves(*stored->manifest.platform, own_platform()); };
    const auto found = std::find_if(named.begin(), named.end(), is_own);
    if (!named.empty()) return found == named.end() ? *named.front() : **found;
  } catch (const UsageError&) {  // an id
  }
  return {};
}

void Store::set_name(const std::string& name, const Descriptor& manifest) {
  make_store(path_);
  const Fd lock = lock_index(path_);
  Index index = read_index(path_);
  auto& all = index.manifests;
  std::optional<Descriptor> loser;
  std::optional<Digest> list = list_of(manifest);
  std::erase_if(all, [&](const Descriptor& one) {
    const bool mine = !name.empty() && name_of(one) == name;
    if (mine && one.digest != manifest.digest) loser = one;
    else if (mine && !list) list = list_of(one);  // brought once more, and not by its list
    return mine || (is_same(one, manifest.digest) && name_of(one).empty());
  });
  const auto is_there = [&](const Digest& digest) {
    return std::any_of(all.begin(), all.end(), [&](const Descriptor& one) { return is_same(one, digest); });
  };
  if (loser && !is_there(loser->digest)) {
    loser->annotations.clear();
    all.push_back(*loser);
  }
  if (!name.empty() || !is_there(manifest.digest)) {
    all.push_back({.media_type = manifest.media_type, .digest = manifest.digest, .size = manifest.size, .platform = manifest.platform});
    if (!name.empty()) all.back().annotations.emplace(name_key, name);
    if (manifest.annotations.contains(std::string(origin_key))) all.back().annotations.emplace(origin_key, "registry");
    if (list) all.back().annotations.emplace(list_key, list->text());
  }
  keep_former(path_);
  write_index(path_, index);
}

bool Store::drop_name(const std::string& name) {
  const Fd lock = lock_index(path_);
  Index index = read_index(path_);
  const auto dropped = std::erase_if(index.manifests, [&](const Descriptor& one) { return name_of(one) == name; });
  if (!dropped) return false;
  keep_former(path_);
  write_index(path_, index);
  return true;
}

std::vector<std::string> Store::drop_images(const std::vector<Digest>& manifests, std::size_t most_names) {
  const Fd lock = lock_index(path_);
  Index index = read_index(path_);
  const auto is_meant = [&](const Descriptor& one) { return std::find(manifests.begin(), manifests.end(), one.digest) != manifests.end(); };
  std::vector<std::string> names;
  for (const Descriptor& one : index.manifests)
    if (is_meant(one) && !name_of(one).empty()) names.push_back(name_of(one));
  if (names.size() > most_names)
    throw Error(format("the image has {} names: {}", names.size(), printable(join(names, ", "))), "remove them one by one, or all with --force");
  if (!std::erase_if(index.manifests, is_meant)) return names;
  keep_former(path_);
  write_index(path_, index);
  return names;
}

std::vector<Descriptor> Store::list_former() const {
  const auto text = sys::find_file_text((path_ + former_index).c_str(), largest_index);
  try {
    return text ? parse_index(*text).manifests : std::vector<Descriptor>();
  } catch (const Error&) {
    return {};
  }
}

bool Store::check_layout(bool mend) {
  const Fd images = sys::open(AT_FDCWD, path_ + "/images", O_RDONLY | O_DIRECTORY);
  const auto text = sys::find_file_text((path_ + "/images/oci-layout").c_str());
  if (text && text->find("\"imageLayoutVersion\"") != std::string::npos) return true;
  if (mend) sys::replace_file(images.get(), "oci-layout", layout_text);
  return false;
}

void Store::rebuild(const std::vector<Descriptor>& manifests) {
  make_store(path_);
  const Fd lock = lock_index(path_);
  const std::string file = path_ + "/images/index.json", damaged = file + ".damaged";
  ::unlink(damaged.c_str());
  if (::link(file.c_str(), damaged.c_str()) != 0 && errno != ENOENT) throw system_error(format("keep {}", quoted(damaged)), errno);
  write_index(path_, {std::string(media::index), manifests});
}

std::string Store::blob_path(const Digest& digest) const { return format("{}/{}", blobs_folder(path_, digest.algorithm), digest.hex); }

bool Store::has_blob(const Digest& digest, std::uint64_t size) const {
  const auto status = sys::find_status(AT_FDCWD, blob_path(digest).c_str());
  return status && S_ISREG(status->st_mode) && static_cast<std::uint64_t>(status->st_size) == size;
}

Fd Store::open_blob(const Digest& digest) const {
  Fd fd = try_open_file(blob_path(digest));
  if (!fd && errno == ENOENT)
    throw Error(format("the blob {} is not in the store", digest.text()), remedy_for_blob(*this, digest).value_or("no image that is here says which registry has it"));
  if (!fd) throw system_error(format("open the blob {}", digest.text()), errno);
  return fd;
}

std::string Store::read_blob(const Digest& digest, std::uint64_t limit) const {
  std::string text;
  try {
    text = sys::read_all(open_blob(digest).get(), limit);
  } catch (Error& error) {
    throw error.during(format("reading the blob {}", digest.text()));
  }
  if ((digest.algorithm == "sha512" ? sha512(text) : sha256(text)) != digest.hex)
    throw Error(format("the blob {} is damaged: its content has another digest", digest.text()), "'snug gc --check' tells what that costs");
  return text;
}

void Store::write_blob(const Digest& digest, std::string_view content) {
  make_store(path_);
  const Fd folder = sys::open(AT_FDCWD, blobs_folder(path_, digest.algorithm), O_RDONLY | O_DIRECTORY);
  sys::replace_file(folder.get(), digest.hex, content);
}

std::string Store::map_name(std::string_view uid_map, std::string_view gid_map) {
  constexpr std::size_t longest = 200;
  const auto joined = [](std::string_view map) {
    std::string text;
    for (const std::string_view line : lines(map)) {
      std::vector<std::string> words = split(line, ' ');
      std::erase(words, "");
      text += (text.empty() ? "" : "+") + join(words, "-");
    }
    return text;
  };
  const std::string uids = joined(uid_map), gids = joined(gid_map);
  const std::string name = uids == gids ? uids : format("{}_{}", uids, gids);
  if (name.size() > longest || name.find_first_not_of("0123456789-+_") != std::string::npos)
    throw Error("the id map has too many ranges for layers of its own", "fewer ranges serve; --userns root has two");
  return name;
}

std::string Store::layer_path(const std::string& map, const Digest& diff_id) const {
  return format("{}/layers/{}/{}-{}", path_, map, diff_id.algorithm, diff_id.hex);
}

bool Store::has_layer(const std::string& map, const Digest& diff_id) const {
  return sys::find_status(AT_FDCWD, layer_path(map, diff_id).c_str()).has_value();
}

std::string Store::seam_path(const std::string& map, const Digest& image) const {
  return format("{}/layers/{}/seam-{}-{}", path_, map, image.algorithm, image.hex);
}

namespace {

Fd use_folder(const std::string& path) {
  Fd folder = sys::try_open(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!folder || ::flock(folder.get(), LOCK_SH | LOCK_NB) != 0) return {};
  // Whoever removes a layer locks it and moves it away first: it may be gone since it was opened.
  const auto held = sys::find_status(folder.get(), ""), there = sys::find_status(AT_FDCWD, path.c_str());
  return held && there && held->st_ino == there->st_ino && held->st_dev == there->st_dev ? std::move(folder) : Fd();
}

}  // namespace

Fd Store::use_layer(const std::string& map, const Digest& diff_id) const { return use_folder(layer_path(map, diff_id)); }

Fd Store::use_seam(const std::string& map, const Digest& image) const { return use_folder(seam_path(map, image)); }

}  // namespace snug::image
