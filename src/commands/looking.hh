#pragma once

#include <span>
#include <string>

#include "snug/cli/command.hh"
#include "snug/explain/picture.hh"

namespace snug::commands {

/// The machine at one moment, and what is told of it.
struct Look {
  plan::Machine machine;
  explain::Picture picture;
};

/// Looks at all processes, and at snug's own records of those that it started. Reads no more than that.
[[nodiscard]] Look take_look(const Environment& environment);

/// Reads what is told of each group besides: mounts, limits, ports.
void look_inside(explain::Picture& picture);

/// Reads the command lines of those in the groups, of whom some are known without.
void read_words(std::span<explain::Group> groups);

/// A process that was asked for, with its group.
struct Sought {
  explain::Group group;
  plan::LiveProcess process;
};

/// Finds a container by its name or id, a process by its number, a group by the name that the picture gives it, or `host`. Reads all
/// there is to know of it. Throws where there is none.
[[nodiscard]] Sought find_sought(const Look& look, const Environment& environment, const std::string& typed);

/// The columns of standard output.
[[nodiscard]] std::size_t output_width(const Environment& environment);

/// How standard output is drawn on: its width, and what it shows.
[[nodiscard]] explain::Style style_of(const cli::Invocation& invocation);

}  // namespace snug::commands
