// A table for each type says how its members are called in JSON; reading and writing both go by it.

#include "snug/config/spec.hh"

#include <algorithm>
#include <array>
#include <concepts>
#include <string_view>
#include <tuple>
#include <type_traits>

#include "snug/base/error.hh"
#include "snug/base/json.hh"

namespace snug::config {
namespace {

using namespace plan;

template <typename Owner, typename Type>
struct Member {
  const char* name;
  Type Owner::*place;
};

template <typename Owner, typename Type>
constexpr Member<Owner, Type> member(const char* name, Type Owner::*place) {
  return {name, place};
}

// Found by the type of a null pointer.
constexpr auto members(const IdRange*) {
  return std::tuple{member("inside", &IdRange::inside), member("outside", &IdRange::outside), member("count", &IdRange::count)};
}

constexpr auto members(const IdMapChoice*) {
  return std::tuple{member("mode", &IdMapChoice::mode), member("keepUid", &IdMapChoice::keep_uid), member("keepGid", &IdMapChoice::keep_gid),
                    member("uids", &IdMapChoice::uids), member("gids", &IdMapChoice::gids)};
}

constexpr auto members(const Namespaces*) {
  return std::tuple{member("user", &Namespaces::user), member("pid", &Namespaces::pid), member("network", &Namespaces::network),
                    member("uts", &Namespaces::uts), member("ipc", &Namespaces::ipc), member("cgroup", &Namespaces::cgroup),
                    member("time", &Namespaces::time)};
}

constexpr auto members(const Rootfs*) {
  return std::tuple{member("kind", &Rootfs::kind), member("path", &Rootfs::path), member("given", &Rootfs::given),
                    member("image", &Rootfs::image), member("layers", &Rootfs::layers)};
}

constexpr auto members(const BindVolume*) {
  return std::tuple{member("source", &BindVolume::source), member("target", &BindVolume::target), member("readOnly", &BindVolume::read_only),
                    member("recursive", &BindVolume::recursive), member("executable", &BindVolume::executable)};
}

constexpr auto members(const TmpfsVolume*) {
  return std::tuple{member("target", &TmpfsVolume::target), member("size", &TmpfsVolume::size), member("mode", &TmpfsVolume::mode),
                    member("readOnly", &TmpfsVolume::read_only), member("executable", &TmpfsVolume::executable), member("uid", &TmpfsVolume::uid), member("gid", &TmpfsVolume::gid)};
}

constexpr auto members(const Device*) { return std::tuple{member("source", &Device::source), member("target", &Device::target)}; }

constexpr auto members(const HostEntry*) { return std::tuple{member("name", &HostEntry::name), member("address", &HostEntry::address)}; }

constexpr auto members(const Variable*) { return std::tuple{member("name", &Variable::name), member("value", &Variable::value)}; }

constexpr auto members(const ResourceLimit*) {
  return std::tuple{member("name", &ResourceLimit::name), member("number", &ResourceLimit::number), member("soft", &ResourceLimit::soft),
                    member("hard", &ResourceLimit::hard)};
}

constexpr auto members(const Resources*) {
  return std::tuple{member("memory", &Resources::memory), member("memorySwap", &Resources::memory_swap), member("cpus", &Resources::cpus),
                    member("cpuset", &Resources::cpuset), member("pids", &Resources::pids), member("ioWeight", &Resources::io_weight)};
}

constexpr auto members(const UserChoice*) {
  return std::tuple{member("user", &UserChoice::user), member("group", &UserChoice::group), member("ofImage", &UserChoice::of_image)};
}

constexpr auto members(const ImageNotes*) {
  return std::tuple{member("labels", &ImageNotes::labels), member("stopSignal", &ImageNotes::stop_signal), member("ports", &ImageNotes::ports)};
}

constexpr auto members(const Restart*) { return std::tuple{member("when", &Restart::when), member("attempts", &Restart::attempts)}; }

constexpr auto members(const LogChoice*) {
  return std::tuple{member("kept", &LogChoice::kept), member("size", &LogChoice::size), member("files", &LogChoice::files)};
}

constexpr auto members(const FilterChoice*) {
  return std::tuple{member("kind", &FilterChoice::kind), member("path", &FilterChoice::path), member("profile", &FilterChoice::profile)};
}

constexpr auto members(const Restraints*) {
  return std::tuple{member("filter", &Restraints::filter), member("landlock", &Restraints::landlock), member("nested", &Restraints::nested),
                    member("foreign", &Restraints::foreign), member("emulateRoot", &Restraints::emulation), member("mask", &Restraints::mask), member("unmask", &Restraints::unmask)};
}

constexpr auto members(const Account*) {
  return std::tuple{member("name", &Account::name), member("uid", &Account::uid), member("gid", &Account::gid), member("home", &Account::home),
                    member("shell", &Account::shell)};
}

constexpr auto members(const Group*) {
  return std::tuple{member("name", &Group::name), member("gid", &Group::gid), member("members", &Group::members)};
}

constexpr auto members(const RootfsFacts*) {
  return std::tuple{member("accounts", &RootfsFacts::accounts), member("groups", &RootfsFacts::groups), member("passwd", &RootfsFacts::passwd),
                    member("group", &RootfsFacts::group), member("shells", &RootfsFacts::shells), member("shellless", &RootfsFacts::shellless), member("folders", &RootfsFacts::folders),
                    member("blocked", &RootfsFacts::blocked), member("absent", &RootfsFacts::absent), member("terminalEntry", &RootfsFacts::terminal_entry),
                    member("terminalCarried", &RootfsFacts::terminal_carried), member("terminalUnknown", &RootfsFacts::terminal_unknown), member("living", &RootfsFacts::living)};
}

constexpr auto members(const PublishedPort*) {
  return std::tuple{member("address", &PublishedPort::address), member("host", &PublishedPort::host), member("container", &PublishedPort::container),
                    member("udp", &PublishedPort::udp)};
}

constexpr auto members(const SharedNetwork*) {
  return std::tuple{member("name", &SharedNetwork::name), member("aliases", &SharedNetwork::aliases), member("ip", &SharedNetwork::ip), member("hardware", &SharedNetwork::hardware)};
}

constexpr auto members(const Network*) {
  return std::tuple{member("wayOut", &Network::way_out), member("shared", &Network::shared), member("container", &Network::container), member("ports", &Network::ports),
                    member("publishAll", &Network::publish_all), member("hostLoopback", &Network::host_loopback), member("search", &Network::search),
                    member("hardware", &Network::hardware), member("ip", &Network::ip), member("ip6", &Network::ip6), member("allow", &Network::allow)};
}

constexpr auto members(const Spec*) {
  return std::tuple{member("rootfs", &Spec::rootfs), member("rootWrites", &Spec::root_writes), member("command", &Spec::command),
                    member("entrypoint", &Spec::entrypoint), member("ownShell", &Spec::own_shell), member("tools", &Spec::tools), member("namespaces", &Spec::namespaces), member("idMap", &Spec::id_map),
                    member("volumes", &Spec::volumes), member("devices", &Spec::devices), member("name", &Spec::name),
                    member("hostname", &Spec::hostname), member("workdir", &Spec::workdir), member("env", &Spec::env),
                    member("user", &Spec::user), member("groups", &Spec::groups), member("capAdd", &Spec::cap_add),
                    member("capDrop", &Spec::cap_drop), member("limits", &Spec::limits), member("resources", &Spec::resources), member("hosts", &Spec::hosts),
                    member("dns", &Spec::dns), member("network", &Spec::network), member("shmSize", &Spec::shm_size), member("terminal", &Spec::terminal),
                    member("interactive", &Spec::interactive), member("init", &Spec::init), member("newPrivileges", &Spec::new_privileges),
                    member("restraints", &Spec::restraints),
                    member("pull", &Spec::pull), member("storage", &Spec::storage), member("platform", &Spec::platform), member("quiet", &Spec::quiet),
                    member("ownFolders", &Spec::own_folders), member("notes", &Spec::notes), member("detach", &Spec::detach),
                    member("remove", &Spec::remove), member("idle", &Spec::idle), member("labels", &Spec::labels),
                    member("stopSignal", &Spec::stop_signal), member("stopTimeout", &Spec::stop_timeout), member("restart", &Spec::restart),
                    member("log", &Spec::log), member("require", &Spec::require)};
}

// The words of an enumeration, in its order.
constexpr auto words(const IdMapChoice::Mode*) { return std::array<std::string_view, 4>{"root", "keep-id", "single", "ranges"}; }
constexpr auto words(const Rootfs::Kind*) { return std::array<std::string_view, 4>{"host", "directory", "archive", "image"}; }
constexpr auto words(const RootWrites*) { return std::array<std::string_view, 3>{"thrown-away", "kept", "refused"}; }
constexpr auto words(const Pull*) { return std::array<std::string_view, 4>{"missing", "always", "newer", "never"}; }
constexpr auto words(const StorageDriver*) { return std::array<std::string_view, 4>{"automatic", "overlay", "fuse-overlayfs", "copy"}; }
constexpr auto words(const Terminal*) { return std::array<std::string_view, 3>{"automatic", "always", "never"}; }
constexpr auto words(const RootEmulation*) { return std::array<std::string_view, 4>{"auto", "off", "static", "remembered"}; }
constexpr auto words(const FilterChoice::Kind*) { return std::array<std::string_view, 3>{"default", "unconfined", "profile"}; }
constexpr auto words(const Restart::When*) { return std::array<std::string_view, 3>{"never", "on-failure", "always"}; }

template <typename Type>
constexpr const Type* type_of = nullptr;

/// How a type stands in JSON: a struct as an object of its members.
template <typename Type>
struct Form {
  static Json render(const Type& value) {
    static const Type usual{};
    Json json = Json::object();
    const auto add = [&](const auto& each) {
      const auto& part = value.*each.place;
      if (part != usual.*each.place) json[each.name] = Form<std::remove_cvref_t<decltype(part)>>::render(part);
    };
    std::apply([&](const auto&... each) { (add(each), ...); }, members(type_of<Type>));
    return json;
  }

  static Type parse(const Json& json) {
    if (!json.is_object()) throw Error(format("an object is wanted, not {}", json.type_name()));
    Type value{};
    const auto take = [&](const auto& each) {
      auto& part = value.*each.place;
      if (const auto found = json.find(each.name); found != json.end()) part = Form<std::remove_cvref_t<decltype(part)>>::parse(*found);
    };
    std::apply([&](const auto&... each) { (take(each), ...); }, members(type_of<Type>));
    return value;
  }
};

template <typename Type>
  requires std::integral<Type> || std::same_as<Type, std::string>
struct Form<Type> {
  static Json render(const Type& value) { return value; }
  static Type parse(const Json& json) { return json.get<Type>(); }
};

template <typename Type>
  requires std::is_enum_v<Type>
struct Form<Type> {
  static Json render(Type value) { return std::string(words(type_of<Type>).at(static_cast<std::size_t>(value))); }
  static Type parse(const Json& json) {
    const auto all = words(type_of<Type>);
    const auto found = std::find(all.begin(), all.end(), json.get_ref<const std::string&>());
    if (found == all.end()) throw Error(format("{} is no word that is known here", quoted(json.get_ref<const std::string&>())));
    return static_cast<Type>(found - all.begin());
  }
};

template <typename Type>
  requires std::same_as<Type, HostId> || std::same_as<Type, ContainerId>
struct Form<Type> {
  static Json render(Type id) { return id.value; }
  static Type parse(const Json& json) { return {json.get<std::uint32_t>()}; }
};

template <typename Type>
struct Form<std::optional<Type>> {
  static Json render(const std::optional<Type>& value) { return Form<Type>::render(*value); }
  static std::optional<Type> parse(const Json& json) { return Form<Type>::parse(json); }
};

template <typename Type>
struct Form<std::vector<Type>> {
  static Json render(const std::vector<Type>& values) {
    Json json = Json::array();
    for (const Type& value : values) json.push_back(Form<Type>::render(value));
    return json;
  }
  static std::vector<Type> parse(const Json& json) {
    std::vector<Type> values;
    for (const Json& each : json) values.push_back(Form<Type>::parse(each));
    return values;
  }
};

template <>
struct Form<std::map<std::string, std::string>> {
  static Json render(const std::map<std::string, std::string>& values) { return values; }
  static std::map<std::string, std::string> parse(const Json& json) { return json; }
};

template <>
struct Form<NamespaceChoice> {
  static Json render(const NamespaceChoice& choice) {
    if (const auto* join = std::get_if<JoinNamespace>(&choice)) return join->container.empty() ? "ns:" + join->path : "container:" + join->container;
    return std::holds_alternative<HostNamespace>(choice) ? "host" : "private";
  }
  static NamespaceChoice parse(const Json& json) {
    const auto& word = json.get_ref<const std::string&>();
    if (word.starts_with("ns:")) return JoinNamespace{word.substr(3)};
    if (word.starts_with("container:")) return JoinNamespace{{}, word.substr(10)};
    if (word == "host") return HostNamespace{};
    if (word == "private") return NewNamespace{};
    throw Error(format("{} is no namespace", quoted(word)));
  }
};

template <>
struct Form<Volume> {
  static Json render(const Volume& volume) {
    if (const auto* bind = std::get_if<BindVolume>(&volume)) return Json{{"bind", Form<BindVolume>::render(*bind)}};
    return Json{{"tmpfs", Form<TmpfsVolume>::render(std::get<TmpfsVolume>(volume))}};
  }
  static Volume parse(const Json& json) {
    if (const auto bind = json.find("bind"); bind != json.end()) return Form<BindVolume>::parse(*bind);
    return Form<TmpfsVolume>::parse(json.at("tmpfs"));
  }
};

}  // namespace

std::shared_ptr<const Json> render_spec(const Spec& spec) { return std::make_shared<const Json>(Form<Spec>::render(spec)); }

Spec parse_spec(const Json& json) {
  try {
    return Form<Spec>::parse(json);
  } catch (const Json::exception& exception) {
    throw Error(exception.what());
  }
}

std::string render_rootfs_facts(const RootfsFacts& facts) { return Form<RootfsFacts>::render(facts).dump(-1, ' ', false, Json::error_handler_t::replace); }

RootfsFacts parse_rootfs_facts(const std::string& text) { return Form<RootfsFacts>::parse(Json::parse(text)); }

}  // namespace snug::config
