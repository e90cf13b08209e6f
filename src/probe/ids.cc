#include <cerrno>

#include "examination.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/idmap.hh"
#include "snug/sys/process.hh"

namespace snug::probe {
namespace {

using Verdict = Finding::Verdict;

std::string ranges_text(const std::vector<plan::SubIdRange>& ranges) {
  std::string text;
  for (const plan::SubIdRange& range : ranges)
    text += format("{}{}-{}", text.empty() ? "" : ", ", range.first.value, range.first.value + (range.count - 1));
  return text;
}

// The last id of a map, as the container counts it: with a range it is a sub-id.
std::uint32_t last_id(const std::vector<plan::IdRange>& map) {
  return map.back().inside.value + (map.back().count - 1);
}

// Runs as root of the new user namespace.
int take_sub_id(const plan::WriteIdMaps& maps) {
  const std::uint32_t uid = last_id(maps.uids), gid = last_id(maps.gids);
  if (const int error = sys::become(uid, gid, nullptr, 0)) return error;
  return ::geteuid() == uid && ::getegid() == gid ? 0 : EINVAL;
}

void try_ranges(Examination& examination, Finding finding, const plan::WriteIdMaps& maps) {
  const plan::HostFacts& host = examination.host;
  const sys::MappedEnd end =
      sys::run_mapped({plan::map_words(maps.newuidmap, maps.uids), plan::map_words(maps.newgidmap, maps.gids)},
                      [&] { return take_sub_id(maps); });
  finding.needed = true;  // there is one, so a start takes it
  if (end.maps.how == sys::MapsEnd::How::written) {
    finding.detail = format("uids {}, gids {}", ranges_text(host.subuids), ranges_text(host.subgids));
    return examination.add(std::move(finding), plan::BecomeUser{}, end.code < 0 ? EINTR : end.code);
  }
  finding.verdict = Verdict::missing;
  finding.detail = printable(end.maps.words);
  if (end.maps.how == sys::MapsEnd::How::not_asked) return examination.add(std::move(finding));
  const plan::Explanation explanation = plan::explain_failure(maps, EPERM, host, examination.refusal);
  finding.detail += "; " + explanation.cause;
  finding.you_can = explanation.you_can;
  finding.ask = explanation.ask;
  examination.add(std::move(finding));
}

}  // namespace

void examine_ids(Examination& examination) {
  Finding finding{.name = "range of ids", .purpose = "more users than root inside"};
  const auto* maps = examination.plan ? examination.plan->find<plan::WriteIdMaps>() : nullptr;
  if (maps && !maps->newuidmap.empty()) return try_ranges(examination, std::move(finding), *maps);
  const auto missing = plan::find_missing_ranges(examination.host);
  if (!missing) return;  // no plan, and that was told
  finding.verdict = Verdict::missing;
  finding.detail = missing->cause + ": only one id is mapped";
  finding.you_can = missing->you_can;
  finding.ask = missing->ask;
  examination.add(std::move(finding));
}

}  // namespace snug::probe
