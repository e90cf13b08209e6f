#pragma once

#include <array>
#include <string>
#include <string_view>

namespace snug::runtime {

/// What programs switch at a terminal and a newcomer has to switch, too: the second screen, the cursor, keys, mouse, paste.
class TerminalModes {
 public:
  /// Looks at what is written to the terminal.
  void follow(std::string_view bytes);
  /// Gives what makes of a fresh terminal one as this is, and of one as this is a fresh one.
  [[nodiscard]] std::string render_switches() const { return render(false); }
  [[nodiscard]] std::string render_way_back() const { return render(true); }
  [[nodiscard]] bool on_second_screen() const;

 private:
  enum class State { text, escape, sequence };
  struct Mode {
    unsigned number;
    bool usual, now;
  };
  [[nodiscard]] std::string render(bool back) const;
  void follow_escape(char byte);
  void follow_sequence(char byte);
  void reset();

  // The second screen goes first: what is said of the rest is said there.
  std::array<Mode, 15> modes_{{{1049, false, false}, {1047, false, false}, {47, false, false}, {1, false, false}, {7, true, true},
                               {25, true, true}, {9, false, false}, {1000, false, false}, {1002, false, false}, {1003, false, false},
                               {1004, false, false}, {1005, false, false}, {1006, false, false}, {1015, false, false}, {2004, false, false}}};
  bool keypad_ = false;
  State state_ = State::text;
  std::string sequence_;  ///< what came of one that has begun
};

/// The last that a container wrote to its terminal, without the second screen, and without the questions that a terminal answers: the answers to
/// them, asked once more, would be typed into the container.
class Scrollback {
 public:
  void take(std::string_view bytes);
  /// Gives what shows a newcomer's terminal of so many rows the last screenful: from the front of a line on.
  [[nodiscard]] std::string render(unsigned rows) const;
  /// Whether a program has the screen to itself.
  [[nodiscard]] bool on_second_screen() const { return modes_.on_second_screen(); }

 private:
  /// Where in a sequence the last byte was: ESC and one more, up to a last letter, or a text up to BEL or ESC \.
  enum class Part { text, escape, sequence, string, string_escape };
  void follow(char byte);
  void begin();
  void break_off();
  void end();
  void keep(std::string_view bytes);

  std::string last_;
  bool cut_ = false;  ///< something came before it
  TerminalModes modes_;
  Part part_ = Part::text;
  std::string sequence_;  ///< what came of one that has begun, from ESC on
};

}  // namespace snug::runtime
