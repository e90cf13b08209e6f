#include "egress.hh"

#include "snug/plan/network.hh"

namespace snug::runtime {

std::vector<net::GateRule> gate_rules(const std::vector<std::string>& rules) {
  std::vector<net::GateRule> all;
  for (const std::string& text : rules)
    if (const auto rule = plan::find_rule(text))
      all.push_back({.name = rule->name, .network = sys::read_address(rule->address.c_str()), .prefix = rule->prefix, .port = rule->port});
  return all;
}

std::vector<sys::NetAddress> read_addresses(const std::vector<std::string>& addresses) {
  std::vector<sys::NetAddress> all;
  for (const std::string& address : addresses) all.push_back(sys::read_address(address.c_str()));
  return all;
}

}  // namespace snug::runtime
