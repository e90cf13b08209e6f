#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "snug/transport/transport.hh"

namespace snug::image_commands {

/// Where progress is shown, and what time it is.
struct Screen {
  enum class Kind { none, lines, live };
  Kind kind = Kind::lines;
  std::function<void(std::string_view)> write;                             ///< all at once
  std::function<std::pair<std::size_t, std::size_t>()> size;               ///< rows and columns, of Kind::live
  std::function<std::uint64_t()> now;                                      ///< nanoseconds
};

/// Gives standard error: live where it is a terminal, and nothing where `quiet` is set.
[[nodiscard]] Screen error_screen(bool quiet);

/// Shows how blobs come or go. On a terminal each has a line, which is drawn anew in its place; where there are more than rows, those
/// that move have one. Elsewhere each is one line, when it is done.
class ProgressDisplay : public transport::Progress {
 public:
  explicit ProgressDisplay(Screen screen) : screen_(std::move(screen)) {}

  void show(const image::Descriptor& blob, State state, std::uint64_t bytes) override;
  /// Writes whole lines, which stay: above those that are drawn.
  void tell(std::string_view lines);

 private:
  struct Line {
    image::Digest digest;
    std::uint64_t size = 0, bytes = 0, began_at = 0, began_with = 0;
    State state = State::waiting;
  };

  [[nodiscard]] Line& line_of(const image::Descriptor& blob);
  void forget(const image::Descriptor& blob);
  void draw(std::string_view above = {});
  [[nodiscard]] std::vector<std::string> live_lines(std::size_t rows) const;
  [[nodiscard]] std::string render(const Line& line) const;

  Screen screen_;
  std::mutex mutex_;
  std::vector<Line> lines_;
  std::size_t drawn_ = 0;          ///< lines on the terminal
  std::uint64_t drawn_at_ = 0;
};

}  // namespace snug::image_commands
