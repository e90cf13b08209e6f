#pragma once

#include <array>
#include <string>
#include <vector>

#include "planning.hh"
#include "snug/cli/command.hh"
#include "snug/sys/fd.hh"

namespace snug::commands {

/// Options of who makes containers that are no part of what is planned.
inline constexpr std::array making_options{
    cli::Option{.name = "cidfile", .argument = "FILE", .help = "write the container's id to FILE, which must not be there", .completer = {cli::Complete::file}},
    cli::Option{.name = "replace", .help = "with --name: remove the container of that name first, also one that runs"},
};

/// The file of --cidfile: made before anything else, and gone again unless an id is written to it.
class IdFile {
 public:
  /// Throws where the file is there, or cannot be made. Without --cidfile it does nothing.
  explicit IdFile(const cli::Invocation& invocation);
  ~IdFile();
  IdFile(const IdFile&) = delete;
  IdFile& operator=(const IdFile&) = delete;

  /// Writes the id of what was planned, which gets its place in the store for that where it has none. Throws.
  void write(Planned& planned);

 private:
  std::string path_;
  sys::Fd file_;
};

/// Does what --replace asks for. Throws UsageError where no name was chosen.
void make_room(const cli::Invocation& invocation, const plan::Spec& spec);

/// Says what these options bring, a sentence each. Throws UsageError where no name was chosen.
[[nodiscard]] std::vector<std::string> making_terms(const cli::Invocation& invocation, const plan::Spec& spec);

/// Throws UsageError where something was asked for that only a container in the background can have.
void check_foreground(const plan::Spec& spec);

}  // namespace snug::commands
