#include "run_options.hh"

#include <fcntl.h>

#include <algorithm>
#include <array>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/layers.hh"
#include "snug/sys/file.hh"
#include "joining.hh"
#include "known_words.hh"
#include "registry_options.hh"
#include "security.hh"
#include "values.hh"

namespace snug::commands {
namespace {

using cli::Complete;
using plan::Spec;

// What an option is applied to: the Spec so far, and what it takes to understand the next value.
struct Draft {
  Spec& spec;
  const Environment& environment;
  std::string folder;
  std::vector<cli::Provenance> volume_origins;  // of spec.volumes, one by one
  cli::Provenance from;
  std::optional<std::string> network_place = {};  ///< the file that the networks come from
  bool network_alone = false;                     ///< nothing can stand beside the one that was named
  std::vector<std::string> aliases = {};
};

using Value = const std::string&;

bool is_yes(Value value) { return value == "true"; }

template <auto Spec::*member, auto parse>
void set(Draft& draft, Value value) {
  draft.spec.*member = parse(value);
}

template <auto Spec::*member, auto parse>
void add(Draft& draft, Value value) {
  (draft.spec.*member).push_back(parse(value));
}

// podman takes several, with commas between them.
template <auto Spec::*member, auto parse>
void add_each(Draft& draft, Value value) {
  for (const std::string& each : split(value, ',')) (draft.spec.*member).push_back(parse(each));
}

template <plan::NamespaceChoice plan::Namespaces::*wall>
void choose(Draft& draft, Value value) {
  draft.spec.namespaces.*wall = parse_namespace(value, draft.folder);
}

// The same place twice is a slip, unless the command line overrides what a file says.
void mount(Draft& draft, plan::Volume volume) {
  const auto target = [](const plan::Volume& any) {
    return std::visit([](const auto& v) { return v.target; }, any);
  };
  auto& volumes = draft.spec.volumes;
  for (std::size_t at = 0; at < volumes.size(); ++at) {
    if (target(volumes[at]) != target(volume)) continue;
    if (draft.volume_origins[at].file == draft.from.file)
      throw UsageError(format("two mounts have the place {}", snug::quoted(target(volume))));
    volumes[at] = std::move(volume);
    draft.volume_origins[at] = draft.from;
    return;
  }
  volumes.push_back(std::move(volume));
  draft.volume_origins.push_back(draft.from);
}

void add_env(Draft& draft, Value value) {
  if (auto variable = parse_variable(value, draft.environment))
    draft.spec.env.push_back(*std::move(variable));
}

void add_env_file(Draft& draft, Value value) {
  try {
    const sys::Fd file = sys::open(AT_FDCWD, parse_file_path(value, draft.folder), O_RDONLY | O_NOCTTY);
    for (auto& variable : parse_variables(sys::read_all(file.get()), value, draft.environment)) draft.spec.env.push_back(std::move(variable));
  } catch (const UsageError&) {
    throw;
  } catch (Error& error) {
    throw error.during("reading the file of --env-file");
  }
}

// Several are for networks that are shared, and 'private' beside them for a way out; what a file says gives way to what is typed.
void set_network(Draft& draft, Value value) {
  NetworkChoice chosen = parse_network(value, draft.folder);
  plan::Network& network = draft.spec.network;
  const bool joins = chosen.shared.has_value(), stands_alone = !joins && !chosen.way_out;
  if (draft.network_place != draft.from.file) network.shared.clear(), network.way_out = false;
  else if (stands_alone || draft.network_alone)
    throw UsageError("it cannot be had beside other networks", "several are for networks that are shared, and for 'private'");
  draft.network_place = draft.from.file;
  draft.network_alone = stands_alone;
  draft.spec.namespaces.network = std::move(chosen.wall);
  network.container = std::move(chosen.container);
  if (chosen.way_out && network.way_out) throw UsageError("the network was named before");
  if (!joins) network.way_out = chosen.way_out;
  if (!joins) return;
  const auto same = [&](const plan::SharedNetwork& other) { return other.name == chosen.shared->name; };
  if (std::any_of(network.shared.begin(), network.shared.end(), same)) throw UsageError("the network was named before");
  network.shared.push_back(*std::move(chosen.shared));
}

// With one network these are for the container's place there, as in docker.
void settle_shared(Draft& draft) {
  plan::Network& network = draft.spec.network;
  if (network.shared.empty()) {
    if (!draft.aliases.empty()) throw UsageError("--network-alias is for networks that are shared", "name one: --network NAME");
    return;
  }
  for (plan::SharedNetwork& shared : network.shared) shared.aliases.insert(shared.aliases.end(), draft.aliases.begin(), draft.aliases.end());
  if (network.way_out || (!network.ip && !network.hardware)) return;
  if (network.shared.size() > 1) throw UsageError("which of the networks --ip and --mac-address are for is not said", "--network NAME:ip=ADDRESS,mac=ADDRESS");
  if (network.ip) network.shared.front().ip = std::exchange(network.ip, {});
  if (network.hardware) network.shared.front().hardware = std::exchange(network.hardware, {});
}

void add_ports(Draft& draft, Value value) {
  for (plan::PublishedPort& port : parse_publish(value)) draft.spec.network.ports.push_back(std::move(port));
}

void set_userns(Draft& draft, Value value) {
  UserNamespace chosen = parse_userns(value, draft.folder);
  draft.spec.namespaces.user = std::move(chosen.wall);
  draft.spec.id_map = std::move(chosen.ids);
}

template <std::vector<plan::IdRange> plan::IdMapChoice::*map>
void add_range(Draft& draft, Value value) {
  draft.spec.id_map.mode = plan::IdMapChoice::Mode::ranges;
  (draft.spec.id_map.*map).push_back(parse_id_range(value));
}

template <plan::RootWrites choice>
void set_writes(Draft& draft, Value value) {
  if (is_yes(value))
    draft.spec.root_writes = choice;
  else if (draft.spec.root_writes == choice)
    draft.spec.root_writes = plan::RootWrites::thrown_away;
}

void set_entrypoint(Draft& draft, Value value) {
  draft.spec.entrypoint.emplace();
  if (!value.empty()) draft.spec.entrypoint->push_back(value);
}

void add_label(Draft& draft, Value value) { draft.spec.labels.insert_or_assign(parse_label(value).first, parse_label(value).second); }

void add_walls(Draft& draft, Value value) {
  for (std::string& wall : parse_walls(value)) draft.spec.require.push_back(std::move(wall));
}

template <std::optional<std::uint64_t> plan::Resources::*member, auto parse>
void limit(Draft& draft, Value value) {
  draft.spec.resources.*member = parse(value);
}

struct Row {
  cli::Option option;
  Files files;
  void (*apply)(Draft&, Value);
};

constexpr cli::Completer wall_words{Complete::words, "private host container: ns:"};
constexpr std::string_view wall_argument = "private|host|container:NAME|ns:PATH";

constexpr cli::Option flag(std::string_view name, char letter, std::string_view help) {
  return {.name = name, .letter = letter, .help = help};
}

constexpr cli::Option one(std::string_view name, char letter, std::string_view argument,
                          std::string_view help, cli::Completer completer = {}) {
  return {.name = name, .letter = letter, .argument = argument, .help = help, .completer = completer};
}

constexpr cli::Option many(std::string_view name, char letter, std::string_view argument,
                           std::string_view help, cli::Completer completer = {}) {
  cli::Option option = one(name, letter, argument, help, completer);
  option.repeatable = true;
  return option;
}

// The pull has its way with them: use_image.
constexpr Row of_pull(const cli::Option& option) { return {option, Files::none, [](Draft& /*draft*/, Value /*value*/) {}}; }

constexpr std::array rows = std::to_array<Row>({
    {many("add-host", 0, "NAME:ADDRESS", "add a line to /etc/hosts"), Files::of_user,
     add<&Spec::hosts, parse_host_entry>},
    {many("allow", 0, "NAME[:PORT]|NETWORK[:PORT]", "let it send there, and to nothing else that no such rule names", {Complete::free}), Files::of_user,
     [](Draft& draft, Value value) {
       auto& rules = draft.spec.network.allow;
       if (!rules) rules.emplace();
       rules->push_back(parse_allow(value));
     }},
    {flag("allow-32bit", 0, "let programs of the machine's 32-bit kind run"), Files::of_user,
     [](Draft& draft, Value value) { draft.spec.restraints.foreign = is_yes(value); }},
    of_pull(authfile_option),
    {many("cap-add", 0, "CAPABILITY", "give a capability, or ALL, to root inside", {Complete::words, capability_words}), Files::of_user,
     add_each<&Spec::cap_add, parse_capability>},
    {many("cap-drop", 0, "CAPABILITY", "take a capability, or ALL, from root inside", {Complete::words, capability_words}), Files::of_project,
     add_each<&Spec::cap_drop, parse_capability>},
    of_pull(cert_dir_option),
    {one("cgroupns", 0, wall_argument, "choose the cgroup namespace", wall_words), Files::of_user,
     choose<&plan::Namespaces::cgroup>},
    {one("cpus", 0, "NUMBER", "let all processes together use so many processors, such as 1.5"), Files::of_user,
     limit<&plan::Resources::cpus, parse_processors>},
    {one("cpuset-cpus", 0, "LIST", "use these processors alone, such as 0-3,5"), Files::of_user,
     [](Draft& draft, Value value) { draft.spec.resources.cpuset = parse_cpuset(value); }},
    of_pull(creds_option),
    {flag("detach", 'd', "go on in the background; print the id"), Files::none, set<&Spec::detach, is_yes>},
    {many("device", 0, "HOST[:INSIDE[:rwm]]", "show a device of the host", {Complete::file}), Files::of_user,
     add<&Spec::devices, parse_device>},
    {many("dns", 0, "ADDRESS", "ask this name server"), Files::of_user, add<&Spec::dns, parse_address>},
    {many("dns-search", 0, "DOMAIN", "look names up in this domain, too"), Files::of_project,
     [](Draft& draft, Value value) { draft.spec.network.search.push_back(parse_hostname(value)); }},
    {one("emulate-root", 0, "CHOICE", "with one id, tell root that it has done what needs others: auto, off, static or remembered", {Complete::words, "auto off static remembered"}),
     Files::of_user, [](Draft& draft, Value value) { draft.spec.restraints.emulation = parse_emulation(value); }},
    {one("entrypoint", 0, "PROGRAM", "put a program in front of the command; '' is none"), Files::of_project,
     set_entrypoint},
    {many("env", 'e', "NAME[=VALUE]", "set a variable, or copy the caller's"), Files::of_project, add_env},
    {many("env-file", 0, "FILE", "set the variables that a file lists", {Complete::file}), Files::of_user,
     add_env_file},
    {many("gidmap", 0, "CONTAINER:HOST:COUNT", "map groups, instead of --userns"), Files::of_user,
     add_range<&plan::IdMapChoice::gids>},
    {many("group-add", 0, "GROUP", "be in a group as well"), Files::of_user, add<&Spec::groups, parse_group>},
    {many("host-loopback", 0, "PORT", "let host.snug.internal:PORT be this port of the host's loopback"), Files::of_user,
     [](Draft& draft, Value value) { draft.spec.network.host_loopback.push_back(parse_port(value)); }},
    {one("hostname", 'h', "NAME", "set the host name inside"), Files::of_project,
     set<&Spec::hostname, parse_hostname>},
    {flag("init", 0, "have an init process as pid 1, as by default"), Files::of_project,
     set<&Spec::init, is_yes>},
    {flag("interactive", 'i', "keep standard input open"), Files::none, set<&Spec::interactive, is_yes>},
    {one("io-weight", 0, "WEIGHT", "have this share of the disks, 1 to 10000; others have 100"), Files::of_user,
     limit<&plan::Resources::io_weight, parse_weight>},
    {one("ip", 0, "ADDRESS", "have this IPv4 address inside, not the host's"), Files::of_user,
     [](Draft& draft, Value value) { draft.spec.network.ip = parse_address_of(value, false); }},
    {one("ip6", 0, "ADDRESS", "have this IPv6 address inside, not the host's"), Files::of_user,
     [](Draft& draft, Value value) { draft.spec.network.ip6 = parse_address_of(value, true); }},
    {one("ipc", 0, wall_argument, "choose the IPC namespace", wall_words), Files::of_user,
     choose<&plan::Namespaces::ipc>},
    {many("label", 'l', "NAME[=VALUE]", "give the container a label"), Files::of_project, add_label},
    {one("log-driver", 0, "DRIVER", "keep the log of a detached container: json-file or none", {Complete::words, "json-file none"}), Files::of_user,
     [](Draft& draft, Value value) { draft.spec.log.kept = parse_log_driver(value); }},
    {many("log-opt", 0, "KEY=VALUE", "turn the log over: max-size=SIZE, max-file=N", {Complete::words, "max-size= max-file="}), Files::of_user,
     [](Draft& draft, Value value) { add_log_option(draft.spec.log, value); }},
    {one("mac-address", 0, "ADDRESS", "give the interface this hardware address"), Files::of_user,
     [](Draft& draft, Value value) { draft.spec.network.hardware = parse_hardware(value); }},
    {one("memory", 'm', "SIZE", "let all processes together take so much memory; -1 for no limit"), Files::of_user,
     limit<&plan::Resources::memory, parse_memory>},
    {one("memory-swap", 0, "SIZE", "so much memory and swap together; twice --memory by default, -1 for no limit"), Files::of_user,
     limit<&plan::Resources::memory_swap, parse_memory>},
    {many("mount", 0, "KEY=VALUE[,...]", "mount: type=bind|tmpfs,source=,target=,readonly"), Files::of_user,
     [](Draft& draft, Value value) { mount(draft, parse_mount(value, draft.folder)); }},
    {one("name", 0, "NAME", "call the container so"), Files::of_project, set<&Spec::name, parse_name>},
    {flag("nested", 0, "let containers be made inside: namespaces, mounts"), Files::of_user,
     [](Draft& draft, Value value) { draft.spec.restraints.nested = is_yes(value); }},
    {{.name = "net", .argument = "CHOICE", .help = "the same as --network", .repeatable = true, .hidden = true},
     Files::none, set_network},
    {many("network", 0, "private|none|host|NAME[:KEY=VALUE,...]|container:NAME|ns:PATH", "choose the network: private, with a way out, by default; or shared ones",
          {Complete::networks, "private none host container: ns:"}),
     Files::of_project, set_network},
    {many("network-alias", 0, "NAME", "let others on a shared network find the container by this name"), Files::of_user,
     [](Draft& draft, Value value) { draft.aliases.push_back(parse_alias(value)); }},
    {flag("no-init", 0, "have the command itself as pid 1"), Files::of_project,
     [](Draft& draft, Value value) { draft.spec.init = !is_yes(value); }},
    {one("pid", 0, wall_argument, "choose the PID namespace", wall_words), Files::of_user,
     choose<&plan::Namespaces::pid>},
    {one("pids-limit", 0, "NUMBER", "let there be so many processes and threads; -1 for no limit"), Files::of_user,
     limit<&plan::Resources::pids, parse_count>},
    {one("platform", 0, "OS/ARCH[/VARIANT]", "take the image for this platform, not for this machine's"), Files::of_project,
     set<&Spec::platform, parse_platform>},
    {{.name = "privileged", .help = "refused: there are no more rights than the caller's", .hidden = true}, Files::none,
     [](Draft& /*draft*/, Value value) {
       if (is_yes(value)) throw UsageError("no container has more rights than who starts it", "--nested lets containers be made inside, --cap-add gives capabilities over what is the container's");
     }},
    {many("publish", 'p', "[IP:]HOST:CONTAINER[/udp]", "let a port of the host lead to one of the container's"), Files::of_user, add_ports},
    {flag("publish-all", 'P', "the same for the ports that the image names, from ports that are free"), Files::of_user,
     [](Draft& draft, Value value) { draft.spec.network.publish_all = is_yes(value); }},
    {one("pull", 0, "WHEN", "look for the image elsewhere: missing, always, newer or never", {Complete::words, "missing always newer never"}),
     Files::of_user, set<&Spec::pull, parse_pull>},
    {flag("quiet", 'q', "do not show how a pull goes on"), Files::of_user, set<&Spec::quiet, is_yes>},
    {flag("read-only", 0, "refuse writes to the root file system"), Files::of_project,
     set_writes<plan::RootWrites::refused>},
    {many("require", 0, "WALL[,WALL...]", "fail, rather than tell, where this wall is weaker",
          {Complete::words, "groups host-root idmap landlock limits mounts nesting network program storage"}),
     Files::of_project, add_walls},
    {one("restart", 0, "POLICY", "start the command of a detached container anew when it ends: no, on-failure[:N], always",
         {Complete::words, "no on-failure always unless-stopped"}),
     Files::of_user, set<&Spec::restart, parse_restart>},
    {flag("rm", 0, "remove the container when it ends; by itself in the foreground"), Files::none, set<&Spec::remove, is_yes>},
    {flag("rw", 0, "write into the root file system itself"), Files::of_user,
     set_writes<plan::RootWrites::kept>},
    {many("security-opt", 0, "KEY=VALUE", "choose a restraint: seccomp=FILE|unconfined, unmask=PATH|ALL, landlock=off, ...",
          {Complete::words, "no-new-privileges=false seccomp= seccomp=unconfined landlock=off mask= unmask= unmask=ALL"}),
     Files::of_user, [](Draft& draft, Value value) { add_security(draft.spec, value, draft.folder); }},
    {one("shell", 0, "builtin", "have snug's own shell do COMMAND, or what is typed", {Complete::words, "builtin"}), Files::of_user,
     set<&Spec::own_shell, parse_shell>},
    {one("shm-size", 0, "SIZE", "size of /dev/shm; 64m by default"), Files::of_project,
     set<&Spec::shm_size, parse_bytes>},
    {one("stop-signal", 0, "SIGNAL", "what 'snug stop' sends; the image's, or TERM, by default", {Complete::words, signal_words}), Files::of_project,
     set<&Spec::stop_signal, parse_stop_signal>},
    {one("stop-timeout", 0, "SECONDS", "how long 'snug stop' waits before it kills; 10 by default"), Files::of_project,
     set<&Spec::stop_timeout, parse_seconds>},
    {one("storage-driver", 0, "DRIVER", "make the root writable by overlay, fuse-overlayfs or copy; the first that serves, by default",
         {Complete::words, "overlay fuse-overlayfs copy"}),
     Files::of_user, set<&Spec::storage, parse_storage>},
    {one("timens", 0, wall_argument, "choose the time namespace; the host's by default", wall_words),
     Files::of_user, choose<&plan::Namespaces::time>},
    of_pull(tls_verify_option),
    {many("tmpfs", 0, "TARGET[:OPTION,...]", "mount an empty file system in memory"), Files::of_project,
     [](Draft& draft, Value value) { mount(draft, parse_tmpfs(value)); }},
    {one("tools", 0, "PROGRAM", "lend snug's own shell a static program of the host, such as /bin/busybox", {Complete::file}), Files::of_user,
     [](Draft& draft, Value value) { draft.spec.tools = parse_file_path(value, draft.folder); }},
    {flag("tty", 't', "give the command a terminal; by itself when the caller has one"), Files::of_user,
     [](Draft& draft, Value value) {
       draft.spec.terminal = is_yes(value) ? plan::Terminal::always : plan::Terminal::never;
     }},
    {many("uidmap", 0, "CONTAINER:HOST:COUNT", "map users, instead of --userns"), Files::of_user,
     add_range<&plan::IdMapChoice::uids>},
    {many("ulimit", 0, "NAME=SOFT[:HARD]", "set a resource limit",
          {Complete::words, "core= cpu= data= fsize= memlock= nofile= nproc= stack="}),
     Files::of_user, add<&Spec::limits, parse_limit>},
    {one("user", 'u', "USER[:GROUP]", "be this user inside"), Files::of_user, set<&Spec::user, parse_user>},
    {one("userns", 0, "MODE", "map ids: root, keep-id[:uid=N,gid=N], single, host, container:NAME or ns:PATH",
         {Complete::words, "root keep-id single host container: ns:"}),
     Files::of_project, set_userns},
    {one("uts", 0, wall_argument, "choose the UTS namespace: the host name", wall_words), Files::of_user,
     choose<&plan::Namespaces::uts>},
    {many("volume", 'v', "SOURCE:TARGET[:OPTION,...]", "show a folder or file of the host inside",
          {Complete::folder}),
     Files::of_project, [](Draft& draft, Value value) { mount(draft, parse_volume(value, draft.folder)); }},
    {one("workdir", 'w', "PATH", "start in this folder inside"), Files::of_project,
     set<&Spec::workdir, parse_inside_path>},
});

constexpr auto options = [] {
  std::array<cli::Option, rows.size()> found;
  std::transform(rows.begin(), rows.end(), found.begin(), [](const Row& row) { return row.option; });
  return found;
}();

constexpr cli::Option option_named(std::string_view name) {
  return *std::find_if(options.begin(), options.end(), [&](const cli::Option& option) { return option.name == name; });
}

constexpr std::array exec_options{flag("detach", 'd', "go on in the background"), option_named("env"), option_named("env-file"),
                                  option_named("interactive"), option_named("tty"), option_named("user"), option_named("workdir")};
constexpr std::array debug_options{option_named("env"), option_named("env-file"), option_named("tools"), option_named("tty"), option_named("user"), option_named("workdir")};
constexpr std::array enter_options{option_named("env"), option_named("env-file"), option_named("shell"), option_named("tools"), option_named("tty"),
                                   option_named("user"), option_named("workdir")};
constexpr std::array update_options{option_named("cpus"), option_named("cpuset-cpus"), option_named("io-weight"), option_named("memory"),
                                   option_named("memory-swap"), option_named("pids-limit")};
constexpr std::array id_map_options{option_named("gidmap"), option_named("uidmap"), option_named("userns")};

constexpr std::array not_yet = std::to_array<cli::NotYet>({
    {.word = "attach", .letter = 'a', .comes_with = "a later version"},
    {.word = "volumes-from", .comes_with = "a later version"},
    {.word = "dns-option", .comes_with = "a later version"},
    {.word = "cpu-shares", .letter = 'c', .comes_with = "a later version"},
});

const Row* find_row(const cli::Option& option) {
  const auto* found =
      std::find_if(rows.begin(), rows.end(), [&](const Row& row) { return row.option.name == option.name; });
  return found == rows.end() ? nullptr : found;
}

std::string folder_of(const cli::Provenance& from, std::string_view folder) {
  if (from.file.empty()) return std::string(folder);
  return from.file.substr(0, std::max<std::size_t>(1, from.file.rfind('/')));
}

// Values are parsed without knowing whose they are: here the error learns the option and the place.
template <typename Function>
void with_origin(const cli::Given& given, Function&& function) {
  const bool in_file = !given.from.file.empty();
  try {
    function();
  } catch (const UsageError& error) {
    UsageError told(format("{}{} {}: {}", in_file ? "" : "--", given.option->name, printable(given.value),
                           error.message()),
                    error.hint());
    for (const std::string& context : error.contexts()) told.during(context);
    if (in_file) told.during(format("reading {}:{}", printable(given.from.file), given.from.line));
    throw told;
  }
}

// As with docker, --env wins over --env-file wherever it stands; both win over what files say.
std::vector<const cli::Given*> in_order(const cli::Arguments& arguments) {
  std::vector<const cli::Given*> order;
  for (const cli::Given& given : arguments.options) order.push_back(&given);
  const auto rank = [](const cli::Given* given) {
    return given->from.file.empty() ? given->option->name == "env-file" ? 1 : 2 : 0;
  };
  std::stable_sort(order.begin(), order.end(), [&](auto* a, auto* b) { return rank(a) < rank(b); });
  return order;
}

bool is_typed(const cli::Arguments& arguments, std::string_view name) {
  return std::any_of(arguments.options.begin(), arguments.options.end(), [&](const cli::Given& given) {
    return given.from.file.empty() && given.option->name == name && given.value != "false";
  });
}

bool is_given(const cli::Arguments& arguments, std::string_view name) {
  return std::any_of(arguments.options.begin(), arguments.options.end(), [&](const cli::Given& given) { return given.option->name == name; });
}

void check_contradictions(const cli::Arguments& arguments) {
  static constexpr std::array<std::array<std::string_view, 2>, 6> pairs{
      {{"read-only", "rw"}, {"entrypoint", "shell"}, {"rm", "restart"}, {"init", "no-init"}, {"userns", "uidmap"}, {"userns", "gidmap"}}};
  for (const auto& [one, other] : pairs)
    if (is_typed(arguments, one) && is_typed(arguments, other))
      throw UsageError(format("--{} and --{} contradict each other", one, other));
}

void set_rootfs(Spec& spec, const cli::Arguments& arguments, std::string_view folder) {
  if (!arguments.operands.empty()) {
    spec.rootfs = parse_rootfs(arguments.operands[0], folder);
    spec.command.assign(arguments.operands.begin() + 1, arguments.operands.end());
    return;
  }
  for (const cli::Given& given : arguments.options)
    if (given.option == &rootfs_option)
      with_origin(given, [&] { spec.rootfs = parse_rootfs(given.value, folder_of(given.from, folder)); });
}

// What a file of settings says is for roots that have the choice; what was typed is for this one.
void check_storage(const Spec& spec, const cli::Arguments& arguments) {
  using Kind = plan::Rootfs::Kind;
  if (!is_typed(arguments, "storage-driver") || plan::has_storage_choice(spec)) return;
  const bool on_host = spec.rootfs.kind == Kind::host;
  if (on_host && spec.storage == plan::StorageDriver::overlay) return;
  const std::string why = on_host                                ? "'host' is put together from overlays of the kernel, and from nothing else"
                          : spec.rootfs.kind == Kind::archive ? "an archive is unpacked for the container alone, which takes no driver"
                                                              : "with --rw the folder itself is written into, which takes no driver";
  throw UsageError(format("--storage-driver: {}", why), on_host ? "a folder or an image has the choice" : "leave it out");
}

// The same of what would have no effect.
void check_effects(const Spec& spec, const cli::Arguments& arguments) {
  if (is_typed(arguments, "shm-size") && std::holds_alternative<plan::HostNamespace>(spec.namespaces.ipc))
    throw UsageError("--shm-size: /dev/shm is the host's with --ipc host, and not the container's to size", "leave one of the two out");
  if (spec.rootfs.kind == plan::Rootfs::Kind::image) return;
  const auto refuse = [&](std::string_view name) { throw UsageError(format("--{}: it is for images, and {} is none", name, snug::quoted(spec.rootfs.given)), "leave it out"); };
  for (const std::string_view name : {"platform", "pull"})
    if (is_typed(arguments, name)) refuse(name);
  for (const std::string_view name : {"authfile", "cert-dir", "creds", "tls-verify"})  // which no file may have
    if (is_given(arguments, name)) refuse(name);
}

void check_map(const Spec& spec, const cli::Arguments& arguments) {
  const std::string joined = joined_container(spec);
  if (joined.empty()) return;
  const auto* user = std::get_if<plan::JoinNamespace>(&spec.namespaces.user);
  for (const std::string_view name : {"userns", "uidmap", "gidmap"})
    if (is_typed(arguments, name) && (name != "userns" || !user || user->container.empty()))
      throw UsageError(format("container:{} brings that container's user namespace along, which --{} contradicts", joined, name), "leave one of them out");
  for (const auto* choice : {&spec.namespaces.user, &spec.namespaces.pid, &spec.namespaces.uts, &spec.namespaces.ipc, &spec.namespaces.cgroup, &spec.namespaces.time})
    if (const auto* join = std::get_if<plan::JoinNamespace>(choice); join && !join->container.empty() && join->container != joined)
      throw UsageError(format("{} and {} have a user namespace each, and one process is in one", quoted(joined), quoted(join->container)), "all of container:NAME has to be one container");
}

}  // namespace

constinit const cli::OptionSet run_option_set{options, not_yet};
constinit const cli::OptionSet exec_option_set{exec_options, {}};
constinit const cli::OptionSet enter_option_set{enter_options, {}};
constinit const cli::OptionSet update_option_set{update_options, {}};
constinit const cli::OptionSet debug_option_set{debug_options, {}};
constinit const cli::OptionSet id_map_option_set{id_map_options, {}};

Files files_of(const cli::Option& option) {
  const Row* row = find_row(option);
  return row ? row->files : Files::none;
}

plan::Spec make_spec(const cli::Arguments& arguments, const Environment& environment,
                     std::string_view folder) {
  check_contradictions(arguments);
  Spec spec{.rootfs = {.given = "host"}};
  Draft draft{spec, environment, {}, {}, {}};
  for (const cli::Given* given : in_order(arguments)) {
    const Row* row = find_row(*given->option);
    if (!row) continue;
    draft.folder = folder_of(given->from, folder);
    draft.from = given->from;
    with_origin(*given, [&] { row->apply(draft, given->value); });
  }
  settle_shared(draft);
  set_rootfs(spec, arguments, folder);
  if (!is_given(arguments, "network") && !is_given(arguments, "net")) spec.network.way_out = true;
  check_storage(spec, arguments);
  check_effects(spec, arguments);
  check_map(spec, arguments);
  return spec;
}

plan::Spec read_visit(const cli::Invocation& invocation) {
  cli::Arguments options;
  options.options = invocation.arguments.options;
  return make_spec(options, invocation.environment, invocation.folder);
}

}  // namespace snug::commands
