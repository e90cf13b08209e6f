#include <algorithm>
#include <array>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/image/document.hh"

namespace snug::image {
namespace {

// uname's words and Go's.
std::string go_word(std::string_view text) {
  if (text == "x86_64" || text == "x86-64") return "amd64";
  if (text == "aarch64") return "arm64";
  if (text == "i386" || text == "i686") return "386";
  if (text == "armhf") return "arm";
  return std::string(text);
}

// Those that images are made for: a word alone may be one of them, or an architecture.
bool is_system(std::string_view word) {
  constexpr std::array systems{"linux", "windows", "darwin", "freebsd", "netbsd", "openbsd", "solaris", "wasip1"};
  return std::find(systems.begin(), systems.end(), word) != systems.end();
}

// The number of a variant of ARM's with 32 bits: "v7".
int arm_level(std::string_view variant) { return variant.size() == 2 && variant[0] == 'v' && variant[1] > '0' && variant[1] <= '9' ? variant[1] - '0' : 0; }

// It runs what was made for an older one of it, the nearest best. Where nothing was asked for, that is v7 as everywhere.
int arm_fitness(std::string_view there, std::string_view wanted) {
  constexpr int unknown = 2;
  if (there == wanted) return unknown + 10;
  const int level = arm_level(there);
  if (there.empty() || (level > 0 && level <= arm_level(wanted.empty() ? "v7" : wanted))) return unknown + level;
  return wanted.empty() ? 1 : 0;
}

// How well an image serves, the more the better; 0: not at all. arm64 is v8 where nothing is said.
int fitness(const Platform& there, const Platform& wanted) {
  if (there.os != wanted.os || there.architecture != wanted.architecture) return 0;
  if (there.architecture == "arm") return arm_fitness(there.variant, wanted.variant);
  const auto variant = [](const Platform& any) { return any.architecture == "arm64" && any.variant.empty() ? "v8" : any.variant; };
  if (variant(there) == variant(wanted)) return 3;
  if (variant(there).empty()) return 2;
  return wanted.variant.empty() && there.architecture != "amd64" ? 1 : 0;
}

}  // namespace

Platform own_platform() {
#if defined(__x86_64__)
  return {.architecture = "amd64"};
#elif defined(__aarch64__)
  return {.architecture = "arm64", .variant = "v8"};
#elif defined(__riscv) && __riscv_xlen == 64
  return {.architecture = "riscv64"};
#elif defined(__powerpc64__) && defined(__LITTLE_ENDIAN__)
  return {.architecture = "ppc64le"};
#elif defined(__s390x__)
  return {.architecture = "s390x"};
#else
#error "which platform this is for Go and its images has to be said here"
#endif
}

Platform parse_platform(std::string_view text) {
  const std::vector<std::string> parts = split(text, '/');
  const bool good = parts.size() <= 3 && std::all_of(parts.begin(), parts.end(), [](const std::string& part) {
    return !part.empty() && part.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-.") == std::string::npos;
  });
  if (!good) throw UsageError(format("{} is no platform", quoted(text)), "write OS/ARCHITECTURE[/VARIANT]: linux/amd64");
  if (parts.size() == 1 && is_system(parts[0])) return {.os = parts[0], .architecture = own_platform().architecture, .variant = own_platform().variant};
  if (parts.size() == 1) return {.architecture = go_word(parts[0])};
  return {parts[0], go_word(parts[1]), parts.size() == 3 ? parts[2] : ""};
}

std::string render_platform(const Platform& platform) {
  return format("{}/{}{}{}", platform.os, platform.architecture, platform.variant.empty() ? "" : "/", platform.variant);
}

bool serves(const Platform& there, const Platform& wanted) { return fitness(there, wanted) > 0; }

const Descriptor& choose_platform(const Index& index, const Platform& wanted) {
  const Descriptor* best = nullptr;
  int most = 0;
  std::string there;
  for (const Descriptor& descriptor : index.manifests) {
    // Attestations call themselves unknown/unknown: they are no images.
    if (!descriptor.platform || descriptor.platform->architecture == "unknown" || !is_manifest_kind(descriptor)) continue;
    const int fits = fitness(*descriptor.platform, wanted);
    if (fits > most) best = &descriptor;
    most = std::max(most, fits);
    there += format("{}{}", there.empty() ? "" : ", ", printable(render_platform(*descriptor.platform)));
  }
  if (!best && index.manifests.size() == 1 && !index.manifests[0].platform) best = &index.manifests[0];
  if (best) return check_manifest_kind(*best), *best;
  throw Error(format("there is no image for {} in it", render_platform(wanted)),
              there.empty() ? "" : format("--platform takes one of these: {}", there));
}

}  // namespace snug::image
