#include "container.hh"

#include <fcntl.h>

#include <tuple>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/environment.hh"
#include "snug/commands/layers.hh"
#include "snug/commands/trees.hh"
#include "snug/config/spec.hh"
#include "snug/probe/host.hh"
#include "snug/sys/file.hh"

namespace snug::image_commands {

bool Container::has_written() const noexcept { return sys::find_status(AT_FDCWD, record.upper.c_str()).has_value(); }

Container find_container(const cli::Invocation& invocation, const std::string& typed) {
  const probe::CallerEnvironment environment = commands::caller_environment(invocation.environment);
  const std::string store = probe::find_store(environment);
  Container container{.record = state::find_record(store, typed), .spec = {}, .made_with = {}, .facts = {}, .held = {}};
  if (container.record.upper.empty() && container.record.image == "host")
    throw Error(format("the container {} is on this machine's own root, of which it has only what it changed", quoted(container.record.name)), "'snug diff' lists that, and 'snug cp' copies it");
  if (container.record.upper.empty())
    throw Error(format("what the container {} writes is not kept on the disk", quoted(container.record.name)), "'snug cp' copies files out of it while it runs");
  container.held.push_back(state::hold_files(store, container.record));
  if (!container.record.manifest.empty())
    for (sys::Fd& layer : commands::hold_layers(container.record.lowers)) container.held.push_back(std::move(layer));
  auto& map = container.spec.id_map;
  std::tie(map.uids, map.gids) = commands::parse_map(container.record.map);
  if (map.uids.empty() || map.gids.empty()) throw Error(format("the record of {} names no id map", quoted(typed)));
  const bool one_id = map.uids.size() == 1 && map.uids[0].count == 1;
  map.mode = one_id ? plan::IdMapChoice::Mode::single : plan::IdMapChoice::Mode::ranges;
  container.spec.rootfs.kind = plan::Rootfs::Kind::archive;
  container.made_with = config::parse_spec(*container.record.spec);
  container.spec.storage = container.made_with.storage;
  container.spec.own_folders = container.made_with.own_folders;
  container.facts = probe::host_facts(container.spec, environment);
  return container;
}

}  // namespace snug::image_commands
