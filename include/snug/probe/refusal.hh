#pragma once

#include "snug/plan/hints.hh"

namespace snug::probe {

/// Reads what explains a refusal of the kernel. For when something was refused, and for the doctor. Runs on the host's
/// side.
[[nodiscard]] plan::RefusalFacts refusal_facts();

/// Reads of them how many files can be open at once, and opens none for that; nothing: no limit.
[[nodiscard]] std::optional<plan::ProcessLimit> open_files_limit();

}  // namespace snug::probe
