#include "auth.hh"

#include <algorithm>

#include "snug/base/base64.hh"
#include "retry.hh"
#include "snug/base/error.hh"
#include "snug/base/json.hh"

namespace snug::transport {
namespace {

constexpr std::size_t largest_token = std::size_t{1} << 20U;

const Challenge* find_scheme(const std::vector<Challenge>& challenges, std::string_view scheme) {
  const auto found = std::find_if(challenges.begin(), challenges.end(), [&](const Challenge& challenge) { return challenge.scheme == scheme; });
  return found == challenges.end() ? nullptr : &*found;
}

std::vector<Challenge> challenges_of(const Answer& answer) {
  std::vector<Challenge> all;
  for (const auto& [name, value] : answer.headers) {
    if (name != "www-authenticate") continue;
    const std::vector<Challenge> some = parse_challenges(value);
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

std::string parameter_of(const Challenge& challenge, const std::string& name) {
  const auto found = challenge.parameters.find(name);
  return found == challenge.parameters.end() ? "" : found->second;
}

// It becomes part of a header: a line feed in it would become another one.
bool is_header_text(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char letter) { return letter > ' ' && letter < 0x7f; });
}

std::string token_of(const Answer& answer, const std::string& host) {
  try {
    const Json json = parse_json(answer.body);
    for (const char* name : {"token", "access_token"})
      if (json.is_object() && json.contains(name) && json[name].is_string())
        if (std::string token = json[name].get<std::string>(); is_header_text(token)) return token;
  } catch (const Error&) {  // its wording is of no use to anybody
  }
  throw Error(format("{} gives something that is no token", quoted(host)));
}

std::string query_of(const Challenge& challenge, const std::string& scope) {
  std::vector<std::string> parts;
  if (const std::string service = parameter_of(challenge, "service"); !service.empty()) parts.push_back("service=" + escape_url(service));
  if (!scope.empty())
    for (const std::string& one : split(scope, ' ')) parts.push_back("scope=" + escape_url(one));
  return join(parts, "&");
}

Request make_token_request(const Challenge& challenge, const std::string& scope, const Url& realm, const Login* login) {
  Request request{.url = realm, .limit = largest_token};
  if (login && !login->identity_token.empty()) {
    request.method = "POST";
    request.form = format("grant_type=refresh_token&client_id=snug&service={}&scope={}&refresh_token={}", escape_url(parameter_of(challenge, "service")),
                          escape_url(scope), escape_url(login->identity_token));
    return request;
  }
  std::string query = query_of(challenge, scope);
  if (login) {
    request.authorization = basic_authorization(*login);
    query = format("account={}&{}", escape_url(login->name), query);
  }
  if (!query.empty()) request.url.target += (request.url.target.find('?') == std::string::npos ? "?" : "&") + query;
  return request;
}

}  // namespace

std::string basic_authorization(const Login& login) { return "Basic " + to_base64(login.name + ":" + login.password); }

std::string Access::authorization(const std::string& scope) {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(scope);
  return found == known_.end() ? "" : found->second;
}

bool Access::renew(const std::string& scope, const std::string& used, const Answer& refusal) {
  const std::lock_guard lock(mutex_);  // also while a token is fetched: the other threads want the same one
  std::string& known = known_[scope];
  if (known != used) return true;  // another thread was faster
  const std::vector<Challenge> challenges = challenges_of(refusal);
  if (const Challenge* bearer = find_scheme(challenges, "bearer")) {
    known = "Bearer " + fetch_token(*bearer, scope, refusal.url);
    return true;
  }
  if (!find_scheme(challenges, "basic") || !login_ || !login_->identity_token.empty()) return false;
  known = basic_authorization(*login_);
  return known != used;
}

Url Access::find_realm(const Challenge& challenge, const Url& registry) const {
  const std::string text = parameter_of(challenge, "realm");
  const auto realm = parse_url(text);
  if (!realm) throw Error(format("{} sends snug to {} for a token, which is no place to go", quoted(host_of(registry)), quoted(text)));
  if (realm->scheme != "https" && !same_origin(*realm, registry))
    throw Error(format("{} sends snug to {} for a token, in plain HTTP", quoted(host_of(registry)), quoted(host_of(*realm))));
  return *realm;
}

bool Access::trusts(const Url& realm, const Url& registry) const {
  if (may_be_told(registry.host, realm.host)) return true;
  if (connection_.notice)
    connection_.notice(format("{} sends snug to {} for a token; your password for the one is not given to the other", quoted(host_of(registry)),
                              quoted(host_of(realm))));
  return false;
}

std::string Access::fetch_token(const Challenge& challenge, const std::string& scope, const Url& registry) {
  const Url realm = find_realm(challenge, registry);
  const Login* login = login_ && trusts(realm, registry) ? &*login_ : nullptr;
  const std::string host = host_of(realm);
  const Answer answer = send_patiently(http_, connection_, host_of(registry), make_token_request(challenge, scope, realm, login));
  if (answer.good()) return token_of(answer, host);
  if (answer.status == 401 || answer.status == 403)
    throw Error(login ? format("{} does not accept the name and the password for {}", quoted(host), quoted(host_of(registry)))
                      : format("{} gives no token without a name and a password", quoted(host)),
                connection_.credentials.empty() ? "'snug login' takes them" : "");  // else these were typed, perhaps for it
  throw Error(format("{} gives no token: it answers {}", quoted(host), answer.status));
}

}  // namespace snug::transport
