#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "snug/base/error.hh"
#include "snug/cli/command.hh"
#include "snug/commands/environment.hh"
#include "snug/plan/plan.hh"
#include "snug/probe/host.hh"
#include "snug/runtime/launch.hh"
#include "snug/state/record.hh"
#include "snug/sys/fd.hh"
#include "storage.hh"

namespace snug::commands {

/// What `snug run` does and `snug plan` shows: one value, made in one place.
struct Planned {
  plan::Spec spec;
  plan::HostFacts facts;
  std::optional<plan::Plan> unpack;  ///< of an archive: how it was unpacked, into `storage`
  plan::Plan plan;
  std::vector<sys::Fd> layers;       ///< of an image: nobody removes them while these live
  std::string manifest;              ///< of an image: its digest
  std::optional<state::State> before;  ///< of a container that is woken for a visit: so it is told of again at the end
  std::unique_ptr<Storage> storage;  ///< the container's place; of a plan that is only shown, an unpacked archive's, or null
};

/// What is to become of the plan. For `check` nobody reads it: it is enough that there is one, and nothing is told.
enum class Purpose { check, show, run };

/// Goes from the words to the plan: configuration files, facts, rules. An archive is unpacked on the way, and an
/// image brought where it is missing, since what its root says of itself is among the facts; with `verbose` the steps of the
/// unpacking are told. Prints notices on standard error. What is to run gets its place and its name in the store.
/// Throws where the words, the machine or the rules say no.
[[nodiscard]] Planned plan_container(plan::Spec spec, const cli::Invocation& invocation, Purpose purpose, bool verbose);

/// The same for a container that is there and does not run, by its record.
[[nodiscard]] Planned plan_again(const state::Record& record, const Environment& environment);

/// Gives the id maps of the container; nothing where the user namespace is somebody else's.
[[nodiscard]] std::optional<plan::WriteIdMaps> own_maps(const Planned& planned);

/// Gives the record of what was planned.
[[nodiscard]] state::Record record_of(const Planned& planned);

/// Whether what failed is the command, which is not there.
[[nodiscard]] bool is_missing_command(const plan::Plan& plan, const runtime::StepFailure& failure);

/// Looks for a shell in the root then, of which failure_error's hint tells.
void look_for_shell(Planned& planned, const runtime::StepFailure& failure);

/// Tells each step of `plan` on standard error as it is done; nothing without `verbose`. `plan` must outlive it.
[[nodiscard]] runtime::StepDone step_printer(const plan::Plan& plan, bool verbose);

/// Gives what was planned, or throws why there is nothing.
template <typename Made>
[[nodiscard]] Made accepted(std::variant<Made, plan::Refusal> made) {
  if (auto* refusal = std::get_if<plan::Refusal>(&made)) throw Error(refusal->message, refusal->hint);
  return std::get<Made>(std::move(made));
}

/// Prints a notice on standard error.
void tell(const plan::Notice& notice);

/// Puts a step that failed into words: what, on which object, why, and what to do where that is known.
[[nodiscard]] Error failure_error(const plan::Plan& plan, const plan::HostFacts& facts, const runtime::StepFailure& failure);

}  // namespace snug::commands
