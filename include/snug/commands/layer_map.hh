#pragma once

#include <string>

#include "snug/plan/step.hh"

namespace snug::commands {

/// Names an id map as image::Store does: the layers below STORE/layers/NAME are unpacked for it, and serve no other. Throws
/// where the map has too many ranges for a name.
[[nodiscard]] std::string layer_map(const plan::WriteIdMaps& maps);

}  // namespace snug::commands
