#include "fields.hh"

#include "snug/base/error.hh"
#include "snug/base/text.hh"

namespace snug::image {
namespace {

Error wrong(std::string_view name, std::string_view kind) { return Error(format("its field {} is no {}", quoted(name), kind)); }

std::string text_of(const Json& value, std::string_view name) {
  if (!value.is_string()) throw wrong(name, "text");
  return value.get<std::string>();
}

}  // namespace

const Json* find_field(const Json& object, std::string_view name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(std::string(name));
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

std::string text_field(const Json& object, std::string_view name) {
  const Json* found = find_field(object, name);
  return found ? text_of(*found, name) : std::string();
}

bool flag_field(const Json& object, std::string_view name) {
  const Json* found = find_field(object, name);
  if (found && !found->is_boolean()) throw wrong(name, "true or false");
  return found && found->get<bool>();
}

std::optional<std::vector<std::string>> list_field(const Json& object, std::string_view name) {
  const Json* found = find_field(object, name);
  if (!found) return {};
  if (!found->is_array()) throw wrong(name, "list of texts");
  std::vector<std::string> texts;
  for (const Json& value : *found) texts.push_back(text_of(value, name));
  return texts;
}

std::map<std::string, std::string> map_field(const Json& object, std::string_view name) {
  const Json* found = find_field(object, name);
  std::map<std::string, std::string> texts;
  if (!found) return texts;
  if (!found->is_object()) throw wrong(name, "object");
  for (const auto& [key, value] : found->items()) texts.emplace(key, text_of(value, name));
  return texts;
}

std::vector<std::string> set_field(const Json& object, std::string_view name) {
  const Json* found = find_field(object, name);
  std::vector<std::string> names;
  if (!found) return names;
  if (!found->is_object()) throw wrong(name, "object");
  for (const auto& [key, value] : found->items()) names.push_back(key);
  return names;
}

std::uint64_t size_field(const Json& object, std::string_view name) {
  const Json* found = find_field(object, name);
  if (!found || !found->is_number_integer() || (!found->is_number_unsigned() && found->get<std::int64_t>() < 0))
    throw wrong(name, "number of bytes");
  return found->get<std::uint64_t>();
}

Digest digest_value(const Json& value, std::string_view name) {
  const auto digest = value.is_string() ? parse_digest(value.get_ref<const std::string&>()) : std::nullopt;
  if (!digest) throw wrong(name, "digest that is known here, sha256 or sha512");
  return *digest;
}

const Json& object_field(const Json& object, std::string_view name) {
  const Json* found = find_field(object, name);
  if (!found || !found->is_object()) throw wrong(name, "object");
  return *found;
}

const Json& array_field(const Json& object, std::string_view name) {
  const Json* found = find_field(object, name);
  if (!found || !found->is_array()) throw wrong(name, "list");
  return *found;
}

}  // namespace snug::image
