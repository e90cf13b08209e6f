#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "snug/image/store.hh"
#include "snug/transport/hash.hh"
#include "snug/transport/transport.hh"

namespace snug::test {

/// A folder of its own below the one for temporary files, and a store in it.
struct TestStore {
  TestStore();
  ~TestStore();
  TestStore(const TestStore&) = delete;
  TestStore& operator=(const TestStore&) = delete;

  /// Writes a file into the folder and gives its path.
  std::string write(const std::string& name, const std::string& content) const;
  /// The names in STORE/staging.
  [[nodiscard]] std::vector<std::string> staged() const;

  std::filesystem::path folder;
  image::Store store;
};

[[nodiscard]] std::string gzip(const std::string& plain, int level = 6);
/// `window_log`: of the window it asks for; 0: what is usual.
[[nodiscard]] std::string zstd(const std::string& plain, int window_log = 0);
/// Bytes that do not compress, the same for the same seed.
[[nodiscard]] std::string noise(std::size_t size, unsigned seed = 1);

/// An image in memory.
class MemorySource : public transport::Source {
 public:
  /// Adds a layer: what is sent, and what it unpacks to.
  void add_layer(const std::string& blob, const std::string& plain, std::string_view media_type);
  /// Makes the configuration and the manifest, after the layers.
  void make();

  [[nodiscard]] std::string name() const override { return "memory"; }
  [[nodiscard]] transport::Text manifest(const std::optional<image::Digest>& digest) override;
  void read_blob(const image::Descriptor& blob, const transport::Resumption& begin, const std::function<void()>& restart, const transport::Sink& sink) override;

  image::Manifest document{.media_type = std::string(image::media::manifest), .config = {}, .layers = {}};
  image::Config config;
  std::map<std::string, std::string> texts, blobs;  ///< by their digests, which tests falsify
  transport::Text top;
  std::size_t chunk = 10000;
  std::vector<std::uint64_t> starts;  ///< where reading layers began
  bool restarts = false;              ///< cannot go on
  std::size_t breaks_after = ~std::size_t{0};  ///< bytes until the connection breaks
  int asked = 0;

 private:
  std::mutex mutex_;
};

/// What was unpacked, in which way it ended.
struct Unpacked {
  std::string bytes;
  enum class End { open, finished, thrown_away } end = End::open;
};

/// Reads its pipe in a thread. `stops_after` bytes it closes the pipe.
[[nodiscard]] std::unique_ptr<transport::Unpacking> collect(std::shared_ptr<Unpacked> into, std::size_t stops_after = ~std::size_t{0});

/// What `work` throws as a text: "MESSAGE | CONTEXT…"; empty: nothing.
[[nodiscard]] std::string thrown(const std::function<void()>& work);

}  // namespace snug::test
