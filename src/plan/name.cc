#include <algorithm>
#include <csignal>

#include "snug/base/signals.hh"
#include "snug/plan/spec.hh"

namespace snug::plan {
namespace {

constexpr std::size_t longest = 40;  // leaves room for a number behind it, and for the prompt that shows it

bool is_letter(char each) { return (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') || (each >= '0' && each <= '9'); }

// Without what only tells versions and formats apart.
std::string_view shortened(std::string_view text) {
  text = text.substr(0, text.find('@'));
  while (text.ends_with('/') || text.ends_with('.')) text.remove_suffix(1);
  const std::size_t colon = text.rfind(':');
  if (colon != std::string_view::npos && text.find('/', colon) == std::string_view::npos) text = text.substr(0, colon);
  text = text.substr(text.rfind('/') + 1);
  const std::size_t archive = std::min(text.find(".tar"), text.ends_with(".tgz") ? text.size() - 4 : text.size());
  return archive == 0 ? text : text.substr(0, archive);
}

}  // namespace

std::string usual_name(const Rootfs& rootfs) {
  if (rootfs.kind == Rootfs::Kind::host) return "snug";
  std::string name;
  for (const char each : shortened(rootfs.path.empty() ? rootfs.given : rootfs.path))
    if (is_letter(each) || (!name.empty() && (each == '-' || each == '.' || each == '_'))) name += each;
  name.resize(std::min(name.size(), longest));
  return name.empty() ? "snug" : name;
}

int stop_signal(const Spec& spec) {
  if (spec.stop_signal)
    if (const auto signal = parse_signal(*spec.stop_signal)) return *signal;
  return parse_signal(spec.notes.stop_signal).value_or(SIGTERM);
}

std::string own_hostname(const Spec& spec) { return spec.hostname.value_or(spec.name.value_or("snug")); }

}  // namespace snug::plan
