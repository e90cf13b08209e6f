#include <algorithm>
#include <array>

#include "snug/base/text.hh"
#include "snug/explain/picture.hh"

namespace snug::explain {
namespace {

using What = plan::LiveMount::What;

std::string_view name_of(What what) {
  switch (what) {
    case What::file: return "file";
    case What::folder: return "folder";
    case What::socket: return "socket";
    case What::device: return "device";
    case What::unknown: break;
  }
  return "mount";
}

bool lies_below(std::string_view path, std::string_view folder) { return path.size() > folder.size() && path.starts_with(folder) && path[folder.size()] == '/'; }

// What every container has, and nothing can be done with.
bool is_usual(const plan::LiveMount& mount) {
  static constexpr std::array<std::string_view, 6> devices{"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty"};
  static constexpr std::array<std::string_view, 6> files{"/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/run/.containerenv", "/etc/passwd", "/etc/group"};
  if (mount.what == What::device) return std::find(devices.begin(), devices.end(), mount.origin) != devices.end();
  return std::find(files.begin(), files.end(), mount.target) != files.end();
}

bool is_kernels(std::string_view target) { return target == "/proc" || target == "/sys" || lies_below(target, "/proc") || lies_below(target, "/sys"); }

bool goes_through(const plan::LiveMount& mount, const Door& door) {
  const std::string_view inside = door.inside == "/" ? std::string_view() : door.inside, outside = door.outside == "/" ? std::string_view() : door.outside;
  if (!lies_below(mount.target, inside) || !lies_below(mount.origin, outside)) return false;
  return std::string_view(mount.target).substr(inside.size()) == std::string_view(mount.origin).substr(outside.size());
}

// What alone it may send to is named as --allow names it, and what is nothing, too.
void add_recorded(std::vector<Door>& doors, const Recorded& record) {
  for (const std::string& network : record.networks) doors.push_back({.inside = {}, .outside = network, .kind = "network"});
  for (const std::uint16_t port : record.host_loopback) doors.push_back({.inside = {}, .outside = format("127.0.0.1:{}", port), .kind = "host-loopback"});
  if (!record.allow) return;
  for (const std::string& rule : *record.allow) doors.push_back({.inside = {}, .outside = rule, .kind = "allow"});
  if (record.allow->empty()) doors.push_back({.inside = {}, .outside = "nothing", .kind = "allow"});
}

}  // namespace

bool leads_by_network(const Door& door) {
  static constexpr std::array<std::string_view, 4> kinds{"port", "network", "allow", "host-loopback"};
  return std::find(kinds.begin(), kinds.end(), door.kind) != kinds.end();
}

std::vector<Door> doors_of(const Group& group) {
  std::vector<Door> doors;
  if (group.record) add_recorded(doors, *group.record);
  if (!group.insides) return doors;
  for (const std::string& address : group.insides->listeners) doors.push_back({.inside = {}, .outside = address, .kind = "port"});
  if (!group.insides->mounts || group.walls[plan::mount_wall] == Standing::hosts) return doors;
  for (const plan::LiveMount& mount : *group.insides->mounts) {
    if (mount.origin.empty() || mount.covered || is_usual(mount) || is_kernels(mount.target)) continue;
    // A tree of mounts that came as a whole is one door.
    const bool is_part = std::any_of(doors.begin(), doors.end(), [&](const Door& each) { return !leads_by_network(each) && goes_through(mount, each); });
    if (!is_part) doors.push_back({.inside = mount.target, .outside = mount.origin, .kind = std::string(name_of(mount.what)), .read_only = mount.options == "ro" || mount.options.starts_with("ro,")});
  }
  // Much of a host's root is in its place, to be read, and is not what anybody looks for first.
  std::stable_partition(doors.begin(), doors.end(), [](const Door& each) { return leads_by_network(each) || !each.read_only || each.inside != each.outside; });
  return doors;
}

}  // namespace snug::explain
