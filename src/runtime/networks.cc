// pasta, beside the container: net/way_out.cc starts it when the first packet comes out of the container's interface, whose outer end the
// monitor holds until then, or at once where a port is open from the start. Whoever is inside goes on without it.
//
// And the gate, net/gatekeeper.cc, which the first question for a name starts. Where what the container sends is restricted it is started at once: init
// has raised the wall before anything could be sent, and who asks for names meanwhile waits.

#include "networks.hh"

#include <algorithm>
#include <utility>

#include "egress.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"

namespace snug::runtime {
namespace {

// Of a network that was joined since.
constexpr const char* no_way_yet = "its way out comes with its next start";
constexpr std::string_view no_way_any_more = "the network has no way out any more, until its next start";

}  // namespace

Networks::Networks(const plan::Plan& plan, std::string folder)
    : awaited_(plan.find<plan::AwaitWayOut>() != nullptr), memberships_(plan), plan_(plan), folder_(std::move(folder)) {
  const auto* open = plan.find<plan::OpenWayOut>();
  if (!open) return;
  at_once_ = open->at_once;
  again_ = open->again;
  way_out_.emplace(net::WayOutChoice{.interface = open->interface, .words = open->words, .again = open->again});
}

void Networks::watch(sys::Fd interface) {
  if (way_out_) way_out_->watch(std::move(interface));
}

void Networks::make_gate(net::GateChoice choice, sys::Fd line) {
  choice.folder = folder_;
  choice.filter = plan::make_filter({});
  gate_.emplace(std::move(choice), std::move(line));
  introduce();
}

void Networks::open_gate(sys::Fd line) {
  const auto* gate = plan_.find<plan::OpenGate>();
  if (gate) make_gate({.addresses = gate->addresses, .upstream = gate->upstream, .hands_on = gate->hands_on}, std::move(line));
}

void Networks::guard(net::WallSockets sockets) {
  const auto* restriction = plan_.find<plan::RestrictEgress>();
  if (restriction && gate_) gate_->guard(gate_rules(restriction->rules), std::move(sockets));
}

// The gate learns who knows the container's neighbours.
void Networks::introduce() {
  if (!gate_) return;
  if (sys::Fd keeper = memberships_.take_names()) gate_->meet(std::move(keeper));
  else if (memberships_.empty()) gate_->meet({});
}

NetworkNews Networks::enter(int user, int net) {
  user_ = user, net_ = net;
  if (auto failure = memberships_.enter(user, net)) return {.failure = std::move(failure->reason), .step = failure->step};
  introduce();
  if (way_out_) way_out_->enter(user, net);
  if (way_out_ && at_once_) way_out_->start();
  return {.ready = !(way_out_ && at_once_) && std::exchange(awaited_, false)};
}

void Networks::ask(Waiting& waiting) const {
  waiting.want(memberships_.descriptor(), POLLIN);
  if (gate_)
    for (const int fd : gate_->descriptors()) waiting.want(fd, POLLIN);
  if (!way_out_) return;
  for (const int fd : way_out_->descriptors()) waiting.want(fd, POLLIN);
}

NetworkNews Networks::answer_gate() {
  using News = net::Gate::News;
  const auto tell = [&](std::string_view what) { return format("the gate of the network has ended ({}): {}", gate_->reason(), what); };
  const News news = gate_->answer();
  NetworkNews told;
  if (news == News::none) return told;
  if (std::exchange(changes_egress_, false)) told.answer = news == News::changed ? gate_->error() ? errno_text(gate_->error()) : "" : "its gate has just ended";
  if (news == News::restarted) told.notice = tell("it was started anew");
  if (news == News::fallen) told.notice = tell("the next question for a name starts it again");
  if (news == News::ended) told.notice = tell(gate_->has_wall() ? "no name is resolved any more, and nothing new is let out" : "no name is resolved any more");
  return told;
}

NetworkNews Networks::answer(const Waiting& waiting) {
  if (waiting.got(memberships_.descriptor(), POLLIN)) {
    std::string text = memberships_.rejoin();
    introduce();
    if (!text.empty()) return {.notice = std::move(text)};
  }
  if (gate_)
    for (const int fd : gate_->descriptors())
      if (fd >= 0 && waiting.got(fd, POLLIN)) return answer_gate();
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
  if (kind == "connect") {
    std::string refusal = memberships_.connect(words);
    introduce();
    return {.answer = std::move(refusal)};
  }
  if (kind == "disconnect") {
    std::string refusal = memberships_.disconnect(words);
    introduce();
    return {.answer = std::move(refusal)};
  }
  if (kind == "allow" && words.size() == 3) return change_egress(words);
  return {.answer = "its monitor does not know how: it is of another version of snug"};
}

// Its connections through pasta end.
NetworkNews Networks::change_ports(std::vector<std::string> words) {
  if (!way_out_) return {.answer = no_way_yet};
  if (!again_) return {.answer = "its processes could take pasta's place, since it shares theirs with others"};
  if (former_ports_) return {.answer = "somebody else is just changing them"};
  former_ports_ = way_out_->restart(words);
  return way_out_->is_started() ? NetworkNews() : lose();
}

// Who had no wall gets one now; what is sent to where no rule leads is refused from then on, whenever it began.
NetworkNews Networks::change_egress(const std::vector<std::string>& words) {
  const auto list = [](const std::string& text) { return text.empty() ? std::vector<std::string>() : split(text, ' '); };
  std::vector<net::GateRule> rules = gate_rules(list(words[0]));
  if (gate_ && gate_->has_wall()) {
    changes_egress_ = gate_->change(std::move(rules));
    return changes_egress_ ? NetworkNews() : NetworkNews{.answer = "its gate has ended, or is just changing"};
  }
  if (net_ < 0) return {.answer = no_way_yet};
  net::RaisedWall raised;
  try {
    raised = net::raise_wall_in(user_, net_, net::make_wall(rules), gate_ ? std::vector<sys::NetAddress>() : read_addresses(list(words[1])));
  } catch (const Error& error) {
    return {.answer = error.message()};
  }
  if (!gate_) make_gate({.addresses = list(words[1]), .upstream = list(words[2])}, std::move(raised.line));
  NetworkNews news{.answer = ""};
  try {
    gate_->guard(std::move(rules), std::move(raised.wall));
  } catch (const Error& error) {
    // The wall stands, with nobody at its gate: closed is what was asked for.
    news.notice = format("no name is resolved any more: {}", error.message());
  }
  // Whoever is called from outside may go on answering: so nobody is, by what was open before.
  if (way_out_ && !way_out_->renew()) news.notice = tell(no_way_any_more);
  return news;
}

NetworkNews Networks::end_change(const std::string& refusal) {
  const auto former = std::exchange(former_ports_, std::nullopt);
  if (!refusal.empty()) static_cast<void>(way_out_->restart(*former));
  NetworkNews news{.answer = refusal};
  if (!way_out_->is_started()) news.notice = tell(no_way_any_more);
  return news;
}

// Who waits for it does not start; who runs goes on without.
NetworkNews Networks::lose() {
  const std::string& reason = way_out_->reason();
  if (former_ports_) return end_change(reason.empty() ? format("{} has ended", way_out_->program()) : std::string(reason));
  if (awaited_) return {.failure = reason};
  return {.notice = tell(way_out_->awaits_route() ? "the network has no way out; the next default route of this machine starts it again" : no_way_any_more)};
}

std::string Networks::tell(std::string_view what) const {
  const std::string& reason = way_out_->reason();
  return format("{} has ended{}: {}", way_out_->program(), reason.empty() ? "" : format(" ({})", printable(reason)), what);
}

}  // namespace snug::runtime
