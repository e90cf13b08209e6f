// The folder of a network has its record, and a folder of links, one for each address that is taken: NUMBER -> ID of the container, as in
// STORE/names. A link of a container that is gone counts for nothing.

#include "snug/state/networks.hh"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "snug/base/error.hh"
#include "snug/base/json.hh"
#include "snug/base/text.hh"
#include "snug/state/container_folder.hh"
#include "snug/state/record.hh"
#include "snug/sys/file.hh"

namespace snug::state {
namespace {

using sys::Fd;

constexpr unsigned version = 1;
constexpr const char* leases_folder = "leases";

std::string folder_of_network(const std::string& store, const std::string& name) { return format("{}/{}", networks_folder(store), name); }

std::string render(const NetworkRecord& record) {
  return Json{{"version", version}, {"name", record.name}, {"created", record.created}, {"subnet4", render_subnet(record.subnet4)},
              {"subnet6", record.subnet6 ? render_subnet(*record.subnet6) : ""}, {"internal", record.internal}, {"labels", record.labels}}
      .dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::optional<NetworkRecord> parse(const std::string& name, std::string_view text) {
  try {
    const Json json = parse_json(text);
    const auto subnet4 = parse_subnet(json.at("subnet4").get_ref<const std::string&>());
    if (json.at("version").get<unsigned>() != version || !subnet4) return {};
    return NetworkRecord{.name = name, .created = json.at("created"), .subnet4 = *subnet4, .subnet6 = parse_subnet(json.at("subnet6").get_ref<const std::string&>()),
                         .internal = json.at("internal"), .labels = json.at("labels")};
  } catch (const std::exception&) {
    return {};
  }
}

Fd open_leases(const std::string& store, const std::string& network) {
  return sys::try_open(AT_FDCWD, format("{}/{}", folder_of_network(store, network), leases_folder).c_str(), O_RDONLY | O_DIRECTORY);
}

bool is_there(const std::string& store, const std::string& id) { return sys::find_status(AT_FDCWD, folder_of(store, id).c_str()).has_value(); }

// Two may find it stale at once: only what is still the same is taken away.
void remove_lease(const Fd& leases, const std::string& number, const std::string& id) {
  if (::flock(leases.get(), LOCK_EX) != 0) return;
  if (sys::find_link(leases.get(), number.c_str()) == id) ::unlinkat(leases.get(), number.c_str(), 0);
  ::flock(leases.get(), LOCK_UN);
}

bool try_take(const std::string& store, const Fd& leases, std::uint32_t number, const std::string& id) {
  const std::string name = format("{}", number);
  while (::symlinkat(id.c_str(), leases.get(), name.c_str()) != 0) {
    if (errno != EEXIST) throw system_error("take an address of the network", errno);
    const std::optional<std::string> other = sys::find_link(leases.get(), name.c_str());
    if (!other && errno != ENOENT) return false;  // it is none of ours
    if (!other) continue;                         // it has just gone
    if (*other == id) return true;
    if (is_there(store, *other) && !is_leftover(folder_of(store, *other))) return false;
    remove_lease(leases, name, *other);
  }
  return true;
}

}  // namespace

std::string networks_folder(const std::string& store) { return store + "/networks"; }

bool make_network(const std::string& store, const NetworkRecord& record) {
  const std::string path = folder_of_network(store, record.name);
  if (try_find_network(store, record.name)) return false;
  sys::make_folders(format("{}/{}", path, leases_folder));
  const Fd folder = sys::open(AT_FDCWD, path, O_RDONLY | O_DIRECTORY);
  sys::replace_file(folder.get(), "network.json", render(record));
  return true;
}

std::vector<NetworkRecord> list_networks(const std::string& store) {
  std::vector<NetworkRecord> records;
  const Fd folder = sys::try_open(AT_FDCWD, networks_folder(store).c_str(), O_RDONLY | O_DIRECTORY);
  if (!folder) return records;
  for (const sys::Entry& entry : sys::list_folder(folder.get()))
    if (auto record = try_find_network(store, entry.name)) records.push_back(*std::move(record));
  std::sort(records.begin(), records.end(), [](const NetworkRecord& one, const NetworkRecord& other) { return one.name < other.name; });
  return records;
}

std::optional<NetworkRecord> try_find_network(const std::string& store, const std::string& name) {
  if (name.empty() || name.find('/') != std::string::npos) return {};
  const auto text = sys::find_file_text((folder_of_network(store, name) + "/network.json").c_str());
  return text ? parse(name, *text) : std::nullopt;
}

void drop_network(const std::string& store, const std::string& name) {
  const std::string path = folder_of_network(store, name);
  static_cast<void>(::unlink((path + "/network.json").c_str()));  // from here on it is none
  if (!remove_tree(path)) throw Error(format("cannot remove {}", quoted(path)));
}

std::vector<Lease> list_leases(const std::string& store, const std::string& network) {
  std::vector<Lease> list;
  const Fd leases = open_leases(store, network);
  if (!leases) return list;
  for (const sys::Entry& entry : sys::list_folder(leases.get())) {
    const auto number = parse_number(entry.name);
    const auto id = sys::find_link(leases.get(), entry.name.c_str());
    if (number && id && is_there(store, *id)) list.push_back({static_cast<std::uint32_t>(*number), *id});
  }
  std::sort(list.begin(), list.end(), [](const Lease& one, const Lease& other) { return one.number < other.number; });
  return list;
}

std::optional<std::uint32_t> take_lease(const std::string& store, const std::string& network, const std::string& id, std::optional<std::uint32_t> wanted,
                                        std::uint32_t first, std::uint32_t last) {
  for (const Lease& lease : list_leases(store, network)) {
    if (lease.id != id) continue;
    if (!wanted || lease.number == *wanted) return lease.number;
    drop_lease(store, network, id);
  }
  const Fd leases = open_leases(store, network);
  if (!leases) throw system_error(format("open the addresses of the network {}", quoted(network)), errno);
  if (wanted) return try_take(store, leases, *wanted, id) ? wanted : std::nullopt;
  for (std::uint32_t number = first; number <= last; ++number)
    if (try_take(store, leases, number, id)) return number;
  return {};
}

void drop_lease(const std::string& store, const std::string& network, const std::string& id) {
  const Fd leases = open_leases(store, network);
  if (!leases) return;
  for (const sys::Entry& entry : sys::list_folder(leases.get()))
    if (sys::find_link(leases.get(), entry.name.c_str()) == id) remove_lease(leases, entry.name, id);
}

}  // namespace snug::state
