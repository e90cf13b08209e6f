#include "evidence.hh"

#include <algorithm>
#include <array>
#include <utility>

#include "snug/base/text.hh"

namespace snug::explain {
namespace {

constexpr std::size_t short_id = 12;

bool is_id(std::string_view text) { return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos; }

// systemd writes a dash in a name as \x2d: systemd-escape(1).
std::string unescape_unit(std::string_view text) {
  std::string out;
  for (; !text.empty(); text.remove_prefix(1)) {
    if (text.starts_with("\\x2d")) out += '-', text.remove_prefix(3);
    else out += text.front();
  }
  return out;
}

// "app-gnome-firefox-1234" -> "firefox"; what starts an application puts its own name in front, and a number behind.
std::string application_of(std::string_view unit) {
  unit.remove_prefix(std::string_view("app-").size());
  for (const std::string_view starter : {"gnome-", "flatpak-", "dbus-", "KDE-", "kde-", "niri-", "sway-"})
    if (unit.starts_with(starter)) unit.remove_prefix(starter.size());
  for (const char mark : {'-', '@'})
    if (const std::size_t at = unit.rfind(mark); at != std::string_view::npos && at > 0 && (mark == '@' || parse_number(unit.substr(at + 1)))) unit = unit.substr(0, at);
  return unescape_unit(unit);
}

std::optional<std::string_view> between(std::string_view text, std::string_view front, std::string_view back) {
  if (text.size() < front.size() + back.size() || !text.starts_with(front) || !text.ends_with(back)) return {};
  return text.substr(front.size(), text.size() - front.size() - back.size());
}

/// How an engine calls the cgroup of a container after its id.
struct Engine {
  std::string_view front, maker;
};
constexpr std::array<Engine, 5> engines{{{"docker-", "docker"}, {"libpod-", "podman"}, {"crio-", "cri-o"}, {"cri-containerd-", "containerd"}, {"buildah-", "buildah"}}};

std::optional<Evidence> container_of(std::string_view part, std::string_view above) {
  const auto found = [&](std::string_view maker, std::string_view name) { return Evidence{std::string(maker), unescape_unit(name), "its cgroup, " + printable(part)}; };
  for (const Engine& engine : engines)
    for (const std::string_view back : {".scope", ""})
      if (const auto id = between(part, engine.front, back); id && is_id(*id)) return found(engine.maker, id->substr(0, short_id));
  if (is_id(part) && above == "docker") return found("docker", part.substr(0, short_id));
  if (is_id(part) && above.starts_with("pod")) return found("kubernetes", part.substr(0, short_id));
  if (const auto name = between(part, "lxc.payload.", "")) return found("lxc", *name);
  if (const auto name = between(part, "systemd-nspawn@", ".service")) return found("nspawn", *name);
  if (const auto name = between(part, "machine-", ".scope")) return found("machine", *name);
  if (const auto name = between(part, "app-flatpak-", ".scope")) return found("flatpak", application_of(part.substr(0, part.size() - 6)));
  if (part.starts_with("snap.") && part.find('.', 5) != std::string_view::npos) return found("snap", part.substr(5, part.find('.', 5) - 5));
  return {};
}

std::optional<Evidence> unit_of(std::string_view part, std::string_view) {
  const auto found = [&](std::string_view maker, std::string name) { return Evidence{std::string(maker), std::move(name), "its cgroup, " + printable(part)}; };
  const std::size_t dot = part.rfind('.');
  const bool is_service = part.ends_with(".service");
  if (dot == std::string_view::npos || (!is_service && !part.ends_with(".scope")) || part.starts_with("user@")) return {};
  if (part.starts_with("app-")) return found("application", application_of(part.substr(0, dot)));
  return is_service ? std::optional(found("service", unescape_unit(part.substr(0, dot)))) : std::nullopt;
}

template <typename Reader>
std::optional<Evidence> read_path(std::string_view path, Reader reader) {
  const std::vector<std::string> parts = split(path, '/');
  for (std::size_t at = parts.size(); at-- > 0;)
    if (auto found = reader(parts[at], at > 0 ? std::string_view(parts[at - 1]) : std::string_view())) return found;
  return {};
}

// The first ancestor of the leader that is not of the group.
const plan::LiveProcess* starter_of(const Group& group, const ByNumber& processes) {
  pid_t parent = group.members[group.leader].parent;
  for (std::size_t steps = 0; steps < 64; ++steps) {
    const auto found = processes.find(parent);
    if (found == processes.end()) return nullptr;
    const bool member = std::any_of(group.members.begin(), group.members.end(), [&](const auto& each) { return each.pid == parent; });
    if (!member) return found->second;
    parent = found->second->parent;
  }
  return nullptr;
}

const std::string& payload_name(const Group& group) { return group.members[payload_of(group)].name; }

std::optional<Evidence> evidence_of_starter(const Group& group, const plan::LiveProcess& starter) {
  const auto found = [&](std::string_view maker, std::string name, std::string_view how) {
    return Evidence{std::string(maker), name.empty() ? payload_name(group) : std::move(name), format("{} {}, which started it", how, starter.pid)};
  };
  if (starter.name == "conmon") return found("podman", word_after(starter, "-n"), "the words of conmon");
  if (starter.name.starts_with("containerd-shim"))
    return found(word_after(starter, "-namespace") == "moby" ? "docker" : "containerd", word_after(starter, "-id").substr(0, short_id), "the words of containerd-shim");
  if (starter.name == "systemd-nspawn") return found("nspawn", word_after(starter, "-M"), "the words of systemd-nspawn");
  if (starter.name == "bwrap") return found("bubblewrap", {}, "bwrap");
  for (const std::string_view maker : {"snug", "unshare", "firejail", "podman", "buildah", "runc", "crun", "lxc-start"})
    if (starter.name == maker) return found(maker, {}, maker);
  return {};
}

std::optional<Evidence> browser_of(const Group& group) {
  const plan::LiveProcess& leader = group.members[group.leader];
  for (const std::string_view name : {"chromium", "chrome", "firefox", "brave", "msedge", "electron"})
    if (leader.name.starts_with(name)) {
      std::string kind;
      for (const std::string& word : leader.words)
        if (word.starts_with("--type=")) kind = " " + word.substr(7, word.find(' ') == std::string::npos ? std::string::npos : word.find(' ') - 7);
      return Evidence{"browser", std::string(name) + kind, "its own name and words"};
    }
  return {};
}

struct Role {
  std::string_view name, does;
};
constexpr std::array<Role, 29> roles{{{"buildah", "builds an image"},
                                      {"buildkitd", "builds images"},
                                      {"bwrap", "waits for"},
                                      {"catatonit", "keeps a user namespace"},
                                      {"conmon", "watches"},
                                      {"containerd", "an engine"},
                                      {"containerd-shim", "waits for"},
                                      {"crio", "an engine"},
                                      {"docker-proxy", "passes a port to"},
                                      {"dockerd", "an engine"},
                                      {"firejail", "waits for"},
                                      {"fuse-overlayfs", "answers for files of"},
                                      {"kubelet", "an engine"},
                                      {"lxc-start", "waits for"},
                                      {"netavark", "sets up a network"},
                                      {"passt", "network of"},
                                      {"pasta", "network of"},
                                      {"podman", "an engine"},
                                      {"podman pause", "keeps a user namespace"},
                                      {"rootlesskit", "waits for"},
                                      {"rootlessport", "passes ports to"},
                                      {"slirp4netns", "network of"},
                                      {"snug", "waits for"},
                                      {"snug-gate", "asks for names for"},
                                      {"snug-networks", "keeps the shared networks"},
                                      {"snug-owners", "answers about owners for"},
                                      {"systemd-nspawn", "waits for"},
                                      {"xdg-dbus-proxy", "filters D-Bus for"},
                                      {"aardvark-dns", "answers for names"}}};

}  // namespace

std::optional<Evidence> container_of_cgroup(std::string_view path) { return read_path(path, container_of); }
std::optional<Evidence> unit_of_cgroup(std::string_view path) { return read_path(path, unit_of); }

std::size_t payload_of(const Group& group) {
  static constexpr std::array<std::string_view, 6> wrappers{"bwrap", "snug", "catatonit", "tini", "dumb-init", "unshare"};
  for (std::size_t at = 0; at < group.members.size(); ++at)
    if (std::find(wrappers.begin(), wrappers.end(), group.members[at].name) == wrappers.end()) return at;
  return group.leader;
}

std::string word_after(const plan::LiveProcess& process, std::string_view option) {
  const auto found = std::find(process.words.begin(), process.words.end(), option);
  return found == process.words.end() || found + 1 == process.words.end() ? std::string() : *(found + 1);
}

// Names are fifteen letters long, and some programs come in versions.
std::string_view role_of(const plan::LiveProcess& process) {
  const std::string program = program_name(process);
  const std::string_view name = program.starts_with("containerd-shim") ? std::string_view("containerd-shim") : program;
  for (const Role& role : roles)
    if (role.name == name) return role.does;
  return {};
}

std::string program_name(const plan::LiveProcess& process) {
  const std::string& name = process.name;
  const std::string_view typed = process.words.empty() ? std::string_view(name) : std::string_view(process.words[0]).substr(process.words[0].rfind('/') + 1);
  const auto is_either = [](std::string_view word) { return word.starts_with("pasta") || word.starts_with("passt"); };
  if (is_either(name)) return std::string((is_either(typed) ? typed : std::string_view(name)).substr(0, 5));
  return name.starts_with("rootlessport") || (name == "exe" && typed == "rootlessport-child") ? "rootlessport" : name;
}

bool answers_calls(const plan::LiveProcess& process) { return program_name(process) == "snug-owners"; }

bool serves_network(const plan::LiveProcess& process) {
  const std::string_view role = role_of(process);
  return role == "network of" || role.starts_with("passes");
}

std::span<const std::string_view> telling_names() {
  static constexpr std::array<std::string_view, 5> variants{"pasta.avx2", "passt.avx2", "rootlessport-ch", "exe", "chromium"};
  static constexpr auto names = [] {
    std::array<std::string_view, roles.size() + variants.size()> all{};
    for (std::size_t at = 0; at < roles.size(); ++at) all[at] = roles[at].name;
    for (std::size_t at = 0; at < variants.size(); ++at) all[roles.size() + at] = variants[at];
    return all;
  }();
  return names;
}

Evidence name_group(const Group& group, const ByNumber& processes) {
  const plan::LiveProcess& leader = group.members[group.leader];
  if (group.record) return {"snug", group.record->name, "snug's record of it"};
  const plan::LiveProcess* starter = starter_of(group, processes);
  const auto of_starter = starter ? evidence_of_starter(group, *starter) : std::nullopt;
  if (auto found = container_of_cgroup(leader.cgroup)) {
    // The cgroup has the id alone.
    if (of_starter && of_starter->maker == "podman" && starter->name == "conmon") return {found->maker, of_starter->name, of_starter->source};
    return *std::move(found);
  }
  if (of_starter) return *of_starter;
  if (auto found = browser_of(group)) return *std::move(found);
  if (auto found = unit_of_cgroup(leader.cgroup)) return *std::move(found);
  return {"", payload_name(group), "its first process"};
}

}  // namespace snug::explain
