#include "helpers.hh"

namespace snug::runtime {

sys::MapHelpers map_helpers(const plan::WriteIdMaps& step) {
  return {plan::map_words(step.newuidmap, step.uids), plan::map_words(step.newgidmap, step.gids)};
}

}  // namespace snug::runtime
