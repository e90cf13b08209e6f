#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "child.hh"
#include "relay.hh"
#include "snug/runtime/launch.hh"
#include "snug/sys/fd.hh"
#include "waiting.hh"

namespace snug::runtime {

/// The caller's terminal and descriptors, as the streams of a container that runs in the foreground.
class Foreground {
 public:
  Foreground(const plan::Plan& plan, const Outside& outside) : plan_(plan), outside_(outside) {}

  /// Chooses what the payload gets as 0, 1 and 2. Before the clone.
  void prepare(Context& context);
  void close_child_ends();

  /// The container's own terminal is there: its outer end.
  void take_terminal(sys::Fd outer);
  /// The command runs; `init` is pid 1, a pidfd that stays the caller's.
  void begin(int init);

  void ask(Waiting& waiting);
  /// Milliseconds until there is something to do anyway.
  [[nodiscard]] int patience() const { return is_in_background() ? RawTerminal::look_again : -1; }
  void answer(const Waiting& waiting);

  void resize();
  /// The payload was stopped: gives the outer shell its terminal back, and has pid 1 go on when that says so.
  void stop(int init);
  /// The job goes on, perhaps in the foreground now: takes the terminal.
  void go_on();
  /// Whether nobody needs the container any more.
  [[nodiscard]] bool deserted() const { return false; }
  /// Nobody can come here and want something.
  [[nodiscard]] static std::optional<std::string> take_request() { return {}; }
  static void answer_request(std::string_view) {}
  static bool note(std::string_view) { return false; }
  /// The writers are dead: what they wrote last is read to its end.
  void drain();
  /// Whoever waits for the end is told of it.
  void see_off(const Exited&) {}

 private:
  [[nodiscard]] bool is_in_background() const { return raw_ && !raw_->is_entered(); }
  void prepare_terminal(Context& context);
  void prepare_pipes(Context& context);
  Pump& add_pump(int from, int to);
  void move(Pump& pump, const Waiting& waiting);
  /// Whether somebody inside has begun to edit lines since this was asked last.
  [[nodiscard]] bool takes_over();

  const plan::Plan& plan_;
  const Outside& outside_;
  sys::FdPair input_;                   ///< in place of a terminal of the host
  std::array<sys::FdPair, 3> output_;
  sys::Fd null_, outer_;
  std::vector<std::unique_ptr<Pump>> pumps_;
  std::vector<Pump*> output_pumps_;
  Pump* input_pump_ = nullptr;
  Pump* terminal_input_ = nullptr;
  bool input_is_over_ = false, is_edited_ = false;
  int ends_to_type_ = 0;  ///< of the input, at most
  std::optional<RawTerminal> raw_;
};

}  // namespace snug::runtime
