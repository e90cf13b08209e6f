#pragma once

#include <memory>

#include "intake.hh"
#include "snug/transport/transport.hh"

namespace snug::transport {

/// Brings one layer into the store.
class LayerFetch {
 public:
  /// All must outlive it. `large_window` is of all layers that are brought at the same time.
  LayerFetch(Source& source, const image::Store& store, const Fetch& how, Slot& large_window, const Layer& layer, std::stop_token stop)
      : source_(source), store_(store), how_(how), large_window_(large_window), layer_(layer), stop_(std::move(stop)) {}

  /// `known`: where the blob is there, it has been checked against its diff_id. Throws Stopped and what goes wrong.
  void run(bool known);

 private:
  [[nodiscard]] bool is_present() const { return store_.has_blob(layer_.blob.digest, layer_.blob.size); }
  [[nodiscard]] bool use_present(bool known);
  void transfer(image::Staged& staged);
  void attempt(image::Staged& staged);
  void read_source(image::Staged& staged, std::unique_ptr<Unpacking>& unpacking, std::optional<Intake>& intake);
  void put_in_place(image::Staged& staged);
  [[nodiscard]] std::unique_ptr<Unpacking> start_unpacking() const;
  void finish(Intake& intake, Unpacking* unpacking);
  void add(Intake& intake, std::string_view bytes);
  void show(Progress::State state, std::uint64_t bytes) const;

  Source& source_;
  const image::Store& store_;
  const Fetch& how_;
  Slot& large_window_;
  const Layer& layer_;
  const std::stop_token stop_;
};

}  // namespace snug::transport
