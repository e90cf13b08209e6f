#pragma once

#include <filesystem>
#include <string>

namespace snug::test {

/// A program that was built beside this one: those of tests/functional that run in containers, or start them.
[[nodiscard]] inline std::string helper(const std::string& name) {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path().string() + "/" + name;
}

}  // namespace snug::test
