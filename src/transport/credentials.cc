#include "credentials.hh"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <ctime>
#include <exception>
#include <string_view>
#include <vector>

#include "credential_helper.hh"
#include "registries_conf.hh"
#include "snug/base/base64.hh"
#include "snug/base/error.hh"
#include "snug/base/json.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::transport {
namespace {

constexpr std::size_t largest_file = std::size_t{1} << 20U;

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

std::optional<Login> find_in_files(const Connection& connection, const std::string& registry, const std::string& repository) {
  for (const std::string& path : auth_files(connection)) {
    const auto text = read_file(path);
    if (!text) continue;
    if (auto login = reading(path, [&] { return find_in(parse_auth_file(*text), connection, registry, repository); })) return login;
  }
  return {};
}

constexpr std::string_view files_keep = "containers-auth.json";

// Who may have logins, in the order in which they are asked: helpers by NAME, and the files; those alone where one was typed.
std::vector<std::string> keepers(const Connection& connection) {
  if (!connection.auth_file.empty()) return {std::string(files_keep)};
  std::vector<std::string> all = read_registries(connection).credential_helpers;
  if (all.empty()) all.emplace_back(files_keep);
  return all;
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? "./" : path.substr(0, slash + 1);
}

// A link stays one: whoever made it reads the file that it leads to, there or not yet.
std::string led_to(std::string path) {
  constexpr unsigned most_links = 40;  // as many as the kernel follows
  for (unsigned links = 0; links < most_links; ++links) {
    const auto target = sys::find_link(AT_FDCWD, path.c_str());
    if (!target) break;
    const auto status = sys::find_status(AT_FDCWD, path.c_str());
    if (!status || (status->st_uid != ::geteuid() && status->st_uid != 0)) throw Error(format("{} is somebody else's link", quoted(path)), "--authfile names another file");
    path = target->starts_with('/') ? *target : folder_of(path) + *target;
  }
  return path;
}

// A file system without locks has logins all the same.
void lock(const sys::Fd& folder, const std::string& path) {
  constexpr int attempts = 100;
  constexpr timespec moment{0, 100'000'000};
  int attempt = 0;
  while (::flock(folder.get(), LOCK_EX | LOCK_NB) != 0 && (errno == EWOULDBLOCK || errno == EINTR)) {
    if (++attempt == attempts) throw Error(format("cannot lock {}: another process has done so for ten seconds", quoted(path)), "try again when it has finished");
    ::nanosleep(&moment, nullptr);
  }
}

/// The file that login writes, for a change. Whoever else changes it waits (flock(2) on its folder) while this lives, which is not long: no
/// helper is asked meanwhile.
class OwnFile {
 public:
  explicit OwnFile(const Connection& connection) : path_(led_to(own_auth_file(connection))) {
    const std::string folder = folder_of(path_);
    name_ = path_.substr(path_.rfind('/') + 1);
    if (folder.starts_with('/') && folder.size() > 1) sys::make_folders(folder.substr(0, folder.size() - 1));
    folder_ = sys::open(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY);
    lock(folder_, folder);
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

void keep_in_helper(const Connection& connection, const std::string& helper, const std::string& key, const Login& login) {
  if (key != registry_of(key))
    throw Error(format("{} is no registry as a whole, which is all that the credential helper {} has logins for", quoted(key), quoted(helper)),
                "'snug login --authfile FILE' keeps it in a file");
  store_in_helper(connection, helper, key, login);
}

// Gives what the file said before.
AuthFile drop_in_file(const Connection& connection, const std::string& key, std::size_t& dropped) {
  OwnFile file(connection);
  dropped = file.drop(key);
  if (dropped > 0) file.write();
  return file.known();
}

/// Goes on where one of several fails, and remembers the first failure.
class Attempts {
 public:
  template <typename Work>
  void make(const Work& work) {
    try {
      work();
    } catch (const Error&) {
      if (!failure_) failure_ = std::current_exception();
    }
  }
  void finish() const {
    if (failure_) std::rethrow_exception(failure_);
  }

 private:
  std::exception_ptr failure_;
};

/// Has all who may keep a login forget it; all logins for an empty key.
class Forgetting {
 public:
  Forgetting(const Connection& connection, const std::string& key) : connection_(connection), key_(key) {}

  void in_file() {
    if (!read_file(own_auth_file(connection_))) return;
    std::size_t dropped = 0;
    const AuthFile known = drop_in_file(connection_, key_, dropped);
    count_ += dropped;
    if (key_.empty()) {
      for (const auto& [registry, helper] : known.helpers) forget(helper, registry, attempts_);
      if (!known.store.empty()) in_helper(known.store);
    } else if (const std::string helper = helper_for(known, registry_of(key_)); !helper.empty() && key_ == registry_of(key_)) {
      Attempts unneeded;  // of a registry whose login was in the file it was no helper's
      forget(helper, key_, dropped > 0 ? unneeded : attempts_);
    }
  }

  void in_helper(const std::string& helper) {
    if (key_.empty()) attempts_.make([&] {
      for (const std::string& registry : list_helper(connection_, helper)) forget(helper, registry, attempts_);
    });
    else if (key_ == registry_of(key_)) forget(helper, key_, attempts_);
  }

  // The others forget all the same.
  [[nodiscard]] std::size_t run(const std::vector<std::string>& keepers) {
    for (const std::string& keeper : keepers) attempts_.make([&] { keeper == files_keep ? in_file() : in_helper(keeper); });
    attempts_.finish();
    return count_;
  }

 private:
  // Some helpers are as content where they had none.
  void forget(const std::string& helper, const std::string& registry, Attempts& attempts) {
    attempts.make([&] {
      if (!ask_helper(connection_, helper, registry)) return;
      erase_from_helper(connection_, helper, registry);
      ++count_;
    });
  }

  const Connection& connection_;
  const std::string& key_;
  std::size_t count_ = 0;
  Attempts attempts_;
};

void keep_in_file(const Connection& connection, const std::string& key, const Login& login) {
  const std::string path = own_auth_file(connection);
  const auto text = read_file(path);
  const std::string helper = text ? helper_for(reading(path, [&] { return parse_auth_file(*text); }), registry_of(key)) : "";
  if (!helper.empty()) keep_in_helper(connection, helper, key, login);
  OwnFile file(connection);
  const bool was_there = file.drop(key) > 0;
  if (helper.empty()) file.logins()[key] = {{"auth", to_base64(login.name + ":" + login.password)}};
  if (helper.empty() || was_there) file.write();
}

}  // namespace

std::optional<Login> find_login(const Connection& connection, const std::string& registry, const std::string& repository) {
  if (!connection.credentials.empty()) return parse_login(connection.credentials);
  std::optional<Login> login;
  Attempts attempts;
  for (const std::string& keeper : keepers(connection)) {
    attempts.make([&] { login = keeper == files_keep ? find_in_files(connection, registry, repository) : ask_helper(connection, keeper, registry); });
    if (login) return login;
  }
  attempts.finish();
  return {};
}

std::string own_auth_file(const Connection& connection) {
  const std::vector<std::string> files = auth_files(connection);
  if (files.empty()) throw Error("there is no place for credentials", "--authfile names one");
  return files[0];
}

void keep_login(const Connection& connection, const std::string& key, const Login& login) {
  std::vector<std::string> left = keepers(connection);
  for (;;) {
    const std::string keeper = left.front();
    left.erase(left.begin());
    try {
      return keeper == files_keep ? keep_in_file(connection, key, login) : keep_in_helper(connection, keeper, key, login);
    } catch (const Error& error) {
      if (left.empty()) throw;
      if (connection.notice) connection.notice(format("{}: {} keeps it instead", error.message(), left.front() == files_keep ? "a file" : quoted(left.front())));
    }
  }
}

std::size_t forget_login(const Connection& connection, const std::string& key) { return Forgetting(connection, key).run(keepers(connection)); }

}  // namespace snug::transport
