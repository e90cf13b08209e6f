#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "snug/plan/hints.hh"
#include "snug/probe/walls.hh"
#include "trial.hh"

namespace snug::probe {

/// What the parts of the doctor's examination share: what is known beforehand, and what they found.
class Examination {
 public:
  explicit Examination(const plan::HostFacts& host);

  const plan::HostFacts& host;
  plan::RefusalFacts refusal;
  std::optional<plan::Plan> plan;  ///< what a default start does; nothing where it is refused
  Caller caller;
  std::vector<Finding> findings;

  void add(Finding finding) { findings.push_back(std::move(finding)); }

  /// Adds what came out of a trial of `action`: it works, or the cause and the remedies of `error`.
  void add(Finding finding, const plan::Action& action, int error);
};

// The parts, in the order in which they are printed.
void examine_namespaces(Examination& examination);  // walls.cc
void examine_mounts(Examination& examination);      // walls.cc
void examine_storage(Examination& examination);     // storage.cc
void examine_ids(Examination& examination);         // ids.cc
void examine_nesting(Examination& examination);     // restraints.cc
void examine_restraints(Examination& examination);  // restraints.cc
void examine_limits(Examination& examination);      // restraints.cc
void examine_helpers(Examination& examination);     // helpers.cc

}  // namespace snug::probe
