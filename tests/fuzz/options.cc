#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

#include "snug/base/error.hh"
#include "values.hh"

namespace {

namespace commands = snug::commands;
namespace plan = snug::plan;

template <typename Read>
void attempt(Read read) {
  try {
    read();
  } catch (const snug::Error&) {
  }
}

void require(bool condition) {
  if (!condition) std::abort();
}

// Absolute, and nothing in it goes up or stays.
bool is_clean(std::string_view path) {
  const std::string whole = std::string(path) + "/";
  return path.starts_with('/') && (path == "/" || (whole.find("//") == std::string::npos && whole.find("/./") == std::string::npos && whole.find("/../") == std::string::npos));
}

void check_volume(const plan::Volume& volume) {
  if (const auto* bind = std::get_if<plan::BindVolume>(&volume)) require(is_clean(bind->source) && is_clean(bind->target) && bind->target != "/");
  if (const auto* tmpfs = std::get_if<plan::TmpfsVolume>(&volume)) require(is_clean(tmpfs->target) && tmpfs->target != "/" && tmpfs->mode.value_or(0) <= 01777);
}

}  // namespace

// What an option says, also in a project's file, ends in a message or in values that are what their types promise.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  attempt([&] { check_volume(commands::parse_volume(text, "/here")); });
  attempt([&] { check_volume(commands::parse_mount(text, "/here")); });
  attempt([&] { check_volume(commands::parse_tmpfs(text)); });
  attempt([&] {
    const plan::Device device = commands::parse_device(text);
    require(is_clean(device.source) && is_clean(device.target));
  });
  attempt([&] {
    const auto ports = commands::parse_publish(text);
    require(!ports.empty() && ports.size() < 65536);
    for (const plan::PublishedPort& each : ports) require(each.container != 0 && (each.host != 0 || ports[0].host == 0) && each.address == ports[0].address);
  });
  attempt([&] {
    const std::string rule = commands::parse_allow(text);
    require(commands::parse_allow(rule) == rule);
  });
  attempt([&] {
    const plan::IdRange range = commands::parse_id_range(text);
    require(range.count > 0 && range.inside.value + std::uint64_t{range.count} <= 1ULL << 31U && range.outside.value + std::uint64_t{range.count} <= 1ULL << 31U);
  });
  attempt([&] {
    const plan::UserChoice user = commands::parse_user(text);
    require(!user.user.empty() && user.user[0] != '-' && user.user.find_first_of(":/\n") == std::string::npos);
  });
  attempt([&] { require(commands::parse_name(text) == text && text.find_first_of("/\n") == std::string_view::npos && !text.starts_with('.')); });
  attempt([&] { static_cast<void>(commands::parse_rootfs(text, "/here")); });
  attempt([&] { static_cast<void>(commands::parse_userns(text, "/here")); });
  attempt([&] { static_cast<void>(commands::parse_network(text, "/here")); });
  attempt([&] { static_cast<void>(commands::parse_limit(text)); });
  attempt([&] { static_cast<void>(commands::parse_host_entry(text)); });
  attempt([&] { static_cast<void>(commands::parse_cpuset(text)); });
  attempt([&] { static_cast<void>(commands::parse_memory(text)); });
  attempt([&] { static_cast<void>(commands::parse_processors(text)); });
  attempt([&] { static_cast<void>(commands::parse_platform(text)); });
  attempt([&] { static_cast<void>(commands::parse_restart(text)); });
  return 0;
}
