#pragma once

#include <vector>

#include "snug/cli/command.hh"
#include "snug/plan/host_facts.hh"
#include "snug/plan/spec.hh"
#include "snug/state/record.hh"
#include "snug/sys/fd.hh"

namespace snug::image_commands {

/// A container, and the id map in which its files are read.
struct Container {
  state::Record record;
  plan::Spec spec;
  plan::Spec made_with;  ///< what it was made with, the image's settings among that
  plan::HostFacts facts;
  std::vector<sys::Fd> held;  ///< neither its own files nor its layers are removed while these live

  /// Whether it has a folder of what it wrote: before its first start it has none.
  [[nodiscard]] bool has_written() const noexcept;
};

/// Finds a container by its name or the first letters of its id; throws where there is none.
[[nodiscard]] Container find_container(const cli::Invocation& invocation, const std::string& typed);

}  // namespace snug::image_commands
