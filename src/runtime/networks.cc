// pasta, beside the container: net/way_out.cc starts it when the first packet comes out of the container's interface, whose outer end the
// monitor holds until then, or at once where a port is open from the start. Whoever is inside goes on without it.

#include "networks.hh"

#include <algorithm>
#include <utility>

#include "snug/base/text.hh"

namespace snug::runtime {

Networks::Networks(const plan::Plan& plan) : awaited_(plan.find<plan::AwaitWayOut>() != nullptr), memberships_(plan) {
  const auto* open = plan.find<plan::OpenWayOut>();
  if (!open) return;
  at_once_ = open->at_once;
  again_ = open->again;
  way_out_.emplace(net::WayOutChoice{.interface = open->interface, .words = open->words, .again = open->again});
}

void Networks::watch(sys::Fd interface) {
  if (way_out_) way_out_->watch(std::move(interface));
}

NetworkNews Networks::enter(int user, int net) {
  if (auto failure = memberships_.enter(user, net)) return {.failure = std::move(failure->reason), .step = failure->step};
  if (way_out_) way_out_->enter(user, net);
  if (way_out_ && at_once_) way_out_->start();
  return {.ready = !(way_out_ && at_once_) && std::exchange(awaited_, false)};
}

void Networks::ask(Waiting& waiting) const {
  waiting.want(memberships_.descriptor(), POLLIN);
  if (!way_out_) return;
  for (const int fd : way_out_->descriptors()) waiting.want(fd, POLLIN);
}

NetworkNews Networks::answer(const Waiting& waiting) {
  if (waiting.got(memberships_.descriptor(), POLLIN))
    if (std::string text = memberships_.rejoin(); !text.empty()) return {.notice = std::move(text)};
  if (!way_out_) return {};
  const auto all = way_out_->descriptors();
  if (std::none_of(all.begin(), all.end(), [&](int fd) { return fd >= 0 && waiting.got(fd, POLLIN); })) return {};
  using News = net::WayOut::News;
  switch (way_out_->answer()) {
    case News::none: return {};
    case News::ready:
      if (former_ports_) return end_change("");
      return {.ready = std::exchange(awaited_, false)};
    case News::restarted: return {.notice = tell("was started anew")};
    case News::refused:
    case News::ended: return lose();
  }
  return {};
}

NetworkNews Networks::change(std::string_view request) {
  std::vector<std::string> words = split(request, '\0');
  const std::string kind = std::move(words.front());
  words.erase(words.begin());
  if (kind == "ports") return change_ports(std::move(words));
  if (kind == "connect") return {.answer = memberships_.connect(words)};
  if (kind == "disconnect") return {.answer = memberships_.disconnect(words)};
  return {.answer = "its monitor does not know how: it is of another version of snug"};
}

// Its connections through pasta end.
NetworkNews Networks::change_ports(std::vector<std::string> words) {
  if (!way_out_) return {.answer = "it has no way out"};
  if (!again_) return {.answer = "its processes could take pasta's place, since it shares theirs with others"};
  if (former_ports_) return {.answer = "somebody else is just changing them"};
  former_ports_ = way_out_->restart(words);
  return way_out_->is_started() ? NetworkNews() : lose();
}

NetworkNews Networks::end_change(const std::string& refusal) {
  const auto former = std::exchange(former_ports_, std::nullopt);
  if (!refusal.empty()) static_cast<void>(way_out_->restart(*former));
  NetworkNews news{.answer = refusal};
  if (!way_out_->is_started()) news.notice = tell("the network has no way out any more");
  return news;
}

// Who waits for it does not start; who runs goes on without.
NetworkNews Networks::lose() {
  const std::string& reason = way_out_->reason();
  if (former_ports_) return end_change(reason.empty() ? format("{} has ended", way_out_->program()) : std::string(reason));
  if (awaited_) return {.failure = reason};
  return {.notice = tell("the network has no way out any more")};
}

std::string Networks::tell(std::string_view what) const {
  const std::string& reason = way_out_->reason();
  return format("{} has ended{}: {}", way_out_->program(), reason.empty() ? "" : format(" ({})", printable(reason)), what);
}

}  // namespace snug::runtime
