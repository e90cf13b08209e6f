#pragma once

#include "snug/image/document.hh"
#include "snug/plan/spec.hh"

namespace snug::commands {

/// Adds what an image says of itself to what was asked for, by docker's rules: what was typed goes before it. Nothing of it
/// makes a path, a mount, a port or a process on the host. Pure; throws an Error where the image asks for what cannot be.
void take_image_settings(plan::Spec& spec, const image::Process& image);

}  // namespace snug::commands
