#pragma once

#include <cstddef>
#include <functional>

namespace snug::probe {

/// Calls `work` with 0 and with 1, side by side where `parted` and a thread can be had: each does its half, and throws nothing.
void in_halves(bool parted, const std::function<void(std::size_t half)>& work);

}  // namespace snug::probe
