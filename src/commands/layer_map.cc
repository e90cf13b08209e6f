#include "snug/commands/layer_map.hh"

#include "snug/image/store.hh"
#include "snug/plan/plan.hh"

namespace snug::commands {

std::string layer_map(const plan::WriteIdMaps& maps) {
  return image::Store::map_name(plan::map_lines(maps.uids), plan::map_lines(maps.gids));
}

}  // namespace snug::commands
