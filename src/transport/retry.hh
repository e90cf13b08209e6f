#pragma once

#include <string>

#include "http.hh"

namespace snug::transport {

/// Counts the attempts at one thing and waits between them: a second, then twice as long each time, or what the server asked
/// for in Retry-After, a minute at most.
class Retry {
 public:
  /// `what` is shown in notices: "docker.io/library/debian:12".
  Retry(const Connection& connection, std::string what) : connection_(connection), what_(std::move(what)) {}

  /// Waits for the next attempt, and tells of it; false where there were enough.
  [[nodiscard]] bool again(const std::string& why, std::optional<unsigned> seconds = {});

  /// Begins to count anew: there was progress.
  void forget() noexcept { failed_ = 0; }

 private:
  const Connection& connection_;
  std::string what_;
  unsigned failed_ = 0;
};

/// Whether a server that says so may say something else in a moment: 408, 429, and the 5xx, those of proxies among them, but the two
/// that will not pass.
[[nodiscard]] bool is_passing(const Answer& answer);

/// Sends a request, which has a small body and no taker, until there is an answer that is no passing one, or none is to be had. Gives
/// the last; throws Unanswered.
[[nodiscard]] Answer send_patiently(Http& http, const Connection& connection, const std::string& what, const Request& request);

}  // namespace snug::transport
