// Steps that make the network of the container's own, while the host's /dev and /proc are still there.

#include <fcntl.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>

#include "child.hh"
#include "snug/net/gate.hh"
#include "snug/sys/file.hh"
#include "snug/sys/network.hh"
#include "snug/sys/process.hh"

namespace snug::runtime {

int apply(Context& context, const plan::MakeInterface& step, Report& report) noexcept {
  sys::Fd tap;
  if (const int error = sys::make_tap(step.name.c_str(), tap)) return error;
  if (const int error = sys::set_link(step.name.c_str(), step.hardware, step.mtu)) return error;
  report.kind = Report::interface;
  const int fd = tap.get();
  const int error = sys::send_message(context.report, {reinterpret_cast<const char*>(&report), sizeof report}, {&fd, 1});
  report.kind = Report::done;
  return error;
}

int apply(Context&, const plan::TuneNetwork& step, Report&) noexcept {
  constexpr std::string_view folder = "/proc/sys/net/";
  char path[PATH_MAX];
  folder.copy(path, folder.size());
  for (const auto& [name, value] : step.settings) {
    if (folder.size() + name.size() >= sizeof path) return ENAMETOOLONG;
    std::memcpy(path + folder.size(), name.c_str(), name.size() + 1);
    static_cast<void>(sys::write_file(AT_FDCWD, path, value));
  }
  return 0;
}

int apply(Context&, const plan::ConfigureInterface& step, Report&) noexcept {
  const char* name = step.name.c_str();
  for (const auto& way : step.ways)
    if (const int error = sys::add_address(name, sys::read_address(way.address.c_str()), way.prefix)) return error;
  if (const int error = sys::bring_up(name)) return error;
  for (const auto& network : step.held)
    if (const int error = sys::add_local_route(name, sys::read_address(network.address.c_str()), network.prefix)) return error;
  for (const auto& way : step.ways)
    if (const int error = sys::add_default_route(name, sys::read_address(way.gateway.c_str()))) return error;
  return 0;
}

int apply(Context& context, const plan::RestrictEgress&, Report& report) noexcept {
  net::GateSockets opened;
  if (const int error = net::raise_wall(context.wall, context.name_servers, opened)) return error;
  std::array<int, net::most_gate_sockets> numbers;
  for (std::size_t at = 0; at < opened.count; ++at) numbers[at] = opened.sockets[at].get();
  report.kind = Report::gate;
  const int error = sys::send_message(context.report, {reinterpret_cast<const char*>(&report), sizeof report}, {numbers.data(), opened.count});
  report.kind = Report::done;
  return error;
}

}  // namespace snug::runtime
