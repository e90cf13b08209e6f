#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "snug/base/environment.hh"
#include "snug/plan/spec.hh"

// What the values of run's options mean. Every function reads the whole of its text or throws a UsageError
// that does not name the option: its caller knows that. `folder` is what relative paths of the host start
// from.

namespace snug::commands {

/// Throws the UsageError of a word that is none of `known`, with the nearest of them.
[[noreturn]] void refuse_word(std::string_view what, std::string_view word, std::vector<std::string> known);

/// Makes a path of the host absolute without looking at the file system; throws where it is a bare name.
[[nodiscard]] std::string parse_host_path(std::string_view text, std::string_view folder);

/// The same of what can be nothing but a path: a bare name lies in `folder`.
[[nodiscard]] std::string parse_file_path(std::string_view text, std::string_view folder);

/// Cleans a path of the container, which has to be absolute.
[[nodiscard]] std::string parse_inside_path(std::string_view text);

[[nodiscard]] plan::Rootfs parse_rootfs(std::string_view text, std::string_view folder);

[[nodiscard]] plan::Volume parse_volume(std::string_view text, std::string_view folder);
[[nodiscard]] plan::Volume parse_mount(std::string_view text, std::string_view folder);
[[nodiscard]] plan::Volume parse_tmpfs(std::string_view text);
[[nodiscard]] plan::Device parse_device(std::string_view text);

/// What --userns chooses: the wall and the id map at once.
struct UserNamespace {
  plan::NamespaceChoice wall;
  plan::IdMapChoice ids;
};
[[nodiscard]] UserNamespace parse_userns(std::string_view text, std::string_view folder);
[[nodiscard]] plan::NamespaceChoice parse_namespace(std::string_view text, std::string_view folder);

/// What --network chooses: of container:NAME the wall is not known yet, and whether there is a network of that name neither.
struct NetworkChoice {
  plan::NamespaceChoice wall;
  bool way_out = false;
  std::string container = {};
  std::optional<plan::SharedNetwork> shared = {};
};
[[nodiscard]] NetworkChoice parse_network(std::string_view text, std::string_view folder);

/// Reads the name of a network that is shared: one that is no other word of --network.
[[nodiscard]] std::string parse_network_name(std::string_view text);

/// Reads a name by which a container is found in a network.
[[nodiscard]] std::string parse_alias(std::string_view text);

/// Reads --publish: [[IP:][HOST]:]CONTAINER[/udp], either a port or a range; one entry for each port.
[[nodiscard]] std::vector<plan::PublishedPort> parse_publish(std::string_view text);
[[nodiscard]] std::uint16_t parse_port(std::string_view text);

/// Reads --allow; gives the rule in its one spelling.
[[nodiscard]] std::string parse_allow(std::string_view text);

/// Reads --mac-address.
[[nodiscard]] std::string parse_hardware(std::string_view text);

/// Reads an address of one family.
[[nodiscard]] std::string parse_address_of(std::string_view text, bool ipv6);

/// Reads an id: a decimal number below 2^31, in its one spelling.
[[nodiscard]] std::uint32_t parse_id(std::string_view text);
[[nodiscard]] plan::IdRange parse_id_range(std::string_view text);
[[nodiscard]] plan::UserChoice parse_user(std::string_view text);
[[nodiscard]] std::string parse_group(std::string_view text);
[[nodiscard]] std::string parse_capability(std::string_view text);

/// Reads NAME=VALUE, or NAME, which is looked up in `environment`: nothing where it is not set there.
[[nodiscard]] std::optional<plan::Variable> parse_variable(std::string_view text,
                                                           const Environment& environment);

/// Reads the text of an --env-file: lines as parse_variable takes them, and comments.
[[nodiscard]] std::vector<plan::Variable> parse_variables(std::string_view text, std::string_view file,
                                                          const Environment& environment);

/// Reads limits of a container as a whole; -1 or 0 is plan::no_limit: a size of memory, a number of processes, a number of processors
/// in thousandths.
[[nodiscard]] std::uint64_t parse_memory(std::string_view text);
[[nodiscard]] std::uint64_t parse_count(std::string_view text);
[[nodiscard]] std::uint64_t parse_processors(std::string_view text);

/// Reads --cpuset-cpus: numbers and ranges, "0-3,5".
[[nodiscard]] std::string parse_cpuset(std::string_view text);

/// Reads --io-weight.
[[nodiscard]] std::uint64_t parse_weight(std::string_view text);

[[nodiscard]] plan::ResourceLimit parse_limit(std::string_view text);
[[nodiscard]] plan::HostEntry parse_host_entry(std::string_view text);
[[nodiscard]] std::string parse_address(std::string_view text);
[[nodiscard]] std::string parse_hostname(std::string_view text);
[[nodiscard]] std::string parse_name(std::string_view text);
[[nodiscard]] std::uint64_t parse_bytes(std::string_view text);

/// Reads --shell; tells whether it is snug's own.
[[nodiscard]] bool parse_shell(std::string_view text);

/// Reads --label and a label's file: NAME[=VALUE].
[[nodiscard]] std::pair<std::string, std::string> parse_label(std::string_view text);

/// Reads a signal; gives it as it was typed.
[[nodiscard]] std::string parse_stop_signal(std::string_view text);

/// Reads whole seconds.
[[nodiscard]] unsigned parse_seconds(std::string_view text);

/// Reads --restart: no, on-failure[:N], always, unless-stopped.
[[nodiscard]] plan::Restart parse_restart(std::string_view text);

/// Takes one --log-opt, KEY=VALUE: max-size, max-file.
void add_log_option(plan::LogChoice& log, std::string_view text);

/// Reads --log-driver; tells whether the log is kept.
[[nodiscard]] bool parse_log_driver(std::string_view text);

/// Reads --pull.
[[nodiscard]] plan::Pull parse_pull(std::string_view text);
[[nodiscard]] plan::RootEmulation parse_emulation(std::string_view text);

/// Reads --storage-driver.
[[nodiscard]] plan::StorageDriver parse_storage(std::string_view text);

/// Reads --platform: OS/ARCH[/VARIANT], or ARCH.
[[nodiscard]] std::string parse_platform(std::string_view text);

/// Reads WALL[,WALL].
[[nodiscard]] std::vector<std::string> parse_walls(std::string_view text);

}  // namespace snug::commands
