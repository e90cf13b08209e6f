// pasta, beside the container: net/way_out.cc starts it when the first packet comes out of the container's interface, whose outer end the
// monitor holds until then, or at once where a port is open from the start. Whoever is inside goes on without it.
//
// And the gate, net/gatekeeper.cc, where what the container sends is restricted: init has raised the wall before anything could be sent, and what asks
// for names meanwhile waits in its socket.

#include "networks.hh"

#include <fcntl.h>

#include <algorithm>
#include <utility>

#include "egress.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/net/denials.hh"
#include "snug/sys/file.hh"

namespace snug::runtime {
namespace {

// Where the container asks for names: it was told so when it started.
void add_servers(const plan::Plan& plan, std::vector<std::string>& servers) {
  constexpr std::string_view word = "nameserver ", loopback = "127.";
  constexpr std::size_t most = 3;
  const auto* files = plan.find<plan::MakeFiles>();
  for (const auto& file : files ? files->files : std::vector<plan::MakeFiles::File>()) {
    if (file.name != "resolv.conf") continue;
    for (const std::string_view line : lines(file.content)) {
      if (!line.starts_with(word) || servers.size() >= most) continue;
      std::string server(trimmed(line.substr(word.size())));
      if (!server.starts_with(loopback) && server != "::1" && std::find(servers.begin(), servers.end(), server) == servers.end()) servers.push_back(std::move(server));
    }
  }
}

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

net::GateChoice Networks::gate_choice(const plan::RestrictEgress& wall, const plan::OpenGate& gate) const {
  sys::Fd log;
  if (const sys::Fd folder = folder_.empty() ? sys::Fd() : sys::try_open(AT_FDCWD, folder_.c_str(), O_PATH | O_DIRECTORY))
    log = sys::try_open(folder.get(), net::denials_name, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
  return {.rules = gate_rules(wall.rules), .upstream = gate.upstream, .log = std::move(log), .filter = plan::make_filter({})};
}

void Networks::guard(std::vector<sys::Fd> sockets) {
  const auto* wall = plan_.find<plan::RestrictEgress>();
  const auto* gate = plan_.find<plan::OpenGate>();
  if (!wall || !gate) return;
  gate_.emplace(gate_choice(*wall, *gate), std::move(sockets));
  gate_->start();
}

NetworkNews Networks::enter(int user, int net) {
  user_ = user, net_ = net;
  if (auto failure = memberships_.enter(user, net)) return {.failure = std::move(failure->reason), .step = failure->step};
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
  if (news == News::ended) told.notice = tell("no name is resolved any more, and nothing new is let out");
  return told;
}

NetworkNews Networks::answer(const Waiting& waiting) {
  if (waiting.got(memberships_.descriptor(), POLLIN))
    if (std::string text = memberships_.rejoin(); !text.empty()) return {.notice = std::move(text)};
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
  if (kind == "connect") return {.answer = memberships_.connect(words)};
  if (kind == "disconnect") return {.answer = memberships_.disconnect(words)};
  if (kind == "allow" && words.size() == 3) return change_egress(words);
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

// Who had no wall gets one now; what is sent to where no rule leads is refused from then on, whenever it began.
NetworkNews Networks::change_egress(const std::vector<std::string>& words) {
  const auto list = [](const std::string& text) { return text.empty() ? std::vector<std::string>() : split(text, ' '); };
  plan::RestrictEgress step{.rules = list(words[0]), .servers = list(words[1])};
  add_servers(plan_, step.servers);
  if (gate_) {
    changes_egress_ = gate_->change(gate_rules(step.rules));
    return changes_egress_ ? NetworkNews() : NetworkNews{.answer = "its gate has ended, or is just changing"};
  }
  if (net_ < 0) return {.answer = "it has no way out"};
  try {
    gate_.emplace(gate_choice(step, {list(words[2])}), net::raise_wall_in(user_, net_, net::make_wall(gate_rules(step.rules)), read_addresses(step.servers)));
    gate_->start();
  } catch (const Error& error) {
    if (!gate_) return {.answer = error.message()};
    // The wall stands, with nobody at its gate: closed is what was asked for.
    return {.notice = format("no name is resolved any more: {}", error.message()), .answer = ""};
  }
  // Whoever is called from outside may go on answering: so nobody is, by what was open before.
  NetworkNews news{.answer = ""};
  if (way_out_ && !way_out_->renew()) news.notice = tell("the network has no way out any more");
  return news;
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
