#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace snug::builtin {

/// Where the names of an expression are looked up, and set by = and its kin.
struct Variables {
  std::function<std::string(const std::string& name)> find;
  std::function<void(const std::string& name, const std::string& value)> set;
};

/// Works out what stands in $((…)), by the rules of C for signed numbers of 64 bits that wrap around. Throws Error.
[[nodiscard]] std::int64_t evaluate(std::string_view expression, const Variables& variables);

}  // namespace snug::builtin
