#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "snug/cli/command.hh"
#include "snug/image/store.hh"
#include "snug/transport/transport.hh"

namespace snug::image_commands {

/// Which descriptor of 'unpack-layer --verdict' tells that all was written and was what it should be: one byte does. The end
/// of file without it says that the layer is to be thrown away.
inline constexpr int verdict_descriptor = 3;

/// A layer that 'snug-image unpack-layer' unpacks, in a process of its own, because walls are raised by a program with one
/// thread. finish() gives the layer its name. Who gets EPIPE while it writes calls finish() all the same: it throws what
/// the other process said. When this process dies the other reads the end of its input, and removes what it made.
class LayerProcess final : public transport::Unpacking {
 public:
  /// Starts it with `words`, which follow the program's name, and adds to `foreign` how many entries had owners that are not mapped.
  /// Throws. Runs in any thread.
  LayerProcess(std::vector<std::string> words, const Environment& environment, std::shared_ptr<std::atomic<std::uint64_t>> foreign);
  ~LayerProcess() override;
  LayerProcess(const LayerProcess&) = delete;
  LayerProcess& operator=(const LayerProcess&) = delete;

  [[nodiscard]] int input() const noexcept override { return input_.get(); }
  void finish() override;

  /// Gives what the process printed, after finish().
  [[nodiscard]] const std::string& output() const noexcept { return output_; }

 private:
  [[nodiscard]] int wait() noexcept;

  std::shared_ptr<std::atomic<std::uint64_t>> foreign_;
  sys::Fd input_, verdict_, answer_, talk_;
  pid_t pid_ = -1;
  std::string output_;
};

/// Starts the unpacking of layers for the id map that the options of a command choose (commands::id_map_option_set).
/// From then on SIGPIPE is ignored: a broken pipe is an error of the writer's call.
class Unpacker {
 public:
  /// Reads the configuration and the host's facts. `invocation` must outlive it.
  explicit Unpacker(const cli::Invocation& invocation);

  /// Gives MAP of image::Store::layer_path.
  [[nodiscard]] const std::string& map() const noexcept { return map_; }

  /// Makes the image ready for this id map, once its layers are unpacked: commands::settle_seam. Tells which owners it lost by that.
  void settle(const image::Image& image) const;

  /// Starts to unpack a layer; null where it is unpacked already. Throws. May be called by several threads at once.
  [[nodiscard]] std::unique_ptr<LayerProcess> start(const image::Digest& diff_id) const;

 private:
  const cli::Invocation& invocation_;
  image::Store store_;
  std::string map_;
  bool one_id_ = false;
  std::shared_ptr<std::atomic<std::uint64_t>> foreign_ = std::make_shared<std::atomic<std::uint64_t>>(0);
};

}  // namespace snug::image_commands
