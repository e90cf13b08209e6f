// The plan as JSON, for programs. Keys come in a fixed order, and none is left out:
//
//   version    1; a key may be added without a new version, none is renamed or removed
//   terminal   the container gets a terminal of its own
//   init       pid 1 is snug's; else it is the payload itself
//   null_input standard input is /dev/null
//   steps      in the order in which they are done, each with
//     actor    "monitor", "init" or "payload"
//     step     the kind, such as "attach"
//     does     the verb phrase
//     calls    the system calls
//     details  what else there is to say, in lines
//     why      one reason
//     man      where to read on
//     fields   all values of the step, by the names that include/snug/plan/step.hh gives them; null is "none", and base64 stands
//              in place of a content that is no UTF-8; and
//   notices    what is less than it could be: wall (a word of --require), text, remedy
//   opened     what the user opened, in sentences
//   terms      what else is agreed: how the container ends, and what is kept of it
//   unpack     the plan by which an archive was unpacked or a root is copied before, an object with the keys above but this; else null

#include <nlohmann/json.hpp>

#include "lesson.hh"
#include "snug/base/base64.hh"
#include "snug/base/text.hh"
#include "snug/base/utf8.hh"
#include "snug/explain/plan.hh"
#include "snug/plan/notation.hh"

namespace snug::explain {
namespace {

using namespace plan;
using Json = nlohmann::ordered_json;

Json json_of(ContainerId id) { return id.value; }

Json json_of(const MountFlags& flags) {
  const auto& [read_only, no_setuid, no_devices, no_exec, recursive] = flags;
  return {{"read_only", read_only}, {"no_setuid", no_setuid}, {"no_devices", no_devices}, {"no_exec", no_exec},
          {"recursive", recursive}};
}

Json json_of(const IdRange& range) {
  const auto& [inside, outside, count] = range;
  return {{"inside", inside.value}, {"outside", outside.value}, {"count", count}};
}

Json json_of(const Layer& layer) {
  const auto& [path, mount] = layer;
  return {{"path", path}, {"mount", mount ? Json(*mount) : Json()}};
}

// Of any device both numbers are null.
Json json_of(const DeviceNode& device) {
  const auto& [number] = device;
  return {{"major", number ? Json(*number >> 8U) : Json()}, {"minor", number ? Json(*number & 0xffU) : Json()}};
}

Json json_of(const CgroupSetting& setting) {
  const auto& [file, value] = setting;
  return {{"file", file}, {"value", value}};
}

Json json_of(const MakeFolders::Folder& folder) {
  const auto& [path, mode] = folder;
  return {{"path", path}, {"mode", mode}};
}

Json json_of(const EnterNamespaces::Entry& entry) {
  const auto& [kind, path, inode] = entry;
  return {{"kind", kind}, {"path", path}, {"inode", inode ? Json(inode) : Json()}};
}

std::string program_text(const FilterProgram& program) { return to_base64({reinterpret_cast<const char*>(program.data()), program.size() * sizeof program[0]}); }

std::pair<const char*, std::string> bytes_of(const std::string& content) {
  return is_utf8(content) ? std::pair{"content", content} : std::pair{"base64", to_base64(content)};
}

Json json_of(const MakeFiles::File& file) {
  const auto& [slot, name, content] = file;
  return {{"slot", slot}, {"name", name}, bytes_of(content)};
}

Json json_of(const std::pair<std::string, std::string>& option) {
  return {{"key", option.first}, {"value", option.second}};
}

Json json_of(const ConfigureInterface::Way& way) {
  const auto& [address, prefix, gateway] = way;
  return {{"address", address}, {"prefix", prefix}, {"gateway", gateway}};
}

Json json_of(const ConfigureInterface::Network& network) {
  const auto& [address, prefix] = network;
  return {{"address", address}, {"prefix", prefix}};
}

Json json_of(const ResourceLimit& limit) {
  const auto& [name, number, soft, hard] = limit;
  const auto value = [](std::uint64_t amount) { return amount == ~std::uint64_t{0} ? Json() : Json(amount); };
  return {{"name", name}, {"number", number}, {"soft", value(soft)}, {"hard", value(hard)}};
}

template <typename Item>
Json json_of(const std::vector<Item>& items) {
  Json array = Json::array();
  for (const Item& item : items) array.push_back(json_of(item));
  return array;
}

template <typename Value>
Json json_of(const std::optional<Value>& value) {
  return value ? json_of(*value) : Json();
}

std::string_view name_of(Attach::Target missing) {
  switch (missing) {
    case Attach::Target::must_exist: return "must_exist";
    case Attach::Target::make: return "make";
    case Attach::Target::optional: return "optional";
  }
  return "";
}

std::string_view name_of(Actor actor) {
  switch (actor) {
    case Actor::monitor: return "monitor";
    case Actor::init: return "init";
    case Actor::payload: return "payload";
    case Actor::errand: return "errand";
  }
  return "";
}

// Each step is taken apart by a structured binding: a new field does not compile until it has a key.
struct FieldsOf {
  Json operator()(const MakeFolders& step) const {
    const auto& [folders] = step;
    return {{"folders", json_of(folders)}};
  }
  Json operator()(const MakeCgroup& step) const {
    const auto& [parent, manager, controllers, settings] = step;
    return {{"parent", parent}, {"manager", manager}, {"controllers", controllers}, {"settings", json_of(settings)}};
  }
  Json operator()(const JoinCgroup& step) const {
    const auto& [path, manager, required] = step;
    return {{"path", path}, {"manager", manager}, {"required", required}};
  }
  Json operator()(const EnterNamespaces& step) const {
    const auto& [entries] = step;
    return {{"entries", json_of(entries)}};
  }
  Json operator()(const Clone& step) const {
    const auto& [flags, adopts] = step;
    return {{"flags", flags ? Json(split(clone_flags(flags), '|')) : Json::array()}, {"adopts", adopts}};
  }
  Json operator()(const WriteIdMaps& step) const {
    const auto& [uids, gids, newuidmap, newgidmap, deny_setgroups] = step;
    return {{"uids", json_of(uids)}, {"gids", json_of(gids)}, {"newuidmap", newuidmap}, {"newgidmap", newgidmap},
            {"deny_setgroups", deny_setgroups}};
  }
  Json operator()(const BecomeUser& step) const {
    const auto& [uid, gid, groups] = step;
    return {{"uid", uid.value}, {"gid", gid.value}, {"groups", json_of(groups)}};
  }
  Json operator()(const MakeInterface& step) const {
    const auto& [name, hardware, mtu] = step;
    return {{"name", name}, {"hardware", hardware}, {"mtu", mtu}};
  }
  Json operator()(const TuneNetwork& step) const {
    const auto& [settings] = step;
    return {{"settings", json_of(settings)}};
  }
  Json operator()(const ConfigureInterface& step) const {
    const auto& [name, ways, held] = step;
    return {{"name", name}, {"ways", json_of(ways)}, {"held", json_of(held)}};
  }
  Json operator()(const RestrictEgress& step) const {
    const auto& [rules] = step;
    return {{"rules", rules}};
  }
  Json operator()(const ServeNames& step) const {
    const auto& [addresses] = step;
    return {{"addresses", addresses}};
  }
  Json operator()(const OpenGate& step) const {
    const auto& [addresses, upstream, hands_on] = step;
    return {{"addresses", addresses}, {"upstream", upstream}, {"hands_on", hands_on}};
  }
  Json operator()(const JoinNetwork& step) const {
    const auto& [keeper, network, interface, hardware, address4, address6, names] = step;
    return {{"keeper", keeper}, {"network", network}, {"interface", interface}, {"hardware", hardware}, {"address4", address4}, {"address6", address6},
            {"names", names}};
  }
  Json operator()(const OpenWayOut& step) const {
    const auto& [interface, words, at_once, again] = step;
    return {{"interface", interface}, {"words", words}, {"at_once", at_once}, {"again", again}};
  }
  Json operator()(const TakeTree& step) const {
    const auto& [slot, source, flags, device, beneath] = step;
    return {{"slot", slot}, {"source", source}, {"flags", json_of(flags)}, {"device", json_of(device)}, {"beneath", beneath}};
  }
  Json operator()(const MakeFilesystem& step) const {
    const auto& [slot, type, options, flags] = step;
    return {{"slot", slot}, {"type", type}, {"options", json_of(options)}, {"flags", json_of(flags)}};
  }
  Json operator()(const MakeOverlay& step) const {
    const auto& [slot, lowers, upper, work, flags, image, kept, program] = step;
    return {{"slot", slot}, {"lowers", json_of(lowers)}, {"upper", json_of(upper)}, {"work", json_of(work)},
            {"flags", json_of(flags)}, {"image", image}, {"kept", kept}, {"program", program}};
  }
  Json operator()(const StageMount& step) const {
    const auto& [slot, folders] = step;
    return {{"slot", slot}, {"folders", folders}};
  }
  Json operator()(const MakeFiles& step) const {
    const auto& [files] = step;
    return {{"files", json_of(files)}};
  }
  Json operator()(const CarryTerminal& step) const {
    const auto& [type, entry] = step;
    return {{"type", type}, bytes_of(entry)};
  }
  Json operator()(const PivotRoot& step) const {
    const auto& [root] = step;
    return {{"root", root}};
  }
  Json operator()(const KeepNamespaces& step) const {
    const auto& [proc, kinds] = step;
    return {{"proc", proc}, {"kinds", kinds}};
  }
  Json operator()(const Attach& step) const {
    const auto& [slot, target, missing, within] = step;
    return {{"slot", slot}, {"target", target}, {"missing", name_of(missing)}, {"within", within ? Json(*within) : Json()}};
  }
  Json operator()(const MakeLink& step) const {
    const auto& [path, link, within] = step;
    return {{"path", path}, {"link", link}, {"within", within ? Json(*within) : Json()}};
  }
  Json operator()(const MakeFolder& step) const {
    const auto& [path, mode] = step;
    return {{"path", path}, {"mode", mode}};
  }
  Json operator()(const PartFolder& step) const {
    const auto& [path] = step;
    return {{"path", path}};
  }
  Json operator()(const SetMountFlags& step) const {
    const auto& [target, flags] = step;
    return {{"target", target}, {"flags", json_of(flags)}};
  }
  Json operator()(const ForbidNamespaces& step) const {
    const auto& [proc] = step;
    return {{"proc", proc ? Json(*proc) : Json()}};
  }
  Json operator()(const MaskPaths& step) const {
    const auto& [hidden, read_only, null] = step;
    return {{"hidden", hidden}, {"read_only", read_only}, {"null", null}};
  }
  Json operator()(const CloseDescriptors& step) const {
    const auto& [leaves_work] = step;
    return {{"leaves_work", leaves_work}};
  }
  Json operator()(const EnforceLandlock& step) const {
    const auto& [abi, shut_sockets, shut_signals, reach] = step;
    return {{"abi", abi}, {"shut_sockets", shut_sockets}, {"shut_signals", shut_signals},
            {"reach", reach == EnforceLandlock::Reach::root ? "root" : reach == EnforceLandlock::Reach::reading ? "reading" : "writing"}};
  }
  Json operator()(const LoadFilter& step) const {
    const auto& [name, program] = step;
    return {{"name", name}, {"program", program_text(program)}};
  }
  Json operator()(const RememberOwners& step) const {
    const auto& [program, dies_with_monitor] = step;
    return {{"program", program_text(program)}, {"dies_with_monitor", dies_with_monitor}};
  }
  Json operator()(const SetHostname& step) const {
    const auto& [name] = step;
    return {{"name", name}};
  }
  Json operator()(const OpenTerminal& step) const {
    const auto& [devpts] = step;
    return {{"devpts", devpts ? Json(*devpts) : Json()}};
  }
  Json operator()(const GuardInit& step) const {
    const auto& [dies_with_monitor, adopts] = step;
    return {{"dies_with_monitor", dies_with_monitor}, {"adopts", adopts}};
  }
  Json operator()(const ForkPayload& step) const {
    const auto& [parent] = step;
    return {{"parent", parent == ForkPayload::Parent::init ? "init" : parent == ForkPayload::Parent::leader ? "leader" : "gone"}};
  }
  Json operator()(const StartSession& step) const {
    const auto& [terminal] = step;
    return {{"terminal", terminal}};
  }
  Json operator()(const SetLimits& step) const {
    const auto& [limits] = step;
    return {{"limits", json_of(limits)}};
  }
  Json operator()(const ResetProcess& step) const {
    const auto& [umask] = step;
    return {{"umask", umask}};
  }
  Json operator()(const ChangeFolder& step) const {
    const auto& [path] = step;
    return {{"path", path}};
  }
  Json operator()(const SetCapabilities& step) const {
    const auto& [kept, bounding_only] = step;
    Json names = Json::array();
    for (const int number : kept) names.push_back(describe_capability(number));
    return {{"kept", names}, {"bounding_only", bounding_only}};
  }
  Json operator()(const Exec& step) const {
    const auto& [paths, argv, env, from_host] = step;
    return {{"paths", paths}, {"argv", argv}, {"env", env}, {"from_host", from_host}};
  }
  Json operator()(const RunShell& step) const {
    const auto& [words, env, tools] = step;
    return {{"words", words}, {"env", env}, {"tools", tools}};
  }
  template <typename Bare>
  Json operator()(const Bare&) const {
    static_assert(std::is_empty_v<Bare>, "this step has values: give each a key");
    return Json::object();
  }
};

Json json_of(const Plan& plan, const Step& step) {
  const Lesson lesson = lesson_of(step);
  return {{"actor", name_of(step.actor)}, {"step", lesson.name}, {"does", describe(plan, step)},
          {"calls", calls_of(plan, step)}, {"details", details_of(step.action)}, {"why", lesson.why},
          {"man", lesson.man}, {"fields", std::visit(FieldsOf{}, step.action)}};
}

Json json_of(const Plan& plan) {
  Json out{{"version", 1}, {"terminal", plan.terminal}, {"init", plan.init}, {"detached", plan.detached}, {"null_input", plan.null_input}};
  out["steps"] = Json::array();
  for (const Step& step : plan.steps) out["steps"].push_back(json_of(plan, step));
  out["notices"] = Json::array();
  for (const Notice& notice : plan.notices)
    out["notices"].push_back({{"wall", notice.wall}, {"text", notice.text}, {"remedy", notice.remedy}});
  out["opened"] = plan.opened;
  out["terms"] = plan.terms;
  return out;
}

}  // namespace

std::string render_plan_json(const Plan& plan, const Plan* unpack) {
  Json out = json_of(plan);
  out["unpack"] = unpack ? json_of(*unpack) : Json();
  // Escaped down to ASCII, so that no name can act on a terminal here either.
  return out.dump(2, ' ', true, Json::error_handler_t::replace) + "\n";
}

}  // namespace snug::explain
