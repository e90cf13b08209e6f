#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string_view>
#include <thread>

#include "snug/sys/fd.hh"

namespace snug::transport {

inline constexpr std::size_t piece_size = std::size_t{256} << 10U;

/// Some bytes on their way through threads.
struct Buffer {
  std::unique_ptr<char[]> bytes = std::make_unique_for_overwrite<char[]>(piece_size);
  std::size_t size = 0;

  [[nodiscard]] std::string_view view() const noexcept { return {bytes.get(), size}; }
};

/// Never changed once it is handed on: several threads read it.
using Piece = std::shared_ptr<const Buffer>;

/// Gathers bytes that come in small amounts into whole pieces.
class Gatherer {
 public:
  explicit Gatherer(std::function<void(Piece)> out) : out_(std::move(out)) {}
  void add(std::string_view bytes);
  /// Hands on what is left.
  void flush();

 private:
  std::function<void(Piece)> out_;
  std::shared_ptr<Buffer> buffer_;
};

/// Unwinds a thread that is to stop because of what happened in another one. No caller ever sees it.
struct Stopped {};

/// What threads that work on one thing share: the first thing that went wrong, which stops them all. A crew of a larger one
/// stops with it.
class Crew {
 public:
  explicit Crew(std::stop_token larger = {}) : with_larger_(std::move(larger), [this] { stop_.request_stop(); }) {}

  [[nodiscard]] std::stop_token token() const noexcept { return stop_.get_token(); }
  /// Takes the exception that is being handled, if it is the first, and stops all.
  void fail() noexcept;
  void stop() noexcept { stop_.request_stop(); }
  /// Throws Stopped where the work is to stop.
  void check() const {
    if (stop_.stop_requested()) throw Stopped();
  }
  /// Throws what was the first to go wrong, if anything was.
  void rethrow() const;

 private:
  std::stop_source stop_;
  mutable std::mutex mutex_;
  std::exception_ptr first_;
  std::stop_callback<std::function<void()>> with_larger_;
};

/// What one thread has at a time, of all that work on one thing.
class Slot {
 public:
  class Hold {
   public:
    explicit Hold(Slot& slot) noexcept : slot_(slot) {}
    ~Hold() { slot_.give_back(); }
    Hold(const Hold&) = delete;
    Hold& operator=(const Hold&) = delete;

   private:
    Slot& slot_;
  };

  /// Waits for it; throws Stopped once `stop` is requested.
  [[nodiscard]] std::unique_ptr<Hold> take(const std::stop_token& stop);

 private:
  void give_back() noexcept;

  std::mutex mutex_;
  std::condition_variable_any free_;
  bool taken_ = false;
};

/// Starts a thread that no signal is delivered to: those are the main thread's. What `work` throws goes to `crew`.
[[nodiscard]] std::jthread start_thread(Crew& crew, std::function<void()> work);

/// A thread that works on one piece after the other, and a short queue before it.
class Stage {
 public:
  Stage(Crew& crew, std::function<void(const Piece&)> work);
  /// Stops without working on what is left, where finish() was not called.
  ~Stage();
  Stage(const Stage&) = delete;
  Stage& operator=(const Stage&) = delete;

  /// Waits while the queue is full; throws Stopped.
  void put(Piece piece);
  /// Waits until all is worked on; throws Stopped.
  void finish();

 private:
  void run();
  [[nodiscard]] Piece take();

  Crew& crew_;
  std::function<void(const Piece&)> work_;
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<Piece> queue_;
  bool closed_ = false;
  std::jthread thread_;
};

/// Writes to a pipe, and gives up where the crew stops.
class PipeWriter {
 public:
  /// `pipe` stays the caller's; it is set not to block.
  PipeWriter(const Crew& crew, int pipe);

  /// False where nobody reads any more. Throws Stopped.
  [[nodiscard]] bool write(std::string_view bytes);

 private:
  void wait() const;

  const Crew& crew_;
  int pipe_;
  sys::Fd wake_;  ///< readable once the crew stops
  std::stop_callback<std::function<void()>> on_stop_;
};

}  // namespace snug::transport
