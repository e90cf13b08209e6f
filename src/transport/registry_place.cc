#include "registry_place.hh"

#include "snug/base/text.hh"

namespace snug::transport {
namespace {

// Whoever answers is told what is meant for him alone, whatever the image is called; --creds are for the one that was typed.
std::optional<Login> login_for(const Connection& connection, const Endpoint& endpoint, const image::Reference& reference) {
  Connection asked = connection;
  const std::string host = normal_key(endpoint.host);
  if (host != reference.registry) asked.credentials.clear();
  return find_login(asked, host, endpoint.repository);
}

}  // namespace

Place::Place(const image::Reference& reference, const Connection& connection, Repository::Use use) : connection_(connection) {
  const std::vector<Endpoint> endpoints = endpoints_of(read_registries(connection), reference, connection, use == Repository::Use::pull);
  const std::string host = normal_key(endpoints.back().host);
  if (const bool names_image = !reference.repository.empty(); names_image && !connection.credentials.empty() && host != reference.registry && connection.notice)
    connection.notice(format("{} answers for {}, as registries.conf says, and is not told the credentials that were typed for that", quoted(host), quoted(reference.registry)));
  std::vector<std::string> insecure;
  for (const Endpoint& endpoint : endpoints)
    if (endpoint.insecure) insecure.push_back(endpoint.host);
  http_ = std::make_unique<Http>(connection_, insecure);
  for (const Endpoint& endpoint : endpoints) {
    auto login = login_for(connection, endpoint, reference);
    repositories_.push_back(std::make_unique<Repository>(*http_, connection_, endpoint, image::render_reference(reference), use, std::move(login)));
  }
}

}  // namespace snug::transport
