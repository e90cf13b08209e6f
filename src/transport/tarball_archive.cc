#include <algorithm>
#include <optional>
#include <utility>

#include "compress.hh"
#include "extent.hh"
#include "input.hh"
#include "snug/base/text.hh"
#include "snug/transport/archive.hh"
#include "snug/transport/hash.hh"
#include "tar_header.hh"

namespace snug::transport {
namespace {

using image::Compression;
using image::Descriptor;

constexpr std::size_t digest_digits = 64;

std::string_view media_type_of(Compression compression) {
  if (compression == Compression::gzip) return image::media::layer_gzip;
  return compression == Compression::zstd ? image::media::layer_zstd : image::media::layer;
}

// What lies at the top of an archive of images, of each kind and age.
bool is_part_of_image(std::string_view top) {
  return top.ends_with(".json") || top.ends_with(".tar") || top == "oci-layout" || top == "blobs" || top == "repositories" || top.size() == digest_digits;
}

/// Looks whether what goes by begins as a tar archive does, and has more in it than images.
class TarCheck {
 public:
  void add(std::string_view bytes) {
    while (!bytes.empty() && !ended_) {
      const auto passed = static_cast<std::size_t>(std::min<std::uint64_t>(passing_, bytes.size()));
      passing_ -= passed;
      bytes.remove_prefix(passed);
      const std::string_view part = bytes.substr(0, tar_block - header_.size());
      header_ += part;
      bytes.remove_prefix(part.size());
      if (header_.size() == tar_block) check();
    }
  }
  void finish() const {
    if (!checked_) throw Error("it is no tar archive: it ends too early");
    if (marked_ && !has_others_) throw Error("it is an archive of images, and no root file system", "snug load -i FILE");
  }

 private:
  void check() {
    try {
      const auto header = parse_tar_header(header_);
      ended_ = !header;
      if (header) note(*header);
    } catch (const Error& error) {
      if (!checked_) throw Error(format("it is no tar archive: {}", error.message()));
      ended_ = has_others_ = true;  // a dialect: who unpacks it knows more of them
    }
    checked_ = true;
    header_.clear();
  }

  void note(const TarHeader& header) {
    if (header.has_data()) passing_ = header.size + tar_padding(header.size);
    if (!header.is_file() && (header.type < '1' || header.type > '6')) return;  // it tells of the next
    std::string_view top = header.name;
    if (top.starts_with("./")) top.remove_prefix(2);
    if (top == "manifest.json" || top == "oci-layout") marked_ = true;
    top = top.substr(0, top.find('/'));
    has_others_ = has_others_ || (!top.empty() && !is_part_of_image(top));
  }

  std::string header_;
  std::uint64_t passing_ = 0;
  bool checked_ = false, ended_ = false, marked_ = false, has_others_ = false;
};

class TarballSource : public Source {
 public:
  TarballSource(std::string path, Input input, image::Config config) : path_(std::move(path)), input_(std::move(input)) {
    const Descriptor layer = measure(config);
    config_ = image::render_config(config);
    const Descriptor described{.media_type = std::string(image::media::config), .digest = digest_of(config_), .size = config_.size()};
    manifest_ = image::render_manifest({.media_type = std::string(image::media::manifest), .config = described, .layers = {layer}});
  }

  std::string name() const override { return "tar:" + path_; }
  Text manifest(const std::optional<image::Digest>& /*digest*/) override { return {manifest_, std::string(image::media::manifest)}; }

  void read_blob(const Descriptor& blob, const Resumption& begin, const std::function<void()>& /*restart*/, const Sink& sink) override {
    if (blob.media_type == image::media::config) sink(std::string_view(config_).substr(begin.from));
    else read_extent(whole(), begin.from, sink);
  }

 private:
  [[nodiscard]] Extent whole() const { return {input_.file.get(), 0, input_.size}; }

  /// Reads all of it once, for the digests that the documents have to name.
  Descriptor measure(image::Config& config) const {
    const Compression compression = find_compression(read_text({input_.file.get(), 0, std::min<std::uint64_t>(input_.size, 4)}, 4));
    Hasher blob, plain;
    TarCheck check;
    const auto take_plain = [&](std::string_view bytes) {
      check.add(bytes);
      plain.add(bytes);
    };
    std::optional<Inflater> inflater;
    if (compression != Compression::none) inflater.emplace(compression, [&](const Piece& piece) { take_plain(piece->view()); });
    read_extent(whole(), 0, [&](std::string_view bytes) {
      blob.add(bytes);
      if (inflater) inflater->add(bytes);
      else take_plain(bytes);
    });
    if (inflater) inflater->finish();
    check.finish();
    config.diff_ids = {plain.finish()};
    return {.media_type = std::string(media_type_of(compression)), .digest = blob.finish(), .size = input_.size};
  }

  std::string path_;
  Input input_;
  std::string config_, manifest_;
};

}  // namespace

std::unique_ptr<Source> open_tarball_source(const std::string& path, image::Config config, const image::Store& store) {
  sys::Fd file = open_input(path);
  try {
    if (is_folder(file.get())) throw Error("it is a folder, not an archive", format("tar -C {} -c . | snug import -", shell_quoted(path)));
    return std::make_unique<TarballSource>(path, make_seekable(std::move(file), Keep::as_it_is, store), std::move(config));
  } catch (Error& error) {
    throw error.during(format("reading {}", quoted(path)));
  }
}

}  // namespace snug::transport
