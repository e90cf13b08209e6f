// Steps that make the network of the container's own, while the host's /dev and /proc are still there.

#include <fcntl.h>

#include <array>
#include <cerrno>
#include <climits>
#include <cstring>
#include <span>

#include "child.hh"
#include "snug/net/gate.hh"
#include "snug/sys/file.hh"
#include "snug/sys/network.hh"
#include "snug/sys/process.hh"

namespace snug::runtime {
namespace {

int hand_over(const Context& context, Report::Kind kind, std::span<const int> descriptors, Report& report) noexcept {
  report.kind = kind;
  const int error = sys::send_message(context.report, {reinterpret_cast<const char*>(&report), sizeof report}, descriptors);
  report.kind = Report::done;
  return error;
}

}  // namespace

int apply(Context& context, const plan::MakeInterface& step, Report& report) noexcept {
  sys::Fd tap;
  if (const int error = sys::make_tap(step.name.c_str(), tap)) return error;
  if (const int error = sys::set_link(step.name.c_str(), step.hardware, step.mtu)) return error;
  const int fd = tap.get();
  return hand_over(context, Report::interface, {&fd, 1}, report);
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
  net::WallSockets opened;
  if (const int error = net::raise_wall(context.wall, opened)) return error;
  return hand_over(context, Report::wall, std::array{opened[0].get(), opened[1].get()}, report);
}

int apply(Context& context, const plan::ServeNames&, Report& report) noexcept {
  sys::Fd line;
  if (const int error = net::lay_line(context.name_servers, line)) return error;
  const int fd = line.get();
  return hand_over(context, Report::line, {&fd, 1}, report);
}

}  // namespace snug::runtime
