#include "removing.hh"

#include <ctime>
#include <memory>

#include "snug/base/error.hh"
#include "stopping.hh"
#include "storage.hh"

namespace snug::commands {
namespace {

// Nothing where it has gone away by itself.
std::unique_ptr<Storage> take_hold(const std::string& store, const state::Record& record, const Trees& trees) {
  if (!state::try_find_record(store, record.id) && !state::find_damaged(store, record.id)) return {};
  return std::make_unique<Storage>(store, trees.maps(record.map), record);
}

// Whoever holds it longer than that is ended, whatever he does.
std::unique_ptr<Storage> take_hold_by_force(const std::string& store, const state::Record& record, const Trees& trees) {
  constexpr std::time_t patience = 10;  // seconds
  for (const std::time_t begun = std::time(nullptr);;) {
    try {
      end_container(store, record);
      return take_hold(store, record, trees);
    } catch (const Error&) {
      if (std::time(nullptr) - begun <= patience) continue;
      if (!end_holder(store, record)) throw;
      while (end_holder(store, record)) continue;
      return take_hold(store, record, trees);
    }
  }
}

}  // namespace

bool remove_at_rest(const std::string& store, const state::Record& record, const Trees& trees) {
  const auto storage = take_hold(store, record, trees);
  return !storage || storage->remove();
}

// Somebody may be starting it at this moment: then it is ended as soon as it runs.
bool remove_by_force(const std::string& store, const state::Record& record, const Trees& trees) {
  const auto storage = take_hold_by_force(store, record, trees);
  return !storage || storage->remove();
}

}  // namespace snug::commands
