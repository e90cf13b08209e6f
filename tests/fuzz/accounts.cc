#include <cstdint>
#include <cstdlib>
#include <limits>
#include <string>
#include <string_view>

#include "parse.hh"

// Of an image's passwd and group, and of the machine's subuid, odd lines are passed over, and no field of the others is more than it may be.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace probe = snug::probe;
  constexpr std::uint64_t end = std::numeric_limits<std::uint32_t>::max();
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto is_field = [](std::string_view field) { return field.find_first_of(std::string_view(":\n\0", 3)) == std::string_view::npos; };
  for (const auto& each : probe::parse_passwd(text)) {
    if (each.name.empty() || each.uid >= end || each.gid >= end) std::abort();
    for (const std::string_view field : {std::string_view(each.name), std::string_view(each.home), std::string_view(each.shell)})
      if (!is_field(field)) std::abort();
  }
  for (const auto& each : probe::parse_group(text)) {
    if (each.name.empty() || !is_field(each.name) || each.gid >= end) std::abort();
    for (const std::string& member : each.members)
      if (!is_field(member) || member.find(',') != std::string::npos) std::abort();
  }
  for (const auto& each : probe::parse_sub_ids(text, "me", {1000}))
    if (each.count == 0 || each.first.value + std::uint64_t{each.count} > end) std::abort();
  for (const auto& each : probe::parse_getsubids(text, "me"))
    if (each.count == 0 || each.first.value + std::uint64_t{each.count} > end) std::abort();
  if (probe::next_sub_id(text) < 100000) std::abort();
  static_cast<void>(probe::sub_id_service(text));
  static_cast<void>(probe::parse_id_map(text));
  static_cast<void>(probe::find_covered(probe::parse_mountinfo(text)));
  static_cast<void>(probe::find_hidden(probe::parse_seen_mounts(text)));
  return 0;
}
