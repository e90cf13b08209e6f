#include "snug/runtime/mapped.hh"

#include "helpers.hh"

namespace snug::runtime {

bool run_mapped(const plan::WriteIdMaps& maps, const std::function<bool()>& work) {
  return !maps.newuidmap.empty() && sys::run_mapped(map_helpers(maps), [&] { return work() ? 0 : 1; }).code == 0;
}

}  // namespace snug::runtime
