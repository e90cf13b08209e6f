#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "values.hh"

namespace snug::commands {

/// A word of a list such as "ro,size=64m", and what it sets in a T.
template <typename T>
struct Key {
  enum class Value { none, needed, flag };  ///< a flag alone is "true"
  std::string_view name;
  Value value = Value::none;
  void (*set)(T&, std::string_view value) = nullptr;  ///< null: taken, and without effect
};

/// Parts a list at its commas, but for those between double quotes, of which two stand for one: as docker reads the values of --mount.
[[nodiscard]] std::vector<std::string> split_list(std::string_view text);

/// Reads a list of words with commas between them into `target`.
template <typename T>
void set_keys(T& target, std::string_view what, std::span<const Key<T>> keys, std::string_view text) {
  using Value = typename Key<T>::Value;
  for (const std::string& word : split_list(text)) {
    const std::size_t equals = word.find('=');
    const bool alone = equals == std::string::npos;
    const std::string_view name = std::string_view(word).substr(0, equals);
    const Key<T>* found = nullptr;
    for (const Key<T>& key : keys)
      if (key.name == name) found = &key;
    if (!found) {
      std::vector<std::string> names;
      for (const Key<T>& key : keys) names.emplace_back(key.name);
      refuse_word(what, name, std::move(names));
    }
    if (alone && found->value == Value::needed)
      throw UsageError(format("{} needs a value: {}=...", name, name));
    if (!alone && found->value == Value::none) throw UsageError(format("{} takes no value", name));
    if (found->set)
      found->set(target, alone ? std::string_view("true") : std::string_view(word).substr(equals + 1));
  }
}

}  // namespace snug::commands
