#include "storage.hh"

#include <utility>

#include "snug/commands/output.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/runtime/cgroup.hh"
#include "snug/runtime/mapped.hh"
#include "snug/state/names.hh"
#include "stopping.hh"

namespace snug::commands {

Storage::Storage(std::string store, std::optional<plan::WriteIdMaps> maps) : maps_(std::move(maps)), store_(std::move(store)), folder_(store_) {}

Storage::Storage(std::string store, std::optional<plan::WriteIdMaps> maps, const state::Record& record)
    : maps_(std::move(maps)), store_(std::move(store)), name_(record.name), folder_(store_, record.id), kept_(true) {}

Storage::~Storage() {
  try {
    if (kept_) return;
    if (!name_.empty()) state::drop_names(store_, id());
    if (!remove(folder_.path())) static_cast<void>(name_.empty() || state::take_name(store_, name_, id()));  // it is there still
    const std::vector<std::string> leftovers = state::find_leftovers(store_);
    for (const std::string& path : leftovers)
      if (!state::has_readers(path)) static_cast<void>(remove(path));
    if (!leftovers.empty()) state::drop_stale_names(store_);
  } catch (const Error& error) {
    say(format("snug: notice: {}\n", error.message()));
  }
}

std::string Storage::take_name(const std::optional<std::string>& typed, const std::string& usual) {
  std::string name = typed.value_or(usual);
  for (unsigned number = 2; !state::take_name(store_, name, id()); ++number) {
    if (typed && is_going_away(name)) continue;
    if (typed) throw Error(format("there is a container of the name {} already", quoted(name)), "another --name; or 'snug rm' takes that one away");
    name = format("{}-{}", usual, number);
  }
  return name_ = name;
}

// Whether who has the name was just going away, and is gone now.
bool Storage::is_going_away(const std::string& name) const {
  const std::optional<std::string> id = state::find_name(store_, name);
  const auto record = id ? state::try_find_record(store_, *id) : std::nullopt;
  return record && !record->kept && !goes_on(store_, *record) && !state::try_find_record(store_, *id);
}

// A copy can take as long as it likes, and whoever started the container need not wait for it.
bool Storage::keep_readers_out(const std::string& path) const {
  constexpr int soon = 20;
  int asked = 0;
  return state::keep_readers_out(path, [&] {
    if (++asked == soon) say("snug: notice: somebody still reads the container's files, and is waited for; Ctrl-C leaves them there\n");
    return !held_.is_pending();
  });
}

// Files of sub-ids can only be removed by somebody who is root over them.
bool Storage::remove(const std::string& path) const {
  if (!keep_readers_out(path)) return say(format("snug: notice: {} stays, for somebody reads it\n", quoted(path))), false;
  if (const std::string cgroup = state::cgroup_in(path); !cgroup.empty()) runtime::remove_dead_cgroup(cgroup);
  if (state::remove_tree(path)) return true;
  if (maps_ && runtime::run_mapped(*maps_, [&] { return state::remove_tree(path); })) return true;
  say(format("snug: notice: {} could not be removed\n", quoted(path)));
  return true;
}

}  // namespace snug::commands
