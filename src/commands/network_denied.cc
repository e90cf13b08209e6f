#include <fcntl.h>
#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>

#include "containers.hh"
#include "network_actions.hh"
#include "networking.hh"
#include "snug/base/error.hh"
#include "snug/base/json.hh"
#include "snug/base/text.hh"
#include "snug/base/time.hh"
#include "snug/commands/output.hh"
#include "snug/config/spec.hh"
#include "snug/net/denials.hh"
#include "snug/state/names.hh"
#include "snug/state/record.hh"
#include "snug/sys/file.hh"

namespace snug::commands {
namespace {

using Denials = std::vector<net::Denial>;

Denials read_denials(const sys::Fd& folder) {
  const sys::Fd file = sys::try_open(folder.get(), net::denials_name, O_RDONLY | O_NOFOLLOW);
  return file ? net::parse_denials(sys::read_all(file.get())) : Denials();
}

// A name that was refused has no address, and nobody has sent anything yet.
std::string where(const net::Denial& denial) {
  if (denial.address.empty()) return "-";
  const bool ipv6 = denial.address.find(':') != std::string::npos;
  const std::string place = denial.port == 0 ? denial.address : ipv6 ? format("[{}]:{}", denial.address, denial.port) : format("{}:{}", denial.address, denial.port);
  return format("{}/{}", place, printable(denial.protocol));
}

Json json_of(const net::Denial& denial) {
  return Json{{"Time", render_time(denial.time)}, {"Count", denial.count}, {"Name", denial.name}, {"Address", denial.address}, {"Protocol", denial.protocol}, {"Port", denial.port}};
}

std::vector<std::string> row_of(const net::Denial& denial) {
  return {render_time(denial.time), format("{}", denial.count), denial.name.empty() ? "-" : printable(denial.name), where(denial)};
}

void list(const Denials& denials, bool json) {
  Json array = Json::array();
  std::vector<std::vector<std::string>> rows{{"LAST", "COUNT", "NAME", "SENT TO"}};
  for (const net::Denial& each : net::sum_up(denials)) {
    if (json) array.push_back(json_of(each));
    else rows.push_back(row_of(each));
  }
  print(json ? render_json(array) : render_columns(rows));
}

// Sleeps until something changes in the folder, or `monitor` ends: false.
bool wait_for_change(const sys::Fd& changes, const sys::Fd& monitor) {
  std::array<pollfd, 2> polls{{{changes.get(), POLLIN, 0}, {monitor.get(), POLLIN, 0}}};
  if (::poll(polls.data(), polls.size(), -1) < 0) return errno == EINTR;
  std::array<char, 4096> events;
  if ((polls[0].revents & POLLIN) && ::read(changes.get(), events.data(), events.size()) < 0 && errno != EAGAIN) return false;
  return polls[1].revents == 0;
}

void follow(const sys::Fd& folder, const std::string& path, const sys::Fd& monitor, bool json) {
  const sys::Fd changes(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!changes || ::inotify_add_watch(changes.get(), path.c_str(), IN_MODIFY | IN_CREATE) < 0) throw system_error("watch what is refused", errno);
  std::uint64_t seen = 0;
  for (bool lives = static_cast<bool>(monitor);;) {
    for (const net::Denial& each : read_denials(folder)) {
      if (each.number <= seen) continue;
      seen = each.number;
      print(json ? json_of(each).dump() + "\n" : join(row_of(each), "  ") + "\n");
    }
    if (!lives) return;
    lives = wait_for_change(changes, monitor);
  }
}

}  // namespace

int network_denied(const cli::Invocation& invocation) {
  const cli::Arguments& given = invocation.arguments;
  const std::string store = store_of(invocation.environment);
  const state::Record record = find_owner(store, state::find_record(store, given.operands[1]));
  const std::string path = state::folder_of(store, record.id);
  const sys::Fd folder = sys::open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY);
  const plan::Spec spec = config::parse_spec(*record.spec);
  const auto& rules = spec.network.allow;
  check_own_network(record, spec, "network denied");
  if (!rules) check_way_out(store, record, spec);
  if (!rules && read_denials(folder).empty())
    throw Error(format("the container {} may send to everything: nothing is refused", quoted(record.name)), "--allow, or snug network allow, closes what no rule names");
  if (!given.flag("follow") && !given.flag("force")) {  // the letter f, which rm and prune have for that word, means to follow here
    list(read_denials(folder), given.flag("json"));
    return 0;
  }
  const state::State state = state::read_state(store, record.id);
  follow(folder, path, state.phase == state::State::Phase::running ? state::open_marked(state.monitor) : sys::Fd(), given.flag("json"));
  return 0;
}

}  // namespace snug::commands
