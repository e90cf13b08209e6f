#pragma once

#include <array>

namespace snug::layer {

/// Where snug puts mounts: what of it is empty was made for them.
inline constexpr std::array placeholders{"dev", "etc/apt/apt.conf.d/zz-snug", "etc/hostname", "etc/hosts", "etc/resolv.conf", "proc", "run", "sys", "tmp"};

}  // namespace snug::layer
