#include "snug/commands/trees.hh"

#include <sys/mman.h>

#include <algorithm>
#include <optional>
#include <tuple>
#include <vector>

#include "snug/base/text.hh"
#include "snug/commands/environment.hh"
#include "snug/runtime/cgroup.hh"
#include "snug/runtime/mapped.hh"
#include "snug/state/container_folder.hh"
#include "snug/state/record.hh"
#include "snug/state/tree_size.hh"

namespace snug::commands {
namespace {

// "0-1000-1+1-100000-65536"; empty where it is nothing like that.
std::vector<plan::IdRange> ranges_of(const std::string& text) {
  std::vector<plan::IdRange> ranges;
  for (const std::string& part : split(text, '+')) {
    const std::vector<std::string> words = split(part, '-');
    std::vector<std::uint32_t> numbers;
    for (const std::string& word : words)
      if (const auto number = parse_number(word); number && *number <= UINT32_MAX) numbers.push_back(static_cast<std::uint32_t>(*number));
    if (words.size() != 3 || numbers.size() != 3) return {};
    ranges.push_back({{numbers[0]}, {numbers[1]}, numbers[2]});
  }
  return ranges;
}

// Root inside is the caller, and all sub-ids follow.
std::vector<plan::IdRange> widest(HostId own, const std::vector<plan::SubIdRange>& ranges) {
  std::vector<plan::IdRange> map{{{0}, own, 1}};
  std::uint32_t next = 1;
  for (const plan::SubIdRange& range : ranges) {
    map.push_back({{next}, range.first, range.count});
    next += range.count;
  }
  return map;
}

}  // namespace

std::pair<std::vector<plan::IdRange>, std::vector<plan::IdRange>> parse_map(const std::string& map) {
  const std::size_t groups = map.find('_');
  std::vector<plan::IdRange> uids = ranges_of(map.substr(0, groups));
  return {uids, groups == std::string::npos ? uids : ranges_of(map.substr(groups + 1))};
}

Trees::Trees(const Environment& environment) {
  const plan::HostFacts facts = probe::host_facts({.rootfs = {.kind = plan::Rootfs::Kind::archive}}, caller_environment(environment));
  widest_ = {.uids = widest(facts.uid, facts.subuids), .gids = widest(facts.gid, facts.subgids), .newuidmap = facts.newuidmap, .newgidmap = facts.newgidmap};
}

bool Trees::run(const std::string& map, const std::function<bool()>& work) const {
  return work() || runtime::run_mapped(maps(map), work);
}

plan::WriteIdMaps Trees::maps(const std::string& map) const {
  plan::WriteIdMaps maps = widest_;
  if (!map.empty()) std::tie(maps.uids, maps.gids) = parse_map(map);
  return maps;
}

bool Trees::remove(const std::string& path, const std::string& map) const {
  return run(map, [&] { return state::remove_tree(path); });
}

std::optional<state::TreeSize> Trees::measure(const std::string& path, const std::string& map) const {
  // Who measures may be another process.
  void* shared = ::mmap(nullptr, sizeof(state::TreeSize), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED) return {};
  auto* size = static_cast<state::TreeSize*>(shared);
  const bool known = run(map, [&] {
    const std::optional<state::TreeSize> measured = state::tree_size(path);
    *size = measured.value_or(state::TreeSize());
    return measured.has_value();
  });
  const state::TreeSize result = *size;
  ::munmap(shared, sizeof(state::TreeSize));
  return known ? std::optional(result) : std::nullopt;
}

std::uint64_t Trees::size(const std::string& path, const std::string& map) const { return measure(path, map).value_or(state::TreeSize()).bytes; }

bool remove_container(const std::string& path, sys::Fd alone, const std::function<bool()>& remove) {
  state::drop_record(path);
  alone.reset();  // of a file that is open NFS keeps a name
  if (const std::string cgroup = state::cgroup_in(path); !cgroup.empty()) runtime::remove_dead_cgroup(cgroup);
  return remove();
}

}  // namespace snug::commands
