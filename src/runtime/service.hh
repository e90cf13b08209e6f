#pragma once

#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "child.hh"
#include "door.hh"
#include "log_writer.hh"
#include "screen.hh"
#include "snug/runtime/launch.hh"
#include "snug/sys/fd.hh"
#include "visitor.hh"
#include "waiting.hh"

namespace snug::runtime {

/// The streams of a detached container: into its log, and to and from whoever attaches. The same words as Foreground's.
class Background {
 public:
  Background(const plan::Plan& plan, const Outside& outside);

  void prepare(Context& context);
  void close_child_ends();
  void take_terminal(sys::Fd outer);
  void begin(int init) { init_ = init; }

  void ask(Waiting& waiting) const;
  [[nodiscard]] int patience() const;
  void answer(const Waiting& waiting);

  void resize() {}
  void stop(int init);
  static void go_on() {}
  [[nodiscard]] bool deserted() const;
  /// What somebody wants of the container's networks, once for each time. Whoever it was waits for the answer.
  [[nodiscard]] std::optional<std::string> take_request() { return std::exchange(request_, std::nullopt); }
  void answer_request(std::string_view refusal);
  /// Tells who reads what the container writes. False where nobody can be told so.
  bool note(std::string_view line);
  void drain();
  void see_off(const Exited& exited);

 private:
  void welcome(sys::Fd socket);
  void listen_to(Visitor& visitor);
  void take(Visitor& visitor, const Packet& packet);
  void part_from(Visitor& visitor);
  void attach(Visitor& visitor, const Wish& wish);
  [[nodiscard]] std::string_view stay();
  void drop_the_gone();
  void show_again(Visitor& visitor);

  void read_output(int stream, sys::Fd& from);
  void write_input();
  void end_input();
  void set_size(const winsize& size);
  void nudge();
  void end_nudge();
  void tell_all(Word word, std::string_view data);
  [[nodiscard]] bool is_delayed() const;

  const plan::Plan& plan_;
  const Service& service_;
  sys::Fd folder_, null_;
  LogWriter log_;
  std::optional<Door> door_;
  std::list<Visitor> visitors_;
  sys::FdPair input_, output_, error_;  ///< the payload's streams, where it has no terminal
  sys::Fd outer_;                       ///< of its terminal
  Scrollback scrollback_;
  winsize size_{.ws_row = 24, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
  std::optional<std::string> request_;
  bool asked_ = false;             ///< that one, or one that is not answered yet
  std::string typed_;              ///< what the payload has not read yet
  bool takes_input_, input_ends_ = false;  ///< behind that
  std::uint64_t nudge_end_ = 0;    ///< when the terminal gets its right size
  bool was_held_ = false, stays_ = false, stopped_ = false, finishing_ = false, crowded_ = false;
  int init_ = -1;
};

}  // namespace snug::runtime
