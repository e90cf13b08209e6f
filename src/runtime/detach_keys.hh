#pragma once

#include <string>
#include <string_view>

namespace snug::runtime {

/// Looks for the keys by which one leaves in what is typed. Their first part is held back until it is clear what it is.
class DetachKeys {
 public:
  explicit DetachKeys(std::string keys) : keys_(std::move(keys)) {}

  /// Appends to `out` what is to be passed on. True where the keys were complete: what came behind them is dropped.
  [[nodiscard]] bool pass(std::string_view typed, std::string& out);

 private:
  std::string keys_;
  std::size_t matched_ = 0;
};

}  // namespace snug::runtime
