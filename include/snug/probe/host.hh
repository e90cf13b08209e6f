#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "snug/plan/host_facts.hh"
#include "snug/plan/plan.hh"
#include "snug/plan/spec.hh"

namespace snug::probe {

/// What of the caller's environment the facts depend on; empty where a variable is not set.
struct CallerEnvironment {
  std::string home, pwd, term, xdg_data_home;
  std::vector<std::string> terminfo = {};  ///< folders of $TERMINFO and $TERMINFO_DIRS
  /// Gives the folder that is to stand in for the data folder where overlays cannot write in that, with $USER and $UID in it; empty: below
  /// /var/tmp. Only asked where it matters.
  std::function<std::string()> data_local = {};
};

/// Reads what make_plan needs to know for `spec`, and no more: it is on the way of every start. Runs in the monitor,
/// in the host's namespaces. Throws where the root file system or a source of a volume is not what it has to be,
/// and where the root's own files are not plain small files.
/// Of an archive or an image it reads nothing: see read_unpacked and read_image.
[[nodiscard]] plan::HostFacts host_facts(const plan::Spec& spec, const CallerEnvironment& environment);

/// Gives the folder that snug keeps its data in, which may not be there yet: $XDG_DATA_HOME/snug, or ~/.local/share/snug; or the folder of
/// this machine that stands in for that, which is made.
[[nodiscard]] std::string find_store(const CallerEnvironment& environment);

/// Finds a program that snug is made of, by its name: beside this one, or in libexec. Empty where it is not installed.
[[nodiscard]] std::string find_own_program(std::string_view name);

/// Whether the layer of an image at this path, its root, is to be the lowest that is mounted: it hides all below it, and for the
/// root of an overlay the kernel does not look. Throws.
[[nodiscard]] bool hides_lower_layers(const std::string& layer);

/// Reads what the image whose layers `spec` names says of itself into `facts`. Throws as host_facts does.
void read_image(plan::HostFacts& facts, const plan::Spec& spec);

/// Reads what the root file system that was unpacked into `folder` says of itself into `facts`. Throws as host_facts
/// does.
void read_unpacked(plan::HostFacts& facts, const plan::Spec& spec, const std::string& folder);

/// Reads what make_exec_plan needs to know, but for the root of the container. Throws as host_facts does.
[[nodiscard]] plan::HostFacts living_facts(const CallerEnvironment& environment);

/// The rest of it: `root` is that root, as it is now. It is only looked at by descriptors below it, and nothing in it, which its own processes may
/// change meanwhile, is trusted. Throws as host_facts does.
[[nodiscard]] plan::RootfsFacts living_rootfs_facts(const plan::Spec& visit, const plan::HostFacts& host, int root);

/// Finds the host's entry of terminfo for the caller's terminal; "" where it has none. Runs in the host's mount namespace: inside a
/// container the same paths would lead to what strangers wrote.
[[nodiscard]] std::string terminal_entry(const plan::HostFacts& host);

/// Whether layers, one at least, absolute paths, the topmost first, show nothing at `path` together. Looks at them as rootfs facts are looked at: by
/// descriptors below them. False where a folder on the way is closed to the caller. Throws where a layer is not there.
[[nodiscard]] bool is_missing(const std::vector<std::string>& layers, const std::string& path);

/// Reads the accounts of a container by its root: as living_rootfs_facts does.
[[nodiscard]] std::vector<plan::Account> living_accounts(int root);

/// Reads the namespaces' owners: the id maps of the process `pid`, which are everybody's to read, into `living`. Throws.
void read_id_maps(plan::Living& living, pid_t pid);

/// A network that this machine has a route to.
struct RoutedSubnet {
  Subnet subnet;
  bool direct = false;  ///< it lies right behind an interface
};

/// Lists those of IPv4 and IPv6, in all tables of routes, but for the default ones, also where these come in parts.
[[nodiscard]] std::vector<RoutedSubnet> routed_subnets();

}  // namespace snug::probe
