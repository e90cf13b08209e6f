// Theory of operation of the keeper.
//
// One process for all shared networks of a user, so that a container which is in several finds the names of all of them at whichever it
// asks. It lives outside, as the user himself, who owns the user namespaces of its networks and of the containers alike: nobody else could
// join the two. A network is a Segment, which lives as long as a container is in it. Each container's monitor has one connection here; its
// end is the end of the container's memberships. When the last one has ended the keeper ends, and with it all that it holds.
//
// A question is one packet of words with NUL between them: "join", a Membership's words, and the container's network and user namespaces as
// descriptors; or "leave" and a network. The answer is one packet: 'k' for done, or 'n' and why not.

#include "keeper.hh"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <list>
#include <map>
#include <memory>
#include <vector>

#include "name_server.hh"
#include "segment.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "snug/sys/process.hh"
#include "snug/sys/waiting.hh"

namespace snug::net {
namespace {

using sys::Fd;

constexpr unsigned most_connections = 500;  // of the 1024 descriptors that a process usually has
// Of two networks that both answer questions for names, one that hands them on is asked.
constexpr unsigned metric = 1000, internal_metric = 2000;

struct Network {
  std::vector<std::string> addresses;  ///< the keeper's own
  bool internal = false;
  Segment segment;
};

struct Member {
  Membership membership;
  std::string port;
};

struct Client {
  Fd socket;
  std::list<Member> members;
};

class Keeper {
 public:
  Keeper(std::string folder, Fd door)
      : folder_(std::move(folder)), door_(std::move(door)), names_([this](const std::string& network, const std::string& address) { return look(network, address); }) {}

  // Ends when nobody needs it any more.
  void run() {
    while (true) {
      sys::Waiting waiting;
      if (clients_.size() < most_connections) waiting.want(door_.get(), POLLIN);
      for (const Client& client : clients_) waiting.want(client.socket.get(), POLLIN);
      names_.want(waiting);
      if (!waiting.sleep(names_.patience())) continue;
      names_.answer(waiting);
      for (Client& client : clients_)
        if (waiting.got(client.socket.get(), POLLIN)) hear(client);
      if (waiting.got(door_.get(), POLLIN)) admit();
      clients_.remove_if([](const Client& client) { return !client.socket; });
      if (clients_.empty() && ends()) return;
    }
  }

 private:
  void admit() {
    Fd socket(::accept4(door_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    ucred who{};
    socklen_t size = sizeof who;
    if (socket && ::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 && who.uid == ::geteuid()) clients_.push_back({.socket = std::move(socket), .members = {}});
  }

  // Whoever waits to be let in has taken his turn before.
  bool ends() {
    const Fd place = sys::try_open(AT_FDCWD, folder_.c_str(), O_RDONLY | O_DIRECTORY);
    if (!place) return true;
    while (::flock(place.get(), LOCK_EX) != 0 && errno == EINTR) continue;
    pollfd door{door_.get(), POLLIN, 0};
    if (::poll(&door, 1, 0) > 0) return false;
    ::unlinkat(place.get(), keeper_socket, 0);
    door_.reset();
    return true;
  }

  void hear(Client& client) {
    std::array<char, question_size> question;
    std::vector<Fd> descriptors;
    const ssize_t count = sys::receive_message(client.socket.get(), question.data(), question.size(), descriptors);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (count <= 0) return forget(client);
    const std::string refusal = answer(client, split({question.data(), static_cast<std::size_t>(count)}, '\0'), descriptors);
    const std::string text = (refusal.empty() ? "k" : "n") + refusal;
    if (::send(client.socket.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0) forget(client);
  }

  std::string answer(Client& client, const std::vector<std::string>& words, const std::vector<Fd>& descriptors) {
    try {
      if (words.size() == 2 && words.front() == "leave") return leave(client, words[1]);
      const auto wanted = words.front() == "join" ? parse_membership(std::span(words).subspan(1)) : std::nullopt;
      if (!wanted || descriptors.empty()) return "the keeper of the networks does not understand: it is of another version of snug";
      return join(client, *wanted, descriptors.size() > 1 ? descriptors[1].get() : -1, descriptors[0].get());
    } catch (const Error& error) {
      return error.message();
    } catch (const std::exception& exception) {
      return exception.what();
    }
  }

  // Of a container that is started again at once, the end of the former monitor may not have been heard yet.
  void forget_the_gone(const Client& but) {
    char byte = 0;
    for (Client& client : clients_)
      if (&client != &but && client.socket && ::recv(client.socket.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0) forget(client);
  }

  std::string join(Client& client, const Membership& wanted, int user, int net) {
    forget_the_gone(client);
    Network& network = open_network(wanted);
    std::string refusal = find_hindrance(client, network, wanted);
    if (refusal.empty()) {
      const std::string port = format("port{}", ++ports_);
      const unsigned order = (wanted.internal ? internal_metric : metric) + static_cast<unsigned>(client.members.size());
      std::string what;
      const int error = network.segment.plug(wanted, port, user, net, order, what);
      if (!error) client.members.push_back({wanted, port});
      else refusal = format("cannot {}: {}", what, errno_text(error));
    }
    if (!refusal.empty()) close_network(wanted.network);
    return refusal;
  }

  Network& open_network(const Membership& wanted) {
    std::unique_ptr<Network>& network = networks_[wanted.network];
    if (network) return *network;
    try {
      network = std::make_unique<Network>(Network{wanted.resolvers, wanted.internal, Segment(wanted.resolvers)});
    } catch (const Error&) {
      networks_.erase(wanted.network);
      throw;
    }
    names_.open(wanted.network, network->segment);
    return *network;
  }

  // An address can be feigned: so what an internal network brings is handed on to nobody, whoever asks.
  [[nodiscard]] NameServer::View look(const std::string& network, const std::string& address) const {
    NameServer::View view;
    for (const Client& client : clients_) {
      if (is_address_of(client, network, address)) return view_of(client, !networks_.at(network)->internal);
      for (const Member& member : client.members)
        if (member.membership.network == network) view.visible.push_back(&member.membership);
    }
    view.handed_on = !networks_.at(network)->internal;
    return view;
  }

  static bool is_address_of(const Client& client, const std::string& network, const std::string& address) {
    return std::any_of(client.members.begin(), client.members.end(), [&](const Member& member) {
      const Membership& own = member.membership;
      return own.network == network && (own.address4.starts_with(address + "/") || own.address6.starts_with(address + "/"));
    });
  }

  // Whoever is in several networks finds all who are in one of them.
  [[nodiscard]] NameServer::View view_of(const Client& asker, bool handed_on) const {
    NameServer::View view{.visible = {}, .handed_on = handed_on};
    for (const Client& client : clients_)
      for (const Member& member : client.members)
        if (std::any_of(asker.members.begin(), asker.members.end(), [&](const Member& own) { return own.membership.network == member.membership.network; })) view.visible.push_back(&member.membership);
    return view;
  }

  [[nodiscard]] std::string find_hindrance(const Client& client, const Network& network, const Membership& wanted) const {
    if (network.addresses != wanted.resolvers || network.internal != wanted.internal) return format("the network {} is there with other addresses", quoted(wanted.network));
    for (const Member& member : client.members)
      if (member.membership.network == wanted.network) return format("it is in the network {} already", quoted(wanted.network));
    for (const Client& other : clients_)
      for (const Member& member : other.members)
        if (member.membership.network == wanted.network && member.membership.address4 == wanted.address4)
          return format("{} has the address {} there", quoted(member.membership.names.front()), wanted.address4);
    return {};
  }

  std::string leave(Client& client, const std::string& name) {
    const auto found = std::find_if(client.members.begin(), client.members.end(), [&](const Member& member) { return member.membership.network == name; });
    if (found == client.members.end()) return format("it is not in the network {}", quoted(name));
    networks_.at(name)->segment.unplug(found->port);
    client.members.erase(found);
    close_network(name);
    return {};
  }

  // One in which nobody is.
  void close_network(const std::string& name) {
    for (const Client& client : clients_)
      for (const Member& member : client.members)
        if (member.membership.network == name) return;
    names_.close(name);
    networks_.erase(name);
  }

  void forget(Client& client) {
    while (!client.members.empty()) static_cast<void>(leave(client, std::string(client.members.front().membership.network)));
    client.socket.reset();
  }

  std::string folder_;
  Fd door_;
  std::list<Client> clients_;
  std::map<std::string, std::unique_ptr<Network>> networks_;
  NameServer names_;
  unsigned ports_ = 0;
};

// Nothing of the monitor's that it was made from stays: not its descriptors, among them the lock of a container, its words or its signals.
void let_go(const Fd& door) {
  static_cast<void>(sys::close_all_but(door.get(), -1));
  ::setsid();
  const Fd null = sys::try_open(AT_FDCWD, "/dev/null", O_RDWR);
  for (const int fd : {0, 1, 2}) ::dup2(null.get(), fd);
  sys::reset_signals();
  sys::hide_words();
  ::prctl(PR_SET_NAME, "snug-networks");
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) == 0) files.rlim_cur = files.rlim_max, ::setrlimit(RLIMIT_NOFILE, &files);
  if (sys::set_no_new_privileges() || sys::hide_from_tracers()) ::_exit(1);
}

}  // namespace

void keep_networks(const std::string& folder, Fd door) noexcept {
  try {
    let_go(door);
    // From here on it is this process that whoever connects is told of: SO_PEERCRED.
    if (::chdir("/") != 0 || ::listen(door.get(), SOMAXCONN) != 0) ::_exit(1);
    Keeper(folder, std::move(door)).run();
  } catch (const std::exception&) {
    ::_exit(1);
  }
  ::_exit(0);
}

}  // namespace snug::net
