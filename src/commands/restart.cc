#include <fcntl.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <utility>

#include "commands.hh"
#include "containers.hh"
#include "monitoring.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/output.hh"
#include "snug/config/spec.hh"
#include "snug/state/networks.hh"
#include "snug/sys/file.hh"
#include "stopping.hh"

namespace snug::commands {
namespace {

// Of two who restart one container each waits for the other: each container is a byte of one file. A lock of this process's own, which the
// monitor that it starts does not inherit.
sys::Fd take_turn(const std::string& store, const std::string& id) {
  sys::make_folders(store + "/locks");
  sys::Fd turn = sys::try_open(AT_FDCWD, (store + "/locks/restart").c_str(), O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
  struct flock place{};
  place.l_type = F_WRLCK;
  place.l_len = 1;
  std::from_chars(id.data(), id.data() + id.size(), place.l_start, 16);
  while (turn && ::fcntl(turn.get(), F_SETLKW, &place) != 0 && errno == EINTR) continue;
  return turn;
}

// What could not be started again is not stopped. Of an archive and an image all is in place already.
void check_start(const cli::Invocation& invocation, const std::string& store, const state::Record& record) {
  plan::Spec spec = config::parse_spec(*record.spec);
  if (spec.rootfs.kind != plan::Rootfs::Kind::directory && spec.rootfs.kind != plan::Rootfs::Kind::host) return;
  // The addresses that it has are taken, by itself.
  for (plan::SharedNetwork& shared : spec.network.shared) {
    const auto network = state::try_find_network(store, shared.name);
    for (const state::Lease& lease : network ? state::list_leases(store, shared.name) : std::vector<state::Lease>())
      if (lease.id == record.id) shared.ip = address_in(network->subnet4, lease.number);
  }
  static_cast<void>(plan_container(std::move(spec), invocation, Purpose::check, false));
}

int restart(const cli::Invocation& invocation) {
  const Patience patience = read_patience(invocation.arguments);
  return for_each_container(invocation, [&](const std::string& store, const state::Record& record) {
    if (!plan::is_kept(config::parse_spec(*record.spec))) throw Error(format("the container {} goes away when it ends, and cannot be started again", quoted(record.name)), "'snug create' makes one that stays");
    const sys::Fd turn = take_turn(store, record.id);
    check_start(invocation, store, record);
    stop_container(store, record, patience);
    Planned planned = plan_again(record, invocation.environment);
    start_in_background(planned);
    print(record.name + "\n");
  });
}

}  // namespace

constinit const cli::Command restart_command{
    .name = "restart",
    .summary = "stop containers, and start them again",
    .operands = "CONTAINER...",
    .description = "Stops each container as 'snug stop' does, if it runs, and starts it.",
    .options = patience_options,
    .max_operands = SIZE_MAX,
    .completer = {cli::Complete::containers},
    .function = restart};

}  // namespace snug::commands
