#include "settings.hh"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <memory>
#include <optional>
#include <variant>

#include "run_options.hh"
#include "snug/commands/environment.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "values.hh"

namespace snug::commands {
namespace {

using config::Setting;

constexpr std::string_view users_place =
    "what reaches further belongs into ~/.config/snug/config.toml or on the command line";

bool lies_in(std::string_view path, std::string_view folder) {
  return folder == "/" || path == folder || (path.starts_with(folder) && path[folder.size()] == '/');
}

// A link in a checkout leads out of it as well as ".." does. What does not exist cannot be bound either.
bool leads_out(const std::string& path, const std::string& folder) {
  if (!lies_in(path, folder)) return true;
  using Text = std::unique_ptr<char, decltype(&::free)>;
  const Text real(::realpath(path.c_str(), nullptr), ::free),
      real_folder(::realpath(folder.c_str(), nullptr), ::free);
  return real && (!real_folder || !lies_in(real.get(), real_folder.get()));
}

// A mask of /proc or /sys gives way to what is mounted there. What cannot be read as a mount is refused as such later.
bool uncovers_kernel(const cli::Option& option, const std::string& value, const std::string& folder) {
  try {
    const plan::Volume volume = option.name == "tmpfs" ? parse_tmpfs(value) : parse_volume(value, folder);
    const std::string target = std::visit([](const auto& each) { return each.target; }, volume);
    return lies_in(target, "/proc") || lies_in(target, "/sys");
  } catch (const UsageError&) {
    return false;
  }
}

// Says what is wrong with a value in a project file; nothing where it stays inside.
std::optional<std::string> find_reach(const cli::Option& option, const std::string& value,
                                      const std::string& folder) {
  if (files_of(option) == Files::of_user || option.name == data_local_option.name || option.name == keep_blobs_option.name) return "it cannot be set by a project file";
  if (option.name == "rootfs") {
    const plan::Rootfs rootfs = parse_rootfs(value, folder);
    if (!rootfs.path.empty() && leads_out(rootfs.path, folder))
      return "it lies outside the project's folder";
  }
  if (option.name == "volume" && leads_out(parse_host_path(split(value, ':')[0], folder), folder))
    return "the source lies outside the project's folder";
  if ((option.name == "volume" || option.name == "tmpfs") && uncovers_kernel(option, value, folder)) return "a project file mounts nothing in /proc and /sys";
  if (option.name == "read-only" && value != "true") return "a project file may choose true";
  if (option.name == "env" && value.find('=') == std::string::npos)
    return "a project file cannot copy variables of the caller";
  if (option.name == "userns" && value != "root" && value != "single" && !value.starts_with("keep-id"))
    return "a project file may choose root, keep-id or single";
  if (option.name == "network" && value != "none") return "a project file may choose none";
  return {};
}

const cli::Option& find_option(const Setting& setting) {
  if (setting.table.empty()) {
    if (setting.key == rootfs_option.name) return rootfs_option;
    if (setting.key == data_local_option.name) return data_local_option;
    if (setting.key == keep_blobs_option.name) return keep_blobs_option;
    if (setting.key == "run") throw UsageError("run is a table: [run]");
    refuse_word("key here", setting.key, {std::string(rootfs_option.name), std::string(data_local_option.name), std::string(keep_blobs_option.name), "[run]"});
  }
  if (setting.table != "run") refuse_word("table", setting.table, {"run"});
  std::vector<std::string> names;
  for (const cli::Option& option : run_option_set.options) {
    if (files_of(option) == Files::none) continue;
    if (option.name == setting.key) return option;
    names.emplace_back(option.name);
  }
  refuse_word("key of [run]", setting.key, std::move(names));
}

void check_kind(const cli::Option& option, const Setting& setting) {
  if (setting.values.empty()) return;
  if (setting.is_list && !option.repeatable)
    throw UsageError(format("{} takes one value, not a list", option.name));
  if (option.is_flag() && setting.type != Setting::Type::boolean)
    throw UsageError(format("{} is either true or false", option.name));
  if (!option.is_flag() && setting.type == Setting::Type::boolean)
    throw UsageError(format("{} is not true or false but {}", option.name, option.argument));
  static constexpr std::array<std::string_view, 10> counted{"NUMBER", "SIGNAL", "SIZE", "WEIGHT", "PORT", "SECONDS", "LIST", "GROUP", "USER[:GROUP]", "[IP:]HOST:CONTAINER[/udp]"};
  if (setting.type == Setting::Type::number && std::find(counted.begin(), counted.end(), option.argument) == counted.end())
    throw UsageError(format("{} is no number but {}", option.name, option.argument), format("a text stands in quotes: {} = \"{}\"", option.name, setting.values.front()));
}

bool is_chosen(const cli::Option& option, const std::vector<cli::Given>& own) {
  return std::any_of(own.begin(), own.end(), [&](const cli::Given& given) { return given.option == &option; });
}

void take(const Setting& setting, FileOf whose, const std::vector<cli::Given>& own, std::vector<cli::Given>& taken) {
  const cli::Option& option = find_option(setting);
  check_kind(option, setting);
  const std::string folder = setting.file.substr(0, std::max<std::size_t>(1, setting.file.rfind('/')));
  for (const std::string& value : setting.values) {
    if (whose == FileOf::project)
      if (const auto reach = find_reach(option, value, folder))
        throw UsageError(format("{} {}: {}", option.name, snug::quoted(value), *reach),
                         std::string(users_place));
    if (whose == FileOf::project && option.name == "userns" && is_chosen(option, own)) continue;  // which ids a container has is the user's to say
    taken.push_back({&option, value, {setting.file, setting.line}});
  }
}

// Whoever can write the file decides what is done in the caller's name.
void check_owner(const std::string& path, const struct stat& status) {
  if (status.st_uid != ::getuid() && status.st_uid != 0)
    throw Error(
        format("{} belongs to somebody else, uid {}", snug::quoted(path), status.st_uid),
        "snug takes settings from files of yours or of root; go to another folder, or remove the file");
  if ((status.st_mode & S_IWOTH) != 0)
    throw Error(format("{} may be written by everybody", snug::quoted(path)),
                format("chmod o-w {}", shell_quoted(path)));
}

void read_file(const std::string& path, FileOf whose, std::vector<cli::Given>& taken) {
  // Non-blocking: a pipe of that name must not make us wait.
  const sys::Fd file = sys::try_open(AT_FDCWD, path.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (const int error = file ? 0 : errno; error == ENOENT || error == ENOTDIR) {
    if (sys::find_link(AT_FDCWD, path.c_str())) throw system_error(format("open {}", snug::quoted(path)), error, "it is a link, and nothing is where it leads");
    return;
  }
  if (!file) throw system_error(format("open {}", snug::quoted(path)), errno);
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode))
    throw Error(format("{} is no file", snug::quoted(path)));
  if (whose == FileOf::project) check_owner(path, status);
  for (cli::Given& given : take_settings(config::parse_settings(sys::read_all(file.get()), path), whose, taken))
    taken.push_back(std::move(given));
}

std::string users_folder(const Environment& environment) {
  const auto xdg = environment.find("XDG_CONFIG_HOME");
  if (xdg && xdg->starts_with('/')) return std::string(*xdg);
  const auto home = environment.find("HOME");
  return home && home->starts_with('/') ? format("{}/.config", *home) : std::string();
}

std::vector<cli::Given> read_own_files(const Environment& environment) {
  std::vector<cli::Given> taken;
  read_file("/etc/snug/config.toml", FileOf::user, taken);
  if (const std::string folder = users_folder(environment); !folder.empty()) read_file(folder + "/snug/config.toml", FileOf::user, taken);
  return taken;
}

}  // namespace

std::vector<cli::Given> take_settings(const std::vector<Setting>& settings, FileOf whose, const std::vector<cli::Given>& own) {
  std::vector<cli::Given> taken;
  for (const Setting& setting : settings) {
    try {
      take(setting, whose, own, taken);
    } catch (UsageError& error) {
      error.during(format("reading {}:{}", printable(setting.file), setting.line));
      throw;
    }
  }
  return taken;
}

std::string read_local_place(const Environment& environment) {
  std::string place;
  for (const cli::Given& given : read_own_files(environment))
    if (given.option == &data_local_option) place = given.value;
  return place;
}

bool keeps_blobs(const Environment& environment) {
  bool keeps = true;
  for (const cli::Given& given : read_own_files(environment))
    if (given.option == &keep_blobs_option) keeps = given.value == "true";
  return keeps;
}

plan::Spec read_spec(const cli::Invocation& invocation) {
  cli::Arguments merged{.options = read_own_files(invocation.environment), .operands = {}};
  if (!invocation.folder.empty())
    read_file((invocation.folder == "/" ? "" : invocation.folder) + "/snug.toml", FileOf::project,
              merged.options);
  merged.options.insert(merged.options.end(), invocation.arguments.options.begin(),
                        invocation.arguments.options.end());
  merged.operands = invocation.arguments.operands;
  return make_spec(merged, invocation.environment, invocation.folder);
}

}  // namespace snug::commands
