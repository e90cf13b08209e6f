#include "snug/base/reserved.hh"

namespace snug {

const Reserved* find_reserved(const Subnet& subnet) {
  static constexpr std::array all = std::to_array<Reserved>({
      {"0.0.0.0/8", "'this network'"}, {"127.0.0.0/8", "the loopback"}, {"169.254.0.0/16", "one link"}, {"224.0.0.0/4", "groups"}, {"240.0.0.0/4", "nobody"},
      {"::/8", "the loopback and IPv4"}, {"fe80::/10", "one link"}, {"ff00::/8", "groups"},
  });
  for (const Reserved& each : all)
    if (overlap(*parse_subnet(each.subnet), subnet)) return &each;
  return nullptr;
}

}  // namespace snug
