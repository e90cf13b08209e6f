#pragma once

#include <string>
#include <string_view>

namespace snug::layer {

/// Takes the slashes at the front and at the end and the "." parts out of a name of an archive: "./usr//bin/" is
/// "usr/bin", and "./" is "", the root. Throws for a name with ".." in it, and for one that no kernel takes.
[[nodiscard]] std::string clean_name(std::string_view name);

/// Gives "usr/bin" of "usr/bin/ls", and "" of "ls".
[[nodiscard]] std::string_view parent_of(std::string_view path);

/// Quotes a name for a message; of one that is too long for a line it gives the front.
[[nodiscard]] std::string shown(std::string_view name);

/// Throws "cannot WHAT 'NAME': Permission denied (EACCES)".
[[noreturn]] void fail(std::string_view what, std::string_view name, int error);

}  // namespace snug::layer
