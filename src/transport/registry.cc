#include "registry.hh"

#include "retry.hh"
#include "snug/base/error.hh"
#include "snug/base/json.hh"

namespace snug::transport {
namespace {

constexpr std::size_t longest_words = 300;

Url parse_base(const std::string& scheme, const std::string& host) {
  if (auto url = parse_url(format("{}://{}/v2/", scheme, host))) return *std::move(url);
  throw Error(format("{} is no host", quoted(host)));
}

// An insecure host may speak TLS with any certificate, or plain HTTP; that not where somebody has laid down certificates for it: then
// whoever answers without TLS would be shown what only that host is to see. `why_plain` is told why TLS was given up.
Url find_base(Http& http, const std::string& host, std::string& why_plain) {
  const Url safer = parse_base("https", host);
  try {
    static_cast<void>(http.send({.url = safer}));
    return safer;
  } catch (const Unanswered& error) {
    if (http.has_certificates(safer))
      throw Unanswered(error.message(), false, format("there are certificates for {}, so it is not asked without TLS", quoted(host)));
    why_plain = error.message();
    return parse_base("http", host);
  }
}

}  // namespace

const Url& Repository::base() {
  std::call_once(found_, [this] { base_ = endpoint_.insecure ? find_base(http_, endpoint_.host, why_plain_) : parse_base("https", endpoint_.host); });
  return base_;
}

Url Repository::url(std::string_view what) {
  Url url = base();
  url.target += endpoint_.repository.empty() ? std::string(what) : format("{}/{}", endpoint_.repository, what);
  return url;
}

std::string Repository::scope(const std::string& mount) const {
  if (endpoint_.repository.empty()) return {};
  const std::string own = format("repository:{}:{}", endpoint_.repository, use_ == Use::push ? "pull,push" : "pull");
  return mount.empty() ? own : format("{} repository:{}:pull", own, mount);
}

template <typename Send>
Answer Repository::authorized(Request request, const std::string& mount, const Send& send) try {
  const std::string scope = this->scope(mount);
  const bool own = same_origin(request.url, base());  // an upload may go elsewhere
  request.authorization = own ? access_.authorization(scope) : "";
  Answer answer = send(request);
  // Who answers behind a redirect has no say in who gets the password.
  if (answer.status != 401 || !same_origin(answer.url, base()) || !access_.renew(scope, request.authorization, answer)) return answer;
  request.authorization = access_.authorization(scope);
  return send(request);
} catch (Unanswered& error) {
  if (!why_plain_.empty() && why_plain_ != error.message()) error.during(format("talking in plain HTTP, because with TLS it {}", why_plain_));
  throw;
}

Answer Repository::send(Request request, const std::string& mount) {
  return authorized(std::move(request), mount, [this](const Request& one) { return http_.send(one); });
}

Answer Repository::send_patiently(const Request& request, const std::string& mount) {
  return authorized(request, mount, [this](const Request& one) { return transport::send_patiently(http_, connection_, name_, one); });
}

void Repository::refuse(const Answer& answer, std::string_view what) const {
  const std::string said = parse_errors(answer.body), host = host_of(answer.url);
  const std::string words = said.empty() ? "" : format(": {}", said);
  if (answer.status == 401 || answer.status == 403)
    throw Error(format("cannot {}: {} refuses it, or has no such thing ({}){}", what, quoted(host), answer.status, words),
                access_.has_login() ? "" : format("'snug login {}{}' takes a name and a password", connection_.insecure_host == endpoint_.host ? "--tls-verify=false " : "", printable(normal_key(endpoint_.host))));
  if (answer.status == 404) throw Error(format("cannot {}: {} has no such thing (404){}", what, quoted(host), words));
  throw Error(format("cannot {}: {} answers {}{}", what, quoted(host), answer.status, words));
}

std::string parse_errors(std::string_view body) {
  try {
    const Json json = parse_json(body);
    const auto errors = json.is_object() ? json.find("errors") : json.end();
    if (errors == json.end() || !errors->is_array() || errors->empty() || !errors->front().is_object()) return {};
    std::string words;
    for (const char* name : {"message", "code"})
      if (const auto text = errors->front().find(name); words.empty() && text != errors->front().end() && text->is_string()) words = text->get<std::string>();
    return printable(std::string_view(words).substr(0, longest_words));
  } catch (const Error&) {
    return {};
  }
}

std::optional<ByteRange> parse_content_range(std::string_view text) {
  constexpr std::string_view unit = "bytes ";
  if (!text.starts_with(unit)) return {};
  text.remove_prefix(unit.size());
  const std::size_t dash = text.find('-'), slash = text.find('/');
  if (dash == std::string_view::npos || slash == std::string_view::npos || slash < dash) return {};
  const auto first = parse_number(text.substr(0, dash)), last = parse_number(text.substr(dash + 1, slash - dash - 1));
  const std::string_view whole = text.substr(slash + 1);
  const auto total = parse_number(whole);
  if (!first || !last || *first > *last || (!total && whole != "*") || (total && *last >= *total)) return {};
  return ByteRange{*first, *last, total};
}

}  // namespace snug::transport
