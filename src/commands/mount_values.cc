#include <algorithm>
#include <array>
#include <utility>

#include "keys.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/image/reference.hh"
#include "values.hh"

namespace snug::commands {
namespace {

// By hand: std::filesystem::path brings the locales of the C++ library into a program that has to start fast.
std::string cleaned(std::string_view absolute) {
  std::string clean;
  for (const std::string& part : split(absolute, '/')) {
    if (part == "..") clean.erase(clean.empty() ? 0 : clean.rfind('/'));
    else if (!part.empty() && part != ".") clean += "/" + part;
  }
  return clean.empty() ? "/" : clean;
}

bool is_path(std::string_view text) {
  return text.starts_with('/') || text == "." || text == ".." || text.starts_with("./") ||
         text.starts_with("../");
}

std::string parse_image_name(std::string_view text) {
  constexpr std::string_view docker = "docker://";  // of skopeo and podman
  if (text.starts_with(docker)) text.remove_prefix(docker.size());
  try {
    static_cast<void>(image::parse_reference(text));
  } catch (const UsageError& error) {
    const std::string hint = format("a folder is written with a slash or a dot in front: ./{}", printable(text));
    throw UsageError(error.message(), error.hint().empty() ? hint : error.hint());
  }
  return std::string(text);
}

std::string parse_target(std::string_view text) {
  std::string target = parse_inside_path(text);
  if (target == "/") throw UsageError("nothing can be mounted on /: it is the place of the root file system");
  return target;
}

std::uint32_t parse_mode(std::string_view text) {
  std::uint32_t mode = 0;
  for (const char digit : text) {
    mode = mode * 8 + static_cast<std::uint32_t>(digit - '0');
    if (digit < '0' || digit > '7' || mode > 01777)
      throw UsageError(format("{} is no octal mode up to 1777", quoted(text)));
  }
  if (text.empty()) throw UsageError("the mode is empty");
  return mode;
}

bool parse_yes_no(std::string_view text) {
  if (text == "true" || text == "1") return true;
  if (text == "false" || text == "0") return false;
  throw UsageError(format("{} is neither true nor false", quoted(text)));
}

// Mounts never travel between host and container, and nothing bound is set-user-id or a device: these are
// always so. Labels of SELinux (z, Z) are not changed.
using BindKey = Key<plan::BindVolume>;
constexpr std::array bind_keys = std::to_array<BindKey>({
    {"ro", BindKey::Value::none, [](auto& bind, auto) { bind.read_only = true; }},
    {"rw", BindKey::Value::none, [](auto& bind, auto) { bind.read_only = false; }},
    {"rbind", BindKey::Value::none, [](auto& bind, auto) { bind.recursive = true; }},
    {"bind", BindKey::Value::none, [](auto& bind, auto) { bind.recursive = false; }},
    {"exec", BindKey::Value::none, [](auto& bind, auto) { bind.executable = true; }},
    {"noexec", BindKey::Value::none, [](auto& bind, auto) { bind.executable = false; }},
    {"private"},
    {"rprivate"},
    {"nosuid"},
    {"nodev"},
    {"cached"},  // these three, and those of SELinux, are of other machines than this
    {"consistent"},
    {"delegated"},
    {"z"},
    {"Z"},
});

using TmpfsKey = Key<plan::TmpfsVolume>;
constexpr std::array tmpfs_keys = std::to_array<TmpfsKey>({
    {"size", TmpfsKey::Value::needed, [](auto& tmpfs, auto value) { tmpfs.size = parse_bytes(value); }},
    {"mode", TmpfsKey::Value::needed, [](auto& tmpfs, auto value) { tmpfs.mode = parse_mode(value); }},
    {"uid", TmpfsKey::Value::needed, [](auto& tmpfs, auto value) { tmpfs.uid = ContainerId{parse_id(value)}; }},
    {"gid", TmpfsKey::Value::needed, [](auto& tmpfs, auto value) { tmpfs.gid = ContainerId{parse_id(value)}; }},
    {"ro", TmpfsKey::Value::none, [](auto& tmpfs, auto) { tmpfs.read_only = true; }},
    {"rw", TmpfsKey::Value::none, [](auto& tmpfs, auto) { tmpfs.read_only = false; }},
    {"exec", TmpfsKey::Value::none, [](auto& tmpfs, auto) { tmpfs.executable = true; }},
    {"noexec", TmpfsKey::Value::none, [](auto& tmpfs, auto) { tmpfs.executable = false; }},
    {"nosuid"},
    {"nodev"},
});

// The fields of --mount, before the type tells which of them have a meaning.
struct Mount {
  std::string_view folder;
  std::string type = {}, source = {}, target = {};
  bool read_only = false, recursive = true;
  std::optional<std::uint64_t> size = {};
  std::optional<std::uint32_t> mode = {};
};

constexpr auto set_source = [](Mount& mount, std::string_view value) {
  mount.source = parse_host_path(value, mount.folder);
};
constexpr auto set_target = [](Mount& mount, std::string_view value) { mount.target = parse_target(value); };
constexpr auto set_read_only = [](Mount& mount, std::string_view value) {
  mount.read_only = parse_yes_no(value);
};

using MountKey = Key<Mount>;
constexpr std::array mount_keys = std::to_array<MountKey>({
    {"type", MountKey::Value::needed, [](auto& mount, auto value) { mount.type = value; }},
    {"source", MountKey::Value::needed, set_source},
    {"src", MountKey::Value::needed, set_source},
    {"target", MountKey::Value::needed, set_target},
    {"dst", MountKey::Value::needed, set_target},
    {"destination", MountKey::Value::needed, set_target},
    {"readonly", MountKey::Value::flag, set_read_only},
    {"ro", MountKey::Value::flag, set_read_only},
    {"bind-recursive", MountKey::Value::needed,
     [](auto& mount, auto value) {
       if (value != "enabled" && value != "disabled")
         refuse_word("bind-recursive", value, {"enabled", "disabled"});
       mount.recursive = value == "enabled";
     }},
    {"bind-propagation", MountKey::Value::needed,
     [](auto&, auto value) {
       if (value != "private" && value != "rprivate") throw UsageError(format("bind-propagation={}: mounts never travel between host and container", printable(value)), "leave it out");
     }},
    {"tmpfs-size", MountKey::Value::needed, [](auto& mount, auto value) { mount.size = parse_bytes(value); }},
    {"tmpfs-mode", MountKey::Value::needed, [](auto& mount, auto value) { mount.mode = parse_mode(value); }},
});

// Docker refuses them, too: which one was meant nobody knows.
void check_opposites(const std::vector<std::string>& words) {
  constexpr std::array opposites = std::to_array<std::pair<std::string_view, std::string_view>>({{"ro", "rw"}, {"exec", "noexec"}, {"bind", "rbind"}});
  const auto has = [&](std::string_view word) { return std::find(words.begin(), words.end(), word) != words.end(); };
  for (const auto& [one, other] : opposites)
    if (has(one) && has(other)) throw UsageError(format("{} and {} contradict each other", one, other));
}

}  // namespace

std::string parse_host_path(std::string_view text, std::string_view folder) {
  if (text.empty()) throw UsageError("a path on the host is empty");
  if (!is_path(text))
    throw UsageError(text.find('/') == std::string_view::npos ? format("{} is the name of a volume; volumes are not there yet", quoted(text)) : format("{} is neither a path nor the name of a volume", quoted(text)),
                     format("a folder is written with a slash or a dot in front: ./{}", printable(text)));
  if (text.starts_with('/')) return cleaned(text);
  if (folder.empty())
    throw Error(format("cannot tell where {} is: the current folder is gone", quoted(text)));
  return cleaned(format("{}/{}", folder, text));
}

std::string parse_file_path(std::string_view text, std::string_view folder) {
  return parse_host_path(is_path(text) || text.empty() ? std::string(text) : format("./{}", text), folder);
}

std::string parse_inside_path(std::string_view text) {
  if (!text.starts_with('/'))
    throw UsageError(format("{} has to be a path from the root of the container on: /...", quoted(text)));
  return cleaned(text);
}

plan::Rootfs parse_rootfs(std::string_view text, std::string_view folder) {
  using Kind = plan::Rootfs::Kind;
  const std::string given(text);
  const auto path_of = [&](std::string_view path) {
    if (path.empty()) throw UsageError(format("{} names a kind of root file system, and no place", quoted(given)), format("{}./PATH", printable(given.substr(0, given.find(':') + 1))));
    return parse_file_path(path, folder);
  };
  if (text == "host") return {Kind::host, "", given};
  if (text.starts_with("tar:")) return {Kind::archive, path_of(text.substr(4)), given};
  if (text.starts_with("dir:") || is_path(text)) {
    std::string path = path_of(text.starts_with("dir:") ? text.substr(4) : text);
    return path == "/" ? plan::Rootfs{Kind::host, "", given}
                       : plan::Rootfs{Kind::directory, std::move(path), given};
  }
  for (const std::string_view transport : {"oci:", "oci-archive:", "docker-archive:"})
    if (text.starts_with(transport)) {
      const std::string_view place = text.substr(transport.size());
      const std::size_t colon = std::min(place.find(':'), place.size());
      std::string path = path_of(place.substr(0, colon));
      std::string image = format("{}{}{}", transport, path, place.substr(colon));
      return {Kind::image, std::move(path), given, std::move(image)};
    }
  return {Kind::image, "", given, parse_image_name(text)};
}

plan::Volume parse_volume(std::string_view text, std::string_view folder) {
  const std::vector<std::string> parts = split(text, ':');
  if (parts.size() == 1)
    throw UsageError("a volume without a name is not there yet", "SOURCE:TARGET binds a folder of the host");
  if (parts.size() > 3)
    throw UsageError("there are more than two colons",
                     "--mount type=bind,source=...,target=... takes any path");
  plan::BindVolume bind{.source = parse_host_path(parts[0], folder), .target = parse_target(parts[1])};
  if (parts.size() < 3) return bind;
  check_opposites(split_list(parts[2]));
  set_keys<plan::BindVolume>(bind, "option of a bind mount", bind_keys, parts[2]);
  return bind;
}

plan::Volume parse_mount(std::string_view text, std::string_view folder) {
  Mount mount{.folder = folder};
  set_keys<Mount>(mount, "key of --mount", mount_keys, text);
  if (mount.type != "bind" && mount.type != "tmpfs") {
    if (mount.type == "volume" || mount.type.empty())
      throw UsageError("volumes are not there yet: it has to say type=bind or type=tmpfs");
    refuse_word("type of mount", mount.type, {"bind", "tmpfs"});
  }
  if (mount.target.empty()) throw UsageError("the target is missing: target=/...");
  if (mount.type == "tmpfs") {
    if (!mount.source.empty()) throw UsageError("a tmpfs has no source");
    return plan::TmpfsVolume{
        .target = mount.target, .size = mount.size, .mode = mount.mode, .read_only = mount.read_only};
  }
  if (mount.source.empty()) throw UsageError("the source is missing: source=/...");
  if (mount.size || mount.mode) throw UsageError("tmpfs-size and tmpfs-mode belong to type=tmpfs");
  return plan::BindVolume{.source = mount.source,
                          .target = mount.target,
                          .read_only = mount.read_only,
                          .recursive = mount.recursive};
}

plan::Volume parse_tmpfs(std::string_view text) {
  const std::size_t colon = text.find(':');
  plan::TmpfsVolume tmpfs{.target = parse_target(text.substr(0, colon))};
  if (colon == std::string_view::npos) return tmpfs;
  check_opposites(split_list(text.substr(colon + 1)));
  set_keys<plan::TmpfsVolume>(tmpfs, "option of a tmpfs", tmpfs_keys, text.substr(colon + 1));
  return tmpfs;
}

plan::Device parse_device(std::string_view text) {
  const std::vector<std::string> parts = split(text, ':');
  if (parts.size() > 3) throw UsageError("there are more than two colons: HOST[:INSIDE[:PERMISSIONS]]");
  if (!parts[0].starts_with('/'))
    throw UsageError(format("{} is no path of a device: /dev/...", snug::quoted(parts[0])));
  // docker takes HOST:rwm as well.
  const bool short_form = parts.size() == 2 && !parts[1].starts_with('/');
  const std::string permissions = short_form ? parts[1] : parts.size() == 3 ? parts[2] : "rwm";
  if (permissions.empty() || permissions.find_first_not_of("rwm") != std::string::npos)
    throw UsageError(format("{} are no permissions: rw or rwm", snug::quoted(permissions)));
  // A read-only mount does not stop writes to a device, and the cgroup that would is root's to set.
  if (permissions.find('r') == std::string::npos || permissions.find('w') == std::string::npos)
    throw UsageError(format("the permissions {} cannot be enforced without root", snug::quoted(permissions)),
                     "say rw, or leave the device out");
  return {.source = cleaned(parts[0]),
          .target = parse_target(parts.size() == 1 || short_form ? parts[0] : parts[1])};
}

}  // namespace snug::commands
