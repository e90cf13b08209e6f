#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "snug/plan/plan.hh"

namespace snug::explain {

/// Renders a plan for people: every step in order, with the system calls it makes, why it is there and where to
/// read on. `unpack` is the plan by which the root was unpacked or is copied before, or null; `first` says which, without a full stop. snug-plan(1).
[[nodiscard]] std::string render_plan(const plan::Plan& plan, const plan::Plan* unpack = nullptr, std::string_view first = {});

/// Renders the same as JSON: {"steps": [...], "notices": [...], "opened": [...], "unpack": null or {"steps": ...}}; a step
/// has its actor, phrase, calls, reason, man section and fields. snug-plan(1).
[[nodiscard]] std::string render_plan_json(const plan::Plan& plan, const plan::Plan* unpack = nullptr);

/// Renders a POSIX shell script that builds the same container without snug, in a folder of its own below `store`, by util-linux,
/// coreutils, iproute2, uidmap and hostname(1). What a script cannot do stands in it as a comment. snug-plan(1), --sh.
[[nodiscard]] std::string render_script(const plan::Plan& plan, std::string_view store);

/// Renders a line of `snug run --verbose`, line feed included.
[[nodiscard]] std::string render_verbose_line(const plan::Plan& plan, std::size_t step, std::uint64_t nanoseconds);

}  // namespace snug::explain
