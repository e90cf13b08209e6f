#include "url.hh"

#include <curl/curl.h>

#include <memory>

#include "snug/base/text.hh"

// URLs are read by libcurl, so that nobody who looks at one sees another host in it than the one that is called.

namespace snug::transport {
namespace {

constexpr std::size_t longest_url = 16384;

struct UrlFree {
  void operator()(CURLU* url) const noexcept { ::curl_url_cleanup(url); }
};
using CurlUrl = std::unique_ptr<CURLU, UrlFree>;

std::string part_of(CURLU* url, CURLUPart part, unsigned flags = 0) {
  char* text = nullptr;
  if (::curl_url_get(url, part, &text, flags) != CURLUE_OK) return {};
  std::string copy = text;
  ::curl_free(text);
  return copy;
}

bool set_url(CURLU* url, std::string_view text) {
  if (text.size() > longest_url || text.find('\0') != std::string_view::npos) return false;
  return ::curl_url_set(url, CURLUPART_URL, std::string(text).c_str(), CURLU_DISALLOW_USER) == CURLUE_OK;
}

std::optional<Url> read_parts(CURLU* handle) {
  Url url{.scheme = part_of(handle, CURLUPART_SCHEME), .host = part_of(handle, CURLUPART_HOST), .target = part_of(handle, CURLUPART_PATH)};
  const auto port = parse_number(part_of(handle, CURLUPART_PORT, CURLU_DEFAULT_PORT));
  if ((url.scheme != "https" && url.scheme != "http") || url.host.empty() || !port || *port == 0 || *port > 65535) return {};
  url.port = static_cast<unsigned>(*port);
  url.host = small_letters(url.host);
  if (const std::string query = part_of(handle, CURLUPART_QUERY); !query.empty()) url.target += "?" + query;
  return url;
}

// "https://2%38/" is first read as the host 28, and that as the address 0.0.0.28: what is read differently the second time,
// by whoever makes the connection, is no URL.
std::optional<Url> read_url(CURLU* handle) {
  const auto url = read_parts(handle);
  const CurlUrl again(::curl_url());
  return url && again && set_url(again.get(), render_url(*url)) && read_parts(again.get()) == url ? url : std::nullopt;
}

unsigned own_port(const Url& url) { return url.scheme == "https" ? 443 : 80; }

}  // namespace

std::optional<Url> parse_url(std::string_view text) {
  const CurlUrl url(::curl_url());
  return url && set_url(url.get(), text) ? read_url(url.get()) : std::nullopt;
}

std::optional<Url> resolve_url(const Url& base, std::string_view text) {
  const CurlUrl url(::curl_url());
  return url && set_url(url.get(), render_url(base)) && set_url(url.get(), text) ? read_url(url.get()) : std::nullopt;
}

std::string render_url(const Url& url) { return format("{}://{}{}", url.scheme, host_of(url), url.target); }

std::string host_of(const Url& url) { return url.port == own_port(url) ? url.host : format("{}:{}", url.host, url.port); }

bool same_origin(const Url& one, const Url& other) { return one.scheme == other.scheme && one.host == other.host && one.port == other.port; }

std::string escape_url(std::string_view text) {
  std::string out;
  for (const char letter : text) {
    const bool plain = (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') || (letter >= '0' && letter <= '9') ||
                       std::string_view("-._~").find(letter) != std::string_view::npos;
    out += plain ? std::string(1, letter) : format("%{:02X}", static_cast<unsigned char>(letter));
  }
  return out;
}

std::string small_letters(std::string_view text) {
  std::string out(text);
  for (char& letter : out)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter + 32);
  return out;
}

}  // namespace snug::transport
