#include "retry.hh"

#include <algorithm>
#include <array>
#include <ctime>

#include "snug/base/text.hh"

namespace snug::transport {
namespace {

constexpr unsigned most_attempts = 5;
constexpr unsigned longest_wait = 60;

void sleep_for(unsigned seconds) {
  timespec left{static_cast<std::time_t>(seconds), 0};
  while (::nanosleep(&left, &left) != 0) {
  }
}

}  // namespace

bool Retry::again(const std::string& why, std::optional<unsigned> seconds) {
  if (++failed_ >= most_attempts) return false;
  const unsigned wait = std::min(seconds.value_or(1U << (failed_ - 1)), longest_wait);
  if (connection_.notice) connection_.notice(format("{}: {}; trying again in {} s", printable(what_), why, wait));
  connection_.pause ? connection_.pause(wait) : sleep_for(wait);
  return true;
}

bool is_passing(const Answer& answer) {
  const int status = answer.status;
  constexpr std::array passing{408, 429, 500, 502, 503, 504, 507};
  return std::find(passing.begin(), passing.end(), status) != passing.end() || (status >= 520 && status < 600);  // the last are those of proxies
}

Answer send_patiently(Http& http, const Connection& connection, const std::string& what, const Request& request) {
  for (Retry retry(connection, what);;) {
    try {
      Answer answer = http.send(request);
      if (!is_passing(answer) || !retry.again(format("{} answers {}", quoted(host_of(answer.url)), answer.status), answer.retry_after)) return answer;
    } catch (const Unanswered& error) {
      if (!error.passes() || !retry.again(error.message())) throw;
    }
  }
}

}  // namespace snug::transport
