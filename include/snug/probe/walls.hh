#pragma once

#include <string>
#include <vector>

#include "snug/plan/host_facts.hh"

namespace snug::probe {

/// What one wall or helper is worth on this machine.
struct Finding {
  enum class Verdict { works, missing, informs };  ///< `informs`: neither good nor bad, but good to know
  std::string name;
  std::string purpose;  ///< what a container has of it
  Verdict verdict = Verdict::works;
  bool needed = false;  ///< without it no container starts with the default walls
  std::string detail;   ///< what was seen; the cause where it does not work
  std::string you_can;  ///< the remedy in the caller's own hands
  std::string ask;      ///< the line for an administrator, ready to paste
};

/// Tries each wall in a throw-away child process of its own, and looks at the helpers. `facts` are those of a default
/// start. Leaves nothing behind: the children live in namespaces of their own and are killed when they take too long,
/// and the folder in which an overlay is tried is removed again. snug-doctor(1).
[[nodiscard]] std::vector<Finding> examine(const plan::HostFacts& facts);

}  // namespace snug::probe
