#include "helpers.hh"

#include <cerrno>

#include "snug/sys/process.hh"

namespace snug::runtime {

sys::MapHelpers map_helpers(const plan::WriteIdMaps& step) {
  return {plan::map_words(step.newuidmap, step.uids), plan::map_words(step.newgidmap, step.gids)};
}

int become_root() noexcept {
  constexpr gid_t none = 0;
  int error = sys::become(0, 0, &none, 0);
  if (error == EPERM) error = sys::become(0, 0, nullptr, 0);
  return error == EINVAL ? 0 : error;
}

}  // namespace snug::runtime
