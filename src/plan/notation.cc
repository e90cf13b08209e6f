#include "snug/plan/notation.hh"

#include <sched.h>

#include <array>
#include <span>
#include <utility>

#include "snug/base/text.hh"
#include "snug/plan/step.hh"

namespace snug::plan {
namespace {

using Named = std::pair<std::uint64_t, const char*>;

std::string flag_names(std::uint64_t flags, std::span<const Named> names) {
  std::string joined;
  for (const auto& [flag, name] : names)
    if (flags & flag) joined += (joined.empty() ? "" : "|") + std::string(name);
  return joined;
}

}  // namespace

std::string c_quoted(std::string_view text) {
  std::string escaped;
  for (const char byte : text) {
    if (byte == '"' || byte == '\\') escaped += '\\';
    escaped += byte;
  }
  return '"' + printable(escaped) + '"';
}

std::string clone_flags(std::uint64_t flags) {
  static constexpr std::array<Named, 8> names{{{CLONE_NEWUSER, "CLONE_NEWUSER"}, {CLONE_NEWNS, "CLONE_NEWNS"}, {CLONE_NEWPID, "CLONE_NEWPID"},
                                               {CLONE_NEWNET, "CLONE_NEWNET"}, {CLONE_NEWUTS, "CLONE_NEWUTS"}, {CLONE_NEWIPC, "CLONE_NEWIPC"},
                                               {CLONE_NEWCGROUP, "CLONE_NEWCGROUP"}, {0x80, "CLONE_NEWTIME"}}};
  return flag_names(flags, names);
}

std::string mount_attributes(std::uint64_t attributes) {
  static constexpr std::array<Named, 4> names{{{1, "MOUNT_ATTR_RDONLY"}, {2, "MOUNT_ATTR_NOSUID"}, {4, "MOUNT_ATTR_NODEV"}, {8, "MOUNT_ATTR_NOEXEC"}}};
  const std::string text = flag_names(attributes, names);
  const std::uint64_t others = attributes & ~std::uint64_t{15};
  if (others) return format("{}{}{:#x}", text, text.empty() ? "" : "|", others);
  return text.empty() ? "0" : text;
}

std::string capability_set(const std::vector<int>& numbers) {
  std::string joined;
  for (const int number : numbers) joined += (joined.empty() ? "CAP_" : "|CAP_") + capital(describe_capability(number));
  return joined.empty() ? "0" : joined;
}

std::string limit_text(std::uint64_t value) { return value == ~std::uint64_t{0} ? "RLIM_INFINITY" : format("{}", value); }

std::string capital(std::string_view name) {
  std::string capitals(name);
  for (char& letter : capitals)
    if (letter >= 'a' && letter <= 'z') letter = static_cast<char>(letter - 'a' + 'A');
  return capitals;
}

}  // namespace snug::plan
