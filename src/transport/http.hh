#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "authorities.hh"
#include "snug/base/error.hh"
#include "snug/transport/transport.hh"
#include "url.hh"

// The one HTTP client: nothing else of snug speaks to a network.

namespace snug::transport {

/// What a server said.
struct Answer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers = {};  ///< names in small letters
  std::string body = {};                                           ///< as far as `limit` goes, where it was not taken
  Url url = {};                                                    ///< who said it, after redirects
  std::optional<unsigned> retry_after = {};                        ///< seconds

  /// Finds the first header of that name, or null.
  [[nodiscard]] const std::string* find(std::string_view name) const noexcept;
  [[nodiscard]] bool good() const noexcept { return status >= 200 && status < 300; }
};

struct Request {
  std::string method = "GET";
  Url url = {};
  std::vector<std::string> headers = {};  ///< "Accept: …"
  std::string authorization = {};         ///< goes to the origin of `url` and to nobody else
  std::optional<std::string> form = {};   ///< the body of a small POST
  /// The body of an upload, of `body_size` bytes: gives it to the sink.
  std::function<void(const Sink&)> body = {};
  std::uint64_t body_size = 0;
  /// Is given the body of a good answer, piece by piece and at least once; without it the body is kept in the answer.
  std::function<void(const Answer& head, std::string_view bytes)> take = {};
  std::size_t limit = std::size_t{1} << 16U;  ///< bytes that are kept of a body
  unsigned patience = 1;                      ///< how many times as long as usual the server may be silent
};

/// A request without an answer. It passes where another attempt may help: a cut connection, a stall.
class Unanswered : public Error {
 public:
  Unanswered(std::string message, bool passes, std::string hint = {}) : Error(std::move(message), std::move(hint)), passes_(passes) {}
  [[nodiscard]] bool passes() const noexcept { return passes_; }

 private:
  bool passes_;
};

/// Sends requests; by several threads at once, connections are kept and used again. Certificates are verified, but for
/// insecure hosts. A redirect is followed ten times at most, never from https to http, and takes no authorization to another
/// origin.
class Http {
 public:
  /// `insecure` lists the hosts, as host_of gives them, whose certificates are not verified.
  Http(const Connection& connection, std::vector<std::string> insecure);
  ~Http();
  Http(const Http&) = delete;
  Http& operator=(const Http&) = delete;

  /// Whether there are certificates that are meant for this host alone: it speaks TLS.
  [[nodiscard]] bool has_certificates(const Url& url);

  /// Throws Unanswered, and whatever `body` and `take` throw.
  Answer send(Request request);

 private:
  class Handle;
  class Transfer;

  Answer exchange(const Request& request);
  [[nodiscard]] std::unique_ptr<Handle> borrow();
  void give_back(std::unique_ptr<Handle> handle);
  void prepare(Handle& handle, const Request& request);
  void trust(Handle& handle, const Url& url);
  [[nodiscard]] const Certificates& certificates_of(const std::string& host);

  Connection connection_;
  std::vector<std::string> insecure_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Handle>> idle_;
  std::map<std::string, Certificates> certificates_;
};

}  // namespace snug::transport
