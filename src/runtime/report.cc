#include "report.hh"

#include <variant>

namespace snug::runtime {

bool fits(const Report& report, const plan::Plan& plan) noexcept {
  if (report.step >= plan.steps.size()) return false;
  const plan::Action& action = plan.steps[report.step].action;
  switch (report.kind) {
    case Report::done:
    case Report::failed: return true;
    case Report::namespaces: return std::holds_alternative<plan::KeepNamespaces>(action);
    case Report::server: return std::holds_alternative<plan::MakeOverlay>(action);
    case Report::interface: return std::holds_alternative<plan::MakeInterface>(action);
    case Report::wall: return std::holds_alternative<plan::RestrictEgress>(action);
    case Report::line: return std::holds_alternative<plan::ServeNames>(action);
    case Report::listener: return std::holds_alternative<plan::RememberOwners>(action);
  }
  return false;
}

}  // namespace snug::runtime
