#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "auth.hh"
#include "http.hh"
#include "registries_conf.hh"

namespace snug::transport {

/// One repository of one registry, and what opens it. By several threads at once.
class Repository {
 public:
  enum class Use { pull, push };

  /// `name` is what messages call it. `login` as in Access.
  Repository(Http& http, const Connection& connection, Endpoint endpoint, std::string name, Use use, std::optional<Login> login)
      : http_(http), connection_(connection), endpoint_(std::move(endpoint)), name_(std::move(name)), use_(use), access_(http, connection, std::move(login)) {}

  [[nodiscard]] const std::string& name() const noexcept { return name_; }
  [[nodiscard]] const Endpoint& endpoint() const noexcept { return endpoint_; }

  /// Gives the URL of "manifests/TAG" and the like.
  [[nodiscard]] Url url(std::string_view what);

  /// Sends a request with what opens the repository, and once more where a token was missing or too old. With another
  /// repository of the same registry as `mount` the token is also good for pulling from there.
  [[nodiscard]] Answer send(Request request, const std::string& mount = {});
  /// The same, patiently: for requests with a small body and no taker.
  [[nodiscard]] Answer send_patiently(const Request& request, const std::string& mount = {});

  /// Throws the Error of an answer that is not good: `what` could not be done, and what the registry says of it.
  [[noreturn]] void refuse(const Answer& answer, std::string_view what) const;

 private:
  [[nodiscard]] const Url& base();
  [[nodiscard]] std::string scope(const std::string& mount) const;
  template <typename Send>
  Answer authorized(Request request, const std::string& mount, const Send& send);

  Http& http_;
  const Connection& connection_;
  Endpoint endpoint_;
  std::string name_;
  Use use_;
  Access access_;
  std::once_flag found_;
  Url base_;
  std::string why_plain_;
};

/// Gives what a registry says of an error, in its JSON, to be printed; empty where it says nothing.
[[nodiscard]] std::string parse_errors(std::string_view body);

/// Reads a Content-Range, "bytes 5-9/10"; nothing where it is anything else.
struct ByteRange {
  std::uint64_t first = 0, last = 0;
  std::optional<std::uint64_t> total = {};
  bool operator==(const ByteRange&) const = default;
};
[[nodiscard]] std::optional<ByteRange> parse_content_range(std::string_view text);

}  // namespace snug::transport
