#include "container.hh"

#include <tuple>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/environment.hh"
#include "snug/probe/host.hh"
#include "trees.hh"

namespace snug::image_commands {

Container find_container(const cli::Invocation& invocation, const std::string& typed) {
  const probe::CallerEnvironment environment = commands::caller_environment(invocation.environment);
  Container container{.record = state::find_record(probe::find_store(environment), typed), .spec = {}, .facts = {}};
  auto& map = container.spec.id_map;
  std::tie(map.uids, map.gids) = parse_map(container.record.map);
  if (map.uids.empty() || map.gids.empty()) throw Error(format("the record of {} names no id map", quoted(typed)));
  const bool one_id = map.uids.size() == 1 && map.uids[0].count == 1;
  map.mode = one_id ? plan::IdMapChoice::Mode::single : plan::IdMapChoice::Mode::ranges;
  container.spec.rootfs.kind = plan::Rootfs::Kind::archive;
  container.facts = probe::host_facts(container.spec, environment);
  return container;
}

}  // namespace snug::image_commands
