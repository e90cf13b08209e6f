#include "storage.hh"

#include <utility>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/output.hh"
#include "snug/commands/trees.hh"
#include "snug/runtime/mapped.hh"
#include "snug/state/names.hh"
#include "stopping.hh"

namespace snug::commands {

Storage::Storage(std::string store, std::optional<plan::WriteIdMaps> maps) : maps_(std::move(maps)), store_(std::move(store)), folder_(store_) {}

Storage::Storage(std::string store, std::optional<plan::WriteIdMaps> maps, const state::Record& record)
    : maps_(std::move(maps)), store_(std::move(store)), name_(record.name), folder_(store_, record.id), kept_(true) {}

Storage::~Storage() {
  try {
    if (!kept_) static_cast<void>(remove());
  } catch (const Error& error) {
    say(format("snug: notice: {}\n", error.message()));
  }
}

// A copy can take as long as it likes, and whoever started the container need not wait for it.
bool Storage::remove() {
  constexpr int soon = 20;
  kept_ = true;  // nothing is left to go, or it stays
  int asked = 0;
  std::optional<sys::Fd> alone = state::keep_readers_out(folder_.path(), [&] {
    if (++asked == soon) say("snug: notice: somebody still reads the container's files, and is waited for; Ctrl-C leaves them there\n");
    return !held_.has_come();
  });
  if (!alone) throw Error(format("the container {} stays: somebody still reads its files", quoted(state::find_name_of(store_, id()).value_or(id()))));
  if (!name_.empty()) state::drop_names(store_, id());
  const bool whole = remove_files(folder_.path(), *std::move(alone));
  const std::vector<std::string> leftovers = state::find_leftovers(store_);
  for (const std::string& path : leftovers)
    if (auto unread = state::keep_readers_out(path, [] { return false; })) static_cast<void>(remove_files(path, *std::move(unread)));
  if (!leftovers.empty()) state::drop_stale_names(store_);
  return whole;
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

// Files of sub-ids can only be removed by somebody who is root over them.
bool Storage::remove_files(const std::string& path, sys::Fd alone) const {
  const auto remove = [&] { return state::remove_tree(path); };
  const bool whole = remove_container(path, std::move(alone), [&] { return remove() || (maps_ && runtime::run_mapped(*maps_, remove)); });
  if (!whole) say(format("snug: notice: {} could not be removed\n", quoted(path)));
  return whole;
}

}  // namespace snug::commands
