#pragma once

#include <optional>
#include <string_view>

namespace snug {

/// The environment variables as a value, made in main and handed to whoever may look at them.
class Environment {
 public:
  /// Looks at `entries` ("NAME=VALUE", the last one null), which must outlive it.
  explicit Environment(const char* const* entries) noexcept : entries_(entries) {}

  /// Finds the value of `name`; an empty value is a value.
  [[nodiscard]] std::optional<std::string_view> find(std::string_view name) const noexcept {
    for (const char* const* entry = entries_; *entry; ++entry) {
      const std::string_view text = *entry;
      if (text.size() > name.size() && text[name.size()] == '=' && text.starts_with(name))
        return text.substr(name.size() + 1);
    }
    return {};
  }

  /// Gives all of it, for a program that is part of this one.
  [[nodiscard]] const char* const* entries() const noexcept { return entries_; }

 private:
  const char* const* entries_;
};

}  // namespace snug
