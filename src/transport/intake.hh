#pragma once

#include <cstdint>
#include <optional>
#include <tuple>

#include "compress.hh"
#include "pipeline.hh"
#include "snug/transport/hash.hh"
#include "snug/transport/transport.hh"

namespace snug::transport {

/// A layer, as the manifest and the configuration of its image have it.
struct Layer {
  image::Descriptor blob;
  image::Digest diff_id;
  image::Compression compression = image::Compression::none;
  auto operator<=>(const Layer& other) const { return key() <=> other.key(); }
  bool operator==(const Layer& other) const { return key() == other.key(); }

 private:
  [[nodiscard]] std::tuple<const image::Digest&, const image::Digest&, image::Compression> key() const { return {blob.digest, diff_id, compression}; }
};

/// Takes in the blob of a layer, which a stranger gives. Each of these has a thread of its own:
///
///     add() ─┬─> hash, and write into the file
///            └─> inflate ─┬─> hash
///                         └─> the pipe of an unpacking
///
/// Throws Damaged for what is not what it should be. Everything that it holds is bounded: some MiB.
class Intake {
 public:
  /// `large_window`: what a layer with a large window has to have (compress.hh).
  /// Writes into `file` (none: -1) what lies behind the first `written` bytes, which are there already. `unpacking` may be null. All
  /// must outlive it. Once `stop` is requested, add() and finish() throw Stopped.
  Intake(std::stop_token stop, Slot& large_window, const Layer& layer, int file, std::uint64_t written, Unpacking* unpacking);
  ~Intake() { crew_.stop(); }
  Intake(const Intake&) = delete;
  Intake& operator=(const Intake&) = delete;

  void add(std::string_view bytes);
  /// Waits until all of it has been worked on, and checks size and digests.
  void finish();

  /// Writes what came into the file, so that the next time goes on from there, and no more: nothing may be added after.
  void save() noexcept;

  [[nodiscard]] std::uint64_t size() const noexcept { return size_; }

 private:
  void distribute(const Piece& piece);
  void keep(const Piece& piece);
  void start_writing();
  void give_plain(const Piece& piece);
  void unpack(const Piece& piece);
  void finish_stages();
  void end_archive();
  void check_blob();
  void check_plain();

  const Layer layer_;
  const int file_;
  const std::uint64_t written_;
  Unpacking* const unpacking_;
  std::uint64_t size_ = 0, kept_ = 0, started_ = 0, unpacked_ = 0;
  Crew crew_;
  std::unique_ptr<Slot::Hold> window_;
  Hasher blob_hash_, plain_hash_;
  std::optional<PipeWriter> pipe_;
  Gatherer gatherer_;
  // Each gives to those above it, and ends before they do.
  std::optional<Stage> pipe_stage_, plain_stage_, keep_stage_;
  std::optional<Inflater> inflater_;
  std::optional<Stage> inflate_stage_;
};

}  // namespace snug::transport
