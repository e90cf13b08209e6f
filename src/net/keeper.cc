// Theory of operation of the keeper.
//
// One process for all shared networks of a user. It lives outside, as the user himself, who owns the user namespaces of its networks and of the containers alike: nobody else could
// join the two. A network is a Segment, which lives as long as a container is in it. Each container's monitor has one connection here; its
// end is the end of the container's memberships. When the last one has ended the keeper ends, and with it all that it holds.
//
// A question is one packet of words with NUL between them: "join", a Membership's words, and the container's network and user namespaces as
// descriptors; "leave" and a network; or "names" and a socket, at which the container's gate asks for names from then on (names.hh). The answer
// is one packet: 'k' for done, or 'n' and why not. So who asks for names is known by where he asks, and knows who shares a network with him.

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

#include "names.hh"
#include "segment.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "snug/sys/process.hh"
#include "snug/sys/waiting.hh"

namespace snug::net {
namespace {

using sys::Fd;

constexpr unsigned most_questions = 32;    // for names, of one container: then it is somebody else's turn

struct Member {
  Membership membership;
  std::string port;
};

struct Client {
  Fd socket, names;
  std::list<Member> members;
};

class Keeper {
 public:
  Keeper(std::string folder, Fd door) : folder_(std::move(folder)), door_(std::move(door)) {}

  // Ends when nobody needs it any more.
  void run() {
    while (true) {
      sys::Waiting waiting;
      if (!full_) waiting.want(door_.get(), POLLIN);
      for (const Client& client : clients_)
        for (const Fd* each : {&client.socket, &client.names}) waiting.want(each->get(), POLLIN);
      if (!waiting.sleep(-1)) continue;
      for (Client& client : clients_) {
        if (waiting.got(client.names.get(), POLLIN)) tell_names(client);
        if (waiting.got(client.socket.get(), POLLIN)) hear(client);
      }
      if (waiting.got(door_.get(), POLLIN)) admit();
      clients_.remove_if([](const Client& client) { return !client.socket; });
      if (clients_.empty() && ends()) return;
    }
  }

 private:
  void admit() {
    Fd socket(::accept4(door_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    full_ = !socket && (errno == EMFILE || errno == ENFILE);  // until somebody leaves
    ucred who{};
    socklen_t size = sizeof who;
    if (socket && ::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &who, &size) == 0 && who.uid == ::geteuid()) clients_.push_back({.socket = std::move(socket), .names = {}, .members = {}});
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

  std::string answer(Client& client, const std::vector<std::string>& words, std::vector<Fd>& descriptors) {
    try {
      const bool brings = words.front() == "names" || words.front() == "join";
      if (brings && descriptors.empty()) return "too many descriptors are open in the keeper of the networks";
      if (words.front() == "names") return client.names = std::move(descriptors.front()), "";
      if (words.size() == 2 && words.front() == "leave") return leave(client, words[1]);
      const auto wanted = words.front() == "join" ? parse_membership(std::span(words).subspan(1)) : std::nullopt;
      if (!wanted) return "the keeper of the networks does not understand: it is of another version of snug";
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
    const Segment& segment = open_network(wanted.network);
    std::string refusal = find_hindrance(client, wanted);
    if (refusal.empty()) {
      const std::string port = format("port{}", ++ports_);
      std::string what;
      const int error = segment.plug(wanted, port, user, net, what);
      if (!error) client.members.push_back({wanted, port});
      else refusal = format("cannot {}: {}", what, errno_text(error));
    }
    if (!refusal.empty()) close_network(wanted.network);
    return refusal;
  }

  const Segment& open_network(const std::string& name) {
    std::unique_ptr<Segment>& segment = networks_[name];
    if (segment) return *segment;
    try {
      segment = std::make_unique<Segment>();
    } catch (const Error&) {
      networks_.erase(name);
      throw;
    }
    return *segment;
  }

  void tell_names(Client& client) const {
    std::array<char, question_size> question;
    for (unsigned at = 0; at < most_questions; ++at) {
      const ssize_t count = ::recv(client.names.get(), question.data(), question.size(), MSG_DONTWAIT);
      if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
      if (count <= 0) return client.names.reset();
      const auto asked = parse_name_question({question.data(), static_cast<std::size_t>(count)});
      if (!asked) continue;
      const std::string answer = render_packet(Numbered<NameAnswer>{asked->number, find_name(visible_to(client), asked->what)});
      static_cast<void>(::send(client.names.get(), answer.data(), answer.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
    }
  }

  // Whoever is in several networks finds all who are in one of them.
  [[nodiscard]] std::vector<const Membership*> visible_to(const Client& asker) const {
    std::vector<const Membership*> visible;
    for (const Client& client : clients_)
      for (const Member& member : client.members)
        if (std::any_of(asker.members.begin(), asker.members.end(), [&](const Member& own) { return own.membership.network == member.membership.network; })) visible.push_back(&member.membership);
    return visible;
  }

  [[nodiscard]] std::string find_hindrance(const Client& client, const Membership& wanted) const {
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
    networks_.at(name)->unplug(found->port);
    client.members.erase(found);
    close_network(name);
    return {};
  }

  // One in which nobody is.
  void close_network(const std::string& name) {
    for (const Client& client : clients_)
      for (const Member& member : client.members)
        if (member.membership.network == name) return;
    networks_.erase(name);
  }

  void forget(Client& client) {
    while (!client.members.empty()) static_cast<void>(leave(client, std::string(client.members.front().membership.network)));
    client.socket.reset();
    client.names.reset();
    full_ = false;
  }

  std::string folder_;
  Fd door_;
  std::list<Client> clients_;
  std::map<std::string, std::unique_ptr<Segment>> networks_;
  unsigned ports_ = 0;
  bool full_ = false;
};

// Nothing of the monitor's that it was made from stays: not its descriptors, among them the lock of a container, its words or its signals.
void let_go(const Fd& door) {
  static_cast<void>(sys::close_all_but({door.get()}));
  ::setsid();
  static_cast<void>(sys::leave_streams());
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
