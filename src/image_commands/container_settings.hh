#pragma once

#include "snug/image/document.hh"
#include "snug/plan/spec.hh"

namespace snug::image_commands {

/// Has an image want to run what a container on it was made with: command, environment, user, work folder, labels and stop signal. What the
/// container had from the image is in its Spec, and stays.
void take_settings(image::Process& process, const plan::Spec& made_with);

}  // namespace snug::image_commands
