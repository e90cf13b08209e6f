#include "snug/state/names.hh"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "snug/base/error.hh"
#include "snug/base/json.hh"
#include "snug/base/spell.hh"
#include "snug/base/text.hh"
#include "snug/state/container_folder.hh"
#include "snug/state/record.hh"
#include "snug/sys/file.hh"

namespace snug::state {
namespace {

using sys::Fd;

Fd open_names(const std::string& store) {
  const std::string path = store + "/names";
  Fd folder = sys::try_open(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY);
  if (folder || errno != ENOENT) return folder;
  sys::make_folders(path);
  return sys::try_open(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY);
}

bool is_there(const std::string& store, const std::string& id) { return sys::find_status(AT_FDCWD, folder_of(store, id).c_str()).has_value(); }

// Who renames a container may be killed between the link and the record, and then the record is right. While there is none, or none that can be
// read, the link is all that is known.
bool is_named(const std::string& store, const std::string& id, const std::string& name) {
  const std::optional<Record> record = read_record(store, id);
  return record ? record->name == name : is_there(store, id);
}

// A container that was removed by force, or whose monitor was, leaves its name behind. Two may find it stale at once: only what is
// still the same is taken away.
void remove_stale(const Fd& names, const std::string& name, const std::string& id) {
  if (::flock(names.get(), LOCK_EX) != 0) return;
  if (sys::find_link(names.get(), name.c_str()) == id) ::unlinkat(names.get(), name.c_str(), 0);
  ::flock(names.get(), LOCK_UN);
}

// `renaming`: in one's turn. Else a name that its record does not bear may be that of one who is just being renamed.
bool take(const std::string& store, const std::string& name, const std::string& id, bool renaming) {
  const Fd names = open_names(store);
  if (!names) throw system_error(format("open {}", quoted(store + "/names")), errno);
  while (::symlinkat(id.c_str(), names.get(), name.c_str()) != 0) {
    if (errno != EEXIST) throw system_error(format("give the container the name {}", quoted(name)), errno);
    const std::optional<std::string> other = sys::find_link(names.get(), name.c_str());
    if (!other) continue;  // it has just been given up
    if (*other == id) return true;
    if (is_there(store, *other) && !is_leftover(folder_of(store, *other))) {
      const Fd turn = renaming ? Fd() : take_turn(store);
      if (is_named(store, *other, name)) return false;
      remove_stale(names, name, *other);
      continue;
    }
    remove_stale(names, name, *other);
  }
  return true;
}

std::optional<std::string> find_link(const std::string& store, const std::string& name) {
  if (name.empty() || name.find('/') != std::string::npos) return {};
  const Fd names = sys::try_open(AT_FDCWD, (store + "/names").c_str(), O_RDONLY | O_DIRECTORY);
  return names ? sys::find_link(names.get(), name.c_str()) : std::nullopt;
}

void drop_name(const std::string& store, const std::string& name, const std::string& id) {
  const Fd names = sys::try_open(AT_FDCWD, (store + "/names").c_str(), O_RDONLY | O_DIRECTORY);
  if (names) remove_stale(names, name, id);
}

}  // namespace

bool take_name(const std::string& store, const std::string& name, const std::string& id) { return take(store, name, id, false); }

Fd take_turn(const std::string& store) {
  Fd turn = sys::open(AT_FDCWD, store, O_RDONLY | O_DIRECTORY);
  if (::flock(turn.get(), LOCK_EX) != 0) throw system_error(format("lock {}", quoted(store)), errno);
  return turn;
}

bool rename_container(const std::string& store, const std::string& id, const std::string& name) {
  const Fd turn = take_turn(store);
  Record record = find_record(store, id);
  const std::string before = record.name;
  if (before == name) return true;
  if (!take(store, name, id, true)) return false;
  record.name = name;
  Json spec = *record.spec;
  spec["name"] = name;
  record.spec = std::make_shared<const Json>(std::move(spec));
  try {
    write_record(store, record);
  } catch (const Error&) {
    drop_name(store, name, id);
    throw;
  }
  drop_name(store, before, id);
  return true;
}

void drop_names(const std::string& store, const std::string& id) {
  const Fd names = sys::try_open(AT_FDCWD, (store + "/names").c_str(), O_RDONLY | O_DIRECTORY);
  if (!names) return;
  for (const sys::Entry& entry : sys::list_folder(names.get()))
    if (sys::find_link(names.get(), entry.name.c_str()) == id) remove_stale(names, entry.name, id);
}

std::string free_name(const std::string& store, const std::string& usual) {
  std::string name = usual;
  for (unsigned number = 2; find_name(store, name); ++number) name = format("{}-{}", usual, number);
  return name;
}

void drop_stale_names(const std::string& store) {
  const Fd names = sys::try_open(AT_FDCWD, (store + "/names").c_str(), O_RDONLY | O_DIRECTORY);
  if (!names) return;
  const Fd turn = take_turn(store);
  for (const sys::Entry& entry : sys::list_folder(names.get())) {
    const std::optional<std::string> id = sys::find_link(names.get(), entry.name.c_str());
    if (id && !is_named(store, *id, entry.name)) remove_stale(names, entry.name, *id);
  }
}

std::optional<Record> find_named(const std::string& store, const std::string& name) {
  const std::optional<std::string> id = find_link(store, name);
  std::optional<Record> record = id ? read_record(store, *id) : std::nullopt;
  return record && record->name == name ? std::move(record) : std::nullopt;
}

std::optional<std::string> find_name(const std::string& store, const std::string& name) {
  std::optional<std::string> id = find_link(store, name);
  if (id && !is_named(store, *id, name)) id.reset();
  return id;
}

std::optional<std::string> find_name_of(const std::string& store, const std::string& id) {
  if (auto record = read_record(store, id)) return std::move(record->name);
  const Fd names = sys::try_open(AT_FDCWD, (store + "/names").c_str(), O_RDONLY | O_DIRECTORY);
  if (!names) return {};
  for (sys::Entry& entry : sys::list_folder(names.get()))
    if (sys::find_link(names.get(), entry.name.c_str()) == id) return std::move(entry.name);
  return {};
}

std::optional<std::string> find_nearest_name(const std::string& store, std::string_view typed) {
  std::vector<std::string> names;
  for (Record& record : list_records(store)) names.push_back(std::move(record.name));
  return find_nearest(typed, names);
}

}  // namespace snug::state
