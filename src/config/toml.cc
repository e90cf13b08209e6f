#include <algorithm>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/base/toml.hh"
#include "snug/config/settings.hh"

namespace snug::config {
namespace {

using Type = Setting::Type;

class Reader {
 public:
  explicit Reader(const std::string& file) : file_(file) {}

  std::vector<Setting> read(const toml::table& root) {
    for (const auto& [key, node] : root) {
      const toml::table* table = node.as_table();
      if (!table) {
        add("", key.str(), node);
        continue;
      }
      if (table->empty()) continue;
      for (const auto& [inner, value] : *table) add(key.str(), inner.str(), value);
    }
    // The order of the file, not of the alphabet: of two mounts the later one may lie in the earlier one.
    std::stable_sort(settings_.begin(), settings_.end(),
                     [](const Setting& a, const Setting& b) { return a.line < b.line; });
    return std::move(settings_);
  }

 private:
  void add(std::string_view table, std::string_view key, const toml::node& node) {
    Setting setting{.table = std::string(table),
                    .key = std::string(key),
                    .file = file_,
                    .line = node.source().begin.line};
    const toml::array* list = node.as_array();
    setting.is_list = list != nullptr;
    if (list) {
      for (const toml::node& element : *list) add_value(setting, element);
    } else {
      add_value(setting, node);
    }
    settings_.push_back(std::move(setting));
  }

  void add_value(Setting& setting, const toml::node& node) const {
    Type type = Type::text;
    std::string value;
    if (const auto text = node.value_exact<std::string_view>()) {
      value = *text;
    } else if (const auto number = node.value_exact<std::int64_t>()) {
      type = Type::number;
      value = format("{}", *number);
    } else if (const auto boolean = node.value_exact<bool>()) {
      type = Type::boolean;
      value = *boolean ? "true" : "false";
    } else {
      refuse(setting, node, "has to be a string, a whole number, true or false, or a list of these");
    }
    // What is handed to the kernel ends at a zero byte.
    if (value.find('\0') != std::string::npos) refuse(setting, node, "holds a zero byte");
    if (!setting.values.empty() && setting.type != type)
      refuse(setting, node, "is a list of different kinds");
    setting.type = type;
    setting.values.push_back(std::move(value));
  }

  [[noreturn]] void refuse(const Setting& setting, const toml::node& node, std::string_view why) const {
    UsageError error(format("{} {}", printable(setting.key), why));
    error.during(format("reading {}:{}", printable(file_), node.source().begin.line));
    throw error;
  }

  const std::string& file_;
  std::vector<Setting> settings_;
};

}  // namespace

std::vector<Setting> parse_settings(std::string_view text, const std::string& file) {
  return Reader(file).read(parse_toml(text, file));
}

}  // namespace snug::config
