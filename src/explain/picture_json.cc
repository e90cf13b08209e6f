// The picture as JSON, for programs. Keys come in a fixed order, and none is left out; a key may be added, none is renamed or removed. What may not be
// read is null.

#include "group_words.hh"
#include "snug/base/json.hh"

namespace snug::explain {
namespace {

// A stranger's bytes that are no text come out as a terminal would be shown them.
Json text_json(std::string_view text) { return printable(text); }

Json inode_json(std::uint64_t inode) { return inode == 0 ? Json() : Json(inode); }

Json process_json(const plan::LiveProcess& process) {
  Json words = Json::array(), numbers = Json::array();
  for (const std::string& word : process.words) words.push_back(text_json(word));
  for (const pid_t number : process.numbers) numbers.push_back(number);
  return {{"pid", process.pid}, {"parent", process.parent}, {"numbers", std::move(numbers)}, {"uid", process.uid}, {"name", text_json(process.name)}, {"words", std::move(words)},
          {"readable", process.walls[plan::user_wall] != 0}};
}

Json walls_json(const Group& group) {
  Json walls = Json::object();
  for (std::size_t wall = 0; wall < plan::wall_count; ++wall) {
    Json partners = Json::array();
    for (const std::string& name : group.partners[wall]) partners.push_back(text_json(name));
    walls[std::string(plan::wall_names[wall])] = {{"standing", word_for(group.walls[wall])}, {"inode", inode_json(group.inodes[wall])}, {"with", std::move(partners)}};
  }
  return walls;
}

Json doors_json(const Group& group) {
  if (!group.insides || !group.insides->mounts) return Json();
  Json doors = Json::array();
  for (const Door& door : doors_of(group)) doors.push_back({{"kind", door.kind}, {"inside", text_json(door.inside)}, {"outside", text_json(door.outside)}, {"readOnly", door.read_only}});
  return doors;
}

Json group_json(const Group& group) {
  Json members = Json::array();
  for (const plan::LiveProcess& each : group.members) members.push_back(process_json(each));
  return {{"name", text_json(group.name)}, {"maker", text_json(group.maker)}, {"evidence", text_json(group.evidence)}, {"container", group.record ? Json(group.record->id) : Json()},
          {"within", text_json(group.within)}, {"leader", group.members[group.leader].pid}, {"walls", walls_json(group)}, {"processes", std::move(members)}, {"doors", doors_json(group)},
          {"limits", group.insides && group.insides->limits ? Json(*group.insides->limits) : Json()}};
}

Json helper_json(const Helper& helper, const Picture& picture) {
  Json json = process_json(helper.process);
  json["role"] = text_json(helper.role);
  json["of"] = helper.of ? Json(text_json(picture.groups[*helper.of].name)) : Json();
  json["seconds"] = static_cast<double>(helper.process.time) / static_cast<double>(picture.ticks);
  return json;
}

Json map_json(const std::optional<std::vector<plan::IdRange>>& map) {
  if (!map) return Json();
  Json ranges = Json::array();
  for (const plan::IdRange& range : *map) ranges.push_back({{"inside", range.inside.value}, {"outside", range.outside.value}, {"count", range.count}});
  return ranges;
}

Json mounts_json(const Group& group) {
  if (!group.insides || !group.insides->mounts) return Json();
  Json mounts = Json::array();
  for (const plan::LiveMount& each : *group.insides->mounts)
    mounts.push_back({{"target", text_json(each.target)}, {"type", text_json(each.type)}, {"source", text_json(each.source)}, {"options", text_json(each.options)},
                      {"origin", text_json(each.origin)}, {"covered", each.covered}, {"says", text_json(origin_sentence(each, group))}});
  return mounts;
}

}  // namespace

std::string render_picture_json(const Picture& picture) {
  Json host = Json::object(), groups = Json::array(), helpers = Json::array(), plain = Json::array();
  for (std::size_t wall = 0; wall < plan::wall_count; ++wall) host[std::string(plan::wall_names[wall])] = inode_json(picture.here[wall]);
  for (const Group& each : picture.groups) groups.push_back(group_json(each));
  for (const Helper& each : picture.helpers) helpers.push_back(helper_json(each, picture));
  for (const auto& [name, count] : picture.plain) plain.push_back({{"name", text_json(name)}, {"count", count}});
  return render_json({{"kernel", text_json(picture.kernel)}, {"host", text_json(picture.host)}, {"processors", picture.processors}, {"kernelThreads", picture.kernel_threads},
                      {"fromWithin", picture.from_within}, {"namespaces", std::move(host)}, {"groups", std::move(groups)}, {"helpers", std::move(helpers)},
                      {"plain", std::move(plain)}, {"notReadable", picture.closed}, {"traced", picture.traced}});
}

std::string render_group_json(const Picture& picture, const Group& group, const plan::LiveProcess& member) {
  Json json = group_json(group), beside = Json::array();
  for (const Bystander& each : bystanders_of(picture, group, member)) {
    Json one = process_json(*each.process);
    one["role"] = text_json(each.role);
    one["seconds"] = static_cast<double>(each.process->time) / static_cast<double>(picture.ticks);
    beside.push_back(std::move(one));
  }
  json["process"] = process_json(member);
  json["uidMap"] = map_json(group.insides ? group.insides->uids : std::nullopt);
  json["gidMap"] = map_json(group.insides ? group.insides->gids : std::nullopt);
  json["mounts"] = mounts_json(group);
  if (group.insides && group.insides->more_mounts) json["moreMounts"] = group.insides->more_mounts;
  json["layers"] = Json::array();
  for (const std::string& each : group.record ? group.record->lowers : std::vector<std::string>{}) json["layers"].push_back(text_json(each));
  json["capabilities"] = {{"effective", capability_names(member.effective)}, {"bounding", capability_names(member.bounding)}};
  json["seccomp"] = {{"mode", member.seccomp}, {"filters", member.filters}, {"name", group.record && !group.record->filter.empty() ? Json(text_json(group.record->filter)) : Json()}};
  const auto limit = group.insides ? group.insides->user_namespaces : std::nullopt;
  json["userNamespaces"] = limit ? Json(*limit) : Json();
  json["keyring"] = group.record ? Json("own") : Json();
  json["landlock"] = group.record && group.record->landlock ? Json(group.record->landlock->abi) : Json();
  json["noNewPrivileges"] = member.no_new_privileges;
  json["inThePath"] = Json::array();
  for (const std::string& each : obstacles_of(picture, member, group)) json["inThePath"].push_back(text_json(each));
  json["beside"] = std::move(beside);
  return render_json(json);
}

}  // namespace snug::explain
