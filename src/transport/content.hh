#pragma once

#include <string_view>

#include "snug/image/document.hh"

namespace snug::transport {

/// Throws an Error that names what `expected` names, where `content` has another size or another digest.
void check_content(std::string_view content, const image::Descriptor& expected);

}  // namespace snug::transport
