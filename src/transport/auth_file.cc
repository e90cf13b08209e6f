#include "auth_file.hh"

#include "snug/base/base64.hh"
#include "snug/base/error.hh"
#include "snug/base/json.hh"
#include "snug/base/text.hh"

namespace snug::transport {
namespace {

std::string text_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::optional<Login> read_login(const Json& entry) {
  Login login{.name = text_of(entry, "username"), .password = text_of(entry, "password"), .identity_token = text_of(entry, "identitytoken")};
  if (const std::string both = text_of(entry, "auth"); !both.empty()) {
    const auto plain = from_base64(both);
    const std::size_t colon = plain ? plain->find(':') : std::string::npos;
    if (colon == std::string::npos) return {};
    login.name = plain->substr(0, colon);
    login.password = plain->substr(colon + 1);
    while (login.password.ends_with('\0')) login.password.pop_back();  // docker's old versions pad it
  }
  return login;
}

const Json* find_object(const Json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_object() ? &*found : nullptr;
}

}  // namespace

std::string normal_key(std::string_view key) {
  const bool has_scheme = key.starts_with("https://") || key.starts_with("http://");
  if (has_scheme) key.remove_prefix(key.find("//") + 2);
  if (has_scheme) key = key.substr(0, key.find('/'));  // "/v1/" of docker's is no repository
  while (key.ends_with('/')) key.remove_suffix(1);
  const std::string_view host = key.substr(0, key.find('/'));
  const bool hub = host == "index.docker.io" || host == "registry-1.docker.io";
  return hub ? "docker.io" + std::string(key.substr(host.size())) : std::string(key);
}

std::vector<std::string> keys_for(const std::string& registry, const std::string& repository) {
  std::vector<std::string> keys;
  for (std::string key = repository.empty() ? registry : registry + "/" + repository;; key.erase(key.rfind('/'))) {
    keys.push_back(key);
    if (key.size() <= registry.size()) return keys;
  }
}

AuthFile parse_auth_file(std::string_view text) {
  AuthFile file;
  if (trimmed(text).empty()) return file;
  const Json json = parse_json(text);
  if (!json.is_object()) throw Error("it is no object");
  if (const Json* logins = find_object(json, "auths"))
    for (const auto& [key, entry] : logins->items())
      if (entry.is_object()) file.logins.insert_or_assign(normal_key(key), read_login(entry));
  if (const Json* helpers = find_object(json, "credHelpers"))
    for (const auto& [key, name] : helpers->items())
      if (name.is_string()) file.helpers.insert_or_assign(normal_key(key), name.get<std::string>());
  file.store = text_of(json, "credsStore");
  return file;
}

Login parse_login(std::string_view text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0) throw UsageError("credentials are NAME:PASSWORD");
  return {.name = std::string(text.substr(0, colon)), .password = std::string(text.substr(colon + 1))};
}

}  // namespace snug::transport
