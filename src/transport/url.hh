#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace snug::transport {

/// Where a request goes: http or https, without a user or a password in it.
struct Url {
  std::string scheme, host;  ///< "https", "registry.example.com" or "[::1]"
  unsigned port = 0;         ///< always known
  std::string target;        ///< path and query, "/v2/?n=1"
  bool operator==(const Url&) const = default;
};

/// Reads an absolute URL; nothing where it is none, or is not http or https.
[[nodiscard]] std::optional<Url> parse_url(std::string_view text);
/// Reads a URL as it stands in a document that came from `base`: it may be relative.
[[nodiscard]] std::optional<Url> resolve_url(const Url& base, std::string_view text);
[[nodiscard]] std::string render_url(const Url& url);
/// Gives HOST[:PORT], the port where it is not the scheme's own.
[[nodiscard]] std::string host_of(const Url& url);
/// Whether both have the same scheme, host and port.
[[nodiscard]] bool same_origin(const Url& one, const Url& other);
/// Gives the text with the letters A to Z made small.
[[nodiscard]] std::string small_letters(std::string_view text);
/// Escapes a text for a query or a form.
[[nodiscard]] std::string escape_url(std::string_view text);

}  // namespace snug::transport
