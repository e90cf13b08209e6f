#include "connection.hh"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/output.hh"

namespace snug::image_commands {
namespace {

std::string first_of(const Environment& environment, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names)
    if (const auto value = environment.find(name); value && !value->empty()) return std::string(*value);
  return {};
}

// A variable that is not set gives nothing; one below $HOME gives its place there.
std::string folder_of(const Environment& environment, std::string_view name, std::string_view below_home) {
  if (std::string folder = first_of(environment, {name}); !folder.empty()) return folder;
  const std::string home = first_of(environment, {"HOME"});
  return home.empty() ? "" : format("{}/{}", home, below_home);
}

std::string config_folder_of(const Environment& environment) { return folder_of(environment, "XDG_CONFIG_HOME", ".config"); }

std::string registries_file_of(const Environment& environment) { return first_of(environment, {"CONTAINERS_REGISTRIES_CONF"}); }

std::string option_of(const cli::Arguments& arguments, std::string_view name) {
  const std::string* value = arguments.find(name);
  return value ? *value : "";
}

std::vector<std::string> absolute_folders(const std::string& path) {
  std::vector<std::string> folders;
  for (std::string& folder : split(path, ':'))
    if (folder.starts_with('/')) folders.push_back(std::move(folder));
  return folders;
}

// What a credential helper needs to reach its user's keys, and no more.
std::vector<std::string> helper_environment(const Environment& environment) {
  constexpr std::array names{"HOME", "PATH", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "DBUS_SESSION_BUS_ADDRESS", "DISPLAY", "WAYLAND_DISPLAY", "GNUPGHOME", "GPG_TTY",
                             "PASSWORD_STORE_DIR"};
  std::vector<std::string> variables;
  for (const char* name : names)
    if (const auto value = environment.find(name)) variables.push_back(format("{}={}", name, *value));
  return variables;
}

}  // namespace

transport::Connection connection_of(const cli::Invocation& invocation, const std::string& host, ProgressDisplay* display) {
  const cli::Arguments& arguments = invocation.arguments;
  const Environment& environment = invocation.environment;
  transport::Connection connection{.cert_folder = option_of(arguments, "cert-dir"),
                                   .auth_file = option_of(arguments, "authfile"),
                                   .credentials = option_of(arguments, "creds"),
                                   .registries_file = registries_file_of(environment),
                                   .runtime_folder = first_of(environment, {"XDG_RUNTIME_DIR"}),
                                   .config_folder = config_folder_of(environment),
                                   .docker_folder = folder_of(environment, "DOCKER_CONFIG", ".docker"),
                                   .http_proxy = first_of(environment, {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"}),
                                   .https_proxy = first_of(environment, {"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"}),
                                   .no_proxy = first_of(environment, {"no_proxy", "NO_PROXY"}),
                                   .helper_folders = absolute_folders(first_of(environment, {"PATH"})),
                                   .helper_environment = helper_environment(environment)};
  // login makes it.
  if (!connection.auth_file.empty() && invocation.command.name != "login" && ::access(connection.auth_file.c_str(), F_OK) != 0)
    throw system_error(format("read the credentials in {}", quoted(connection.auth_file)), errno, format("snug login --authfile {}", shell_quoted(connection.auth_file)));
  if (connection.auth_file.empty()) connection.auth_file = first_of(environment, {"REGISTRY_AUTH_FILE"});
  std::signal(SIGPIPE, SIG_IGN);  // a broken connection is an error of the call that finds it
  if (const std::string* verify = arguments.find("tls-verify"); verify && *verify == "false") connection.insecure_host = host;
  if (!arguments.flag("quiet")) connection.notice = [display](std::string_view what) {
    const std::string notice = format("snug: notice: {}\n", what);
    display ? display->tell(notice) : commands::say(notice);
  };
  return connection;
}

std::vector<image::Reference> candidates_of(const cli::Invocation& invocation, const image::Reference& name) {
  return transport::find_candidates(name, {.registries_file = registries_file_of(invocation.environment), .config_folder = config_folder_of(invocation.environment)});
}

}  // namespace snug::image_commands
