#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "snug/runtime/launch.hh"
#include "snug/sys/fd.hh"

namespace snug::runtime {

/// How somebody attaches to a detached container: snug-attach(1).
struct Attaching {
  std::string title;        ///< what the caller's terminal is called meanwhile; empty: as it is
  std::string detach_keys;  ///< as parse_detach_keys gives them; empty: none
  bool input = true;        ///< standard input goes there
  bool signals = true;      ///< those that arrive go there, where the container has no terminal
  bool patient = false;     ///< the container waits for however long this reader takes
};

/// The caller left, and the container goes on.
struct Detached {
  int signal = 0;  ///< for which it left; 0: by the keys, or because nobody reads its output any more
};

/// Reads keys as docker writes them: "ctrl-p,ctrl-q", "ctrl-]", "a". Empty for none. Throws a UsageError.
[[nodiscard]] std::string parse_detach_keys(std::string_view text);

/// The default of --detach-keys.
inline constexpr std::string_view default_detach_keys = "ctrl-],ctrl-]";

/// Makes a visit that begins before the container does, so that nothing of its output is missed: the first is
/// Service::visitor, the second what attach takes. Throws.
[[nodiscard]] sys::FdPair make_visit(const Attaching& how);

/// The same for somebody who only counts as a user, as hold makes him.
[[nodiscard]] sys::FdPair make_hold();

/// Comes to the container in `folder`, which a monitor serves. Empty where there is none. Throws where it does not let anybody in.
[[nodiscard]] sys::Fd visit(const std::string& folder, const Attaching& how);

/// Relays the caller's descriptors 0, 1 and 2 until it leaves or the container ends, with the terminal in raw mode where
/// both have one, and restored on every way out. Throws where the monitor lets nobody in.
[[nodiscard]] std::variant<Exited, Detached> attach(sys::Fd visit, const Attaching& how);

/// Has the monitor of the container in `folder` change its networks, and waits until that is done: a kind of change and its words. Gives
/// why it is not, and all is as before then; "" where all is well; nothing where no monitor can be reached.
[[nodiscard]] std::optional<std::string> change_networks(const std::string& folder, const std::vector<std::string>& words);

/// What becomes of a container that is asked to stay.
enum class Staying {
  stays,
  asleep,   ///< its own command would have to be started for that
  gone,     ///< no monitor can be reached, or it is just ending
  silent,   ///< its monitor has not answered for ten seconds
};

/// Has the container in `folder` go on when the last user leaves, as if it had not been started for users alone.
[[nodiscard]] Staying have_stay(const std::string& folder);

/// Counts as a user of the container in `folder` for as long as the descriptor lives: Service::until_left. Empty where it does
/// not run, or is just ending.
[[nodiscard]] sys::Fd hold(const std::string& folder);

/// Holds it no longer. Where nobody else does the container ends: waits for that, so many seconds at most, and gives whether it has ended.
bool let_go(sys::Fd hold, int seconds);

}  // namespace snug::runtime
