#include "own_source.hh"

#include <unistd.h>

#include <cerrno>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/image/contents.hh"

namespace snug::image_commands {
namespace {

class OwnSource final : public transport::Source {
 public:
  OwnSource(const image::Store& store, const image::Stored& stored) : store_(store), stored_(stored) {}

  std::string name() const override { return stored_.name.empty() ? stored_.manifest.digest.text() : stored_.name; }

  transport::Text manifest(const std::optional<image::Digest>& digest) override {
    const image::Digest& which = digest ? *digest : stored_.manifest.digest;
    return {store_.read_blob(which, image::largest_manifest), digest ? "" : stored_.manifest.media_type, which};
  }

  // Who asks for a blob that lies in the store has found that it is damaged there, and taken it away.
  void read_blob(const image::Descriptor& blob, const transport::Resumption&, const std::function<void()>&, const transport::Sink&) override {
    throw Error(format("the blob {} of the store is damaged or missing", blob.digest.text()),
                image::remedy_for_blob(store_, blob.digest).value_or("no image that is here says which registry has it"));
  }

 private:
  const image::Store& store_;
  image::Stored stored_;
};

}  // namespace

std::unique_ptr<transport::Source> open_own_source(const image::Store& store, const image::Stored& stored) {
  return std::make_unique<OwnSource>(store, stored);
}

}  // namespace snug::image_commands
