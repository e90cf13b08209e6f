#include "removing.hh"

#include <ctime>

#include "snug/base/error.hh"
#include "stopping.hh"
#include "storage.hh"

namespace snug::commands {

void remove_at_rest(const std::string& store, const state::Record& record, const Trees& trees) {
  if (!state::try_find_record(store, record.id) && !state::find_damaged(store, record.id)) return;  // it went away by itself
  Storage(store, trees.maps(record.map), record).keep(false);
}

// Somebody may be starting it at this moment: then it is ended as soon as it runs. Whoever holds it longer than that is ended, whatever he does.
void remove_by_force(const std::string& store, const state::Record& record, const Trees& trees) {
  constexpr std::time_t patience = 10;  // seconds
  for (const std::time_t begun = std::time(nullptr);;) {
    try {
      end_container(store, record);
      return remove_at_rest(store, record, trees);
    } catch (const Error&) {
      if (std::time(nullptr) - begun <= patience) continue;
      if (!end_holder(store, record)) throw;
      while (end_holder(store, record)) continue;
      return remove_at_rest(store, record, trees);
    }
  }
}

}  // namespace snug::commands
