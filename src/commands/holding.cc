#include "holding.hh"

#include <fcntl.h>

#include <ctime>
#include <utility>

#include "monitoring.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/config/spec.hh"
#include "snug/state/names.hh"
#include "snug/sys/file.hh"
#include "stopping.hh"

namespace snug::commands {
namespace {

// Whether somebody else may be starting it just now, or ending it: who only looks has it for a moment, too.
bool may_be_busy(const std::string& store, const std::string& name, int attempt) {
  constexpr int moments = 5;
  std::optional<std::string> id = state::find_name(store, name);  // taken before there is a record
  if (!id)
    if (auto record = state::try_find_record(store, name)) id = std::move(record->id);
  return id && (attempt < moments || state::is_running(store, {.id = *id}));
}

bool is_served(const std::string& folder) { return sys::find_status(AT_FDCWD, (folder + "/attach").c_str()).has_value(); }

// `hold`: of who has just started it.
std::optional<Held> try_hold(const std::string& store, state::Record record, sys::Fd hold) {
  const std::string folder = state::folder_of(store, record.id);
  if (!hold) hold = runtime::hold(folder);
  if (!hold && is_served(folder)) return {};  // it is just ending
  Entrance entrance = open_entrance(store, std::move(record));
  return Held{std::move(entrance), std::move(hold)};
}

}  // namespace

Held::~Held() {
  constexpr int patience = 10;  // seconds
  if (hold_ && runtime::let_go(std::move(hold_), patience)) await_end(entrance_.monitor);
}

sys::Fd wake(state::Record record, const Environment& environment) {
  plan::Spec spec = config::parse_spec(*record.spec);
  const bool idle = std::exchange(spec.idle, true);
  record.spec = config::render_spec(spec);
  Planned planned = plan_again(record, environment);
  if (!idle) planned.before = state::read_state(planned.facts.store, record.id);
  return start_for_visit(planned);
}

sys::Fd start_for_visit(Planned& planned) {
  try {
    return start_and_hold(planned);
  } catch (const Error& error) {
    throw StartFailure(error);
  }
}

// Ten seconds long.
Held hold_container(const std::string& store, const std::string& name, const std::function<sys::Fd()>& start) {
  constexpr int most = 500;
  for (int attempt = 0;; ++attempt) {
    try {
      sys::Fd hold = start();
      if (auto held = try_hold(store, state::find_record(store, name), std::move(hold))) return *std::move(held);
      if (attempt == most) throw Error(format("the container {} ends as often as it is started", quoted(name)));
    } catch (const StartFailure&) {
      throw;
    } catch (const Error&) {
      if (attempt >= most || !may_be_busy(store, name, attempt)) throw;
    }
    constexpr timespec pause{0, 20'000'000};
    ::nanosleep(&pause, nullptr);
  }
}

}  // namespace snug::commands
