#pragma once

#include <span>
#include <string_view>

namespace snug::cli {

/// What a shell offers where a word is to be completed.
enum class Complete {
  nothing,
  free,            ///< what only the user knows: a new name
  words,           ///< one of some words
  file,
  folder,
  command,         ///< one of snug's
  containers,
  running,         ///< containers that run
  stopped,         ///< containers that do not
  images,
  networks,        ///< that are shared; behind an action of `network`, what that takes
  ports,           ///< behind a word of `port`: a container, or a port of one
  named,           ///< a container or an image
  rootfs,          ///< as `run` takes it
  container_path,  ///< as `cp` takes it: CONTAINER:PATH, or a file here
  inside,          ///< a path in the container that the first operand names
};

struct Completer {
  Complete kind = Complete::nothing;
  std::string_view words = {};  ///< that it can be in any case: blanks between them
};

/// One option, for the parser, the help text, the completion and the test of the man pages alike.
struct Option {
  std::string_view name;           ///< the long name, without dashes
  char letter = 0;                 ///< the short name; 0: none
  std::string_view argument = {};  ///< what it takes; empty: a flag, "true" unless --NAME=false
  std::string_view help = {};      ///< starts small, no full stop
  bool repeatable = false;         ///< each one counts; otherwise the last
  bool hidden = false;
  Completer completer = {};

  [[nodiscard]] constexpr bool is_flag() const noexcept { return argument.empty(); }
};

/// A word that users of docker and podman know and that snug does not have yet.
struct NotYet {
  std::string_view word;  ///< of an option, without dashes, or of a command
  char letter = 0;
  std::string_view comes_with;  ///< "live containers"
};

/// Options that several commands share.
struct OptionSet {
  std::span<const Option> options;
  std::span<const NotYet> not_yet;
};

/// The option that every command has.
inline constexpr Option help_option{.name = "help", .help = "print this text"};

}  // namespace snug::cli
