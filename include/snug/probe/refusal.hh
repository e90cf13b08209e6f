#pragma once

#include "snug/plan/hints.hh"

namespace snug::probe {

/// Reads what explains a refusal of the kernel. For when something was refused, and for the doctor. Runs on the host's
/// side.
[[nodiscard]] plan::RefusalFacts refusal_facts();

}  // namespace snug::probe
