#include "credentials.hh"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

#include "snug/base/base64.hh"
#include "credential_helper.hh"
#include "snug/base/error.hh"
#include "snug/base/json.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "url.hh"

namespace snug::transport {
namespace {

constexpr std::size_t largest_file = std::size_t{1} << 20U;

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

std::vector<std::string> auth_files(const Connection& connection) {
  if (!connection.auth_file.empty()) return {connection.auth_file};
  std::vector<std::string> files;
  if (!connection.runtime_folder.empty()) files.push_back(connection.runtime_folder + "/containers/auth.json");
  if (!connection.config_folder.empty()) files.push_back(connection.config_folder + "/containers/auth.json");
  if (!connection.docker_folder.empty()) files.push_back(connection.docker_folder + "/config.json");
  return files;
}

// A file that is not there says nothing; one that may not be read must not be passed over.
std::optional<std::string> read_file(const std::string& path) {
  const sys::Fd file = sys::try_open(AT_FDCWD, path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!file && errno != ENOENT && errno != ENOTDIR) throw system_error(format("open {}", quoted(path)), errno);
  return file ? std::optional(sys::read_all(file.get(), largest_file)) : std::nullopt;
}

template <typename Work>
auto reading(const std::string& path, const Work& work) {
  try {
    return work();
  } catch (Error& error) {
    throw error.during(format("reading {}", printable(path)));
  }
}

// NAME of the helper that has the login for a registry; empty where that is in the file.
std::string helper_for(const AuthFile& file, const std::string& registry) {
  const auto found = file.helpers.find(registry);
  return found == file.helpers.end() ? file.store : found->second;
}

std::optional<Login> find_in(const AuthFile& file, const Connection& connection, const std::string& registry, const std::string& repository) {
  const auto own = file.helpers.find(registry);
  for (const std::string& key : keys_for(registry, repository)) {
    if (key == registry && own != file.helpers.end() && !own->second.empty()) break;
    const auto found = file.logins.find(key);
    if (found == file.logins.end()) continue;
    if (!found->second) throw Error(format("what it has for {} is no name and password", quoted(key)), format("snug login {}", shell_quoted(key)));
    if (!found->second->name.empty()) return found->second;
  }
  const std::string helper = helper_for(file, registry);
  return helper.empty() ? std::nullopt : ask_helper(connection, helper, registry);
}

/// The file that login writes, for a change.
class OwnFile {
 public:
  explicit OwnFile(const Connection& connection) : path_(own_auth_file(connection)) {
    const std::size_t slash = path_.rfind('/');
    const std::string folder = slash == std::string::npos ? "." : path_.substr(0, slash + 1);
    name_ = path_.substr(slash == std::string::npos ? 0 : slash + 1);
    if (folder.starts_with('/') && folder.size() > 1) sys::make_folders(folder.substr(0, folder.size() - 1));
    folder_ = sys::open(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY);
    const auto text = read_file(path_);
    if (text && !trimmed(*text).empty()) json_ = reading(path_, [&] { return parse_json(*text); });
    if (text) known_ = reading(path_, [&] { return parse_auth_file(*text); });
    if (!json_.is_object()) throw Error(format("{} is no object", quoted(path_)));
    if (!json_.contains("auths") || !json_["auths"].is_object()) json_["auths"] = Json::object();
  }

  [[nodiscard]] const std::string& path() const { return path_; }
  /// What it said before the change.
  [[nodiscard]] const AuthFile& known() const { return known_; }
  [[nodiscard]] Json& logins() { return json_["auths"]; }

  // The keys that mean the same as `key`; all for an empty one.
  std::size_t drop(const std::string& key) {
    std::vector<std::string> gone;
    for (const auto& [name, entry] : logins().items())
      if (key.empty() || normal_key(name) == key) gone.push_back(name);
    for (const std::string& name : gone) logins().erase(name);
    return gone.size();
  }

  void write() const { sys::replace_file(folder_.get(), name_, json_.dump(2) + "\n"); }

 private:
  std::string path_, name_;
  sys::Fd folder_;
  Json json_ = Json::object();
  AuthFile known_;
};

std::string registry_of(const std::string& key) { return key.substr(0, key.find('/')); }

// Whether it had any: some helpers are as content where they had none.
bool forget_in_helper(const Connection& connection, const std::string& helper, const std::string& registry) {
  if (!ask_helper(connection, helper, registry)) return false;
  erase_from_helper(connection, helper, registry);
  return true;
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

std::optional<Login> find_login(const Connection& connection, const std::string& registry, const std::string& repository) {
  if (!connection.credentials.empty()) return parse_login(connection.credentials);
  for (const std::string& path : auth_files(connection)) {
    const auto text = read_file(path);
    if (!text) continue;
    if (auto login = reading(path, [&] { return find_in(parse_auth_file(*text), connection, registry, repository); })) return login;
  }
  return {};
}

std::string own_auth_file(const Connection& connection) {
  const std::vector<std::string> files = auth_files(connection);
  if (files.empty()) throw Error("there is no place for credentials", "--authfile names one");
  return files[0];
}

void keep_login(const Connection& connection, const std::string& key, const Login& login) {
  OwnFile file(connection);
  const std::string helper = helper_for(file.known(), registry_of(key));
  if (!helper.empty() && key != registry_of(key))
    throw Error(format("{} is no registry as a whole, which is all that the credential helper in {} has logins for", quoted(key), quoted(file.path())), "'snug login --authfile FILE' keeps it in a file");
  if (!helper.empty()) store_in_helper(connection, helper, key, login);
  const bool was_there = file.drop(key) > 0;
  if (helper.empty()) file.logins()[key] = {{"auth", to_base64(login.name + ":" + login.password)}};
  if (helper.empty() || was_there) file.write();
}

std::size_t forget_login(const Connection& connection, const std::string& key) {
  if (!read_file(own_auth_file(connection))) return 0;
  OwnFile file(connection);
  std::size_t count = file.drop(key);
  if (count > 0) file.write();
  std::optional<Error> failure;
  const auto forget = [&](const std::string& helper, const std::string& registry) {
    try {
      count += forget_in_helper(connection, helper, registry) ? 1U : 0U;
    } catch (const Error& error) {  // the others forget all the same
      if (!failure) failure = error;
    }
  };
  if (key.empty()) {
    for (const auto& [registry, helper] : file.known().helpers) forget(helper, registry);
    if (const std::string& store = file.known().store; !store.empty())
      for (const std::string& registry : list_helper(connection, store)) forget(store, registry);
  } else if (const std::string helper = helper_for(file.known(), key); !helper.empty() && key == registry_of(key)) {
    forget(helper, key);
  }
  // Of a registry whose login was in the file it was no helper's.
  if (failure && (key.empty() || count == 0)) throw *failure;
  return count;
}

}  // namespace snug::transport
