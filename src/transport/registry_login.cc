#include "registry_place.hh"
#include "snug/base/text.hh"

namespace snug::transport {
namespace {

image::Reference registry_as_a_whole(const std::string& registry) { return {.registry = registry, .repository = {}, .tag = {}, .digest = {}}; }

}  // namespace

void log_in(const std::string& key, const std::string& credentials, const Connection& connection) {
  const std::string registry = key.substr(0, key.find('/'));
  const Login login = parse_login(credentials);
  Connection with = connection;
  with.credentials = credentials;
  const Place place(registry_as_a_whole(registry), with, Repository::Use::pull);
  Repository& whole = *place.repositories().back();
  if (const std::string host = normal_key(whole.endpoint().host); host != registry)
    throw Error(format("{} answers for {}, as registries.conf says, and is told its own name and password alone", quoted(host), quoted(registry)), format("snug login {}", host));
  Url url = whole.url("");
  url.target = "/v2/";  // registries.conf may say that the registry's repositories are below a path
  const Answer answer = whole.send_patiently({.url = std::move(url)});
  if (answer.status == 401 || answer.status == 403) throw Error(format("{} does not accept the name and the password", quoted(registry)));
  if (!answer.good()) throw Error(format("{} is no registry: it answers {}", quoted(registry), answer.status));
  keep_login(connection, key, login);
}

bool log_out(const std::string& key, const Connection& connection) { return forget_login(connection, key) > 0; }

std::optional<std::string> find_login_name(const std::string& key, const Connection& connection) {
  const std::size_t slash = key.find('/');
  const auto login = find_login(connection, key.substr(0, slash), slash == std::string::npos ? "" : key.substr(slash + 1));
  return login ? std::optional(login->name) : std::nullopt;
}

}  // namespace snug::transport
