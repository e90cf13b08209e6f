#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "commands.hh"
#include "snug/commands/output.hh"
#include "planning.hh"
#include "snug/base/text.hh"
#include "snug/probe/walls.hh"

namespace snug::commands {
namespace {

using probe::Finding;

constexpr std::array options{
    cli::Option{.name = "json", .help = "print JSON"},
};

std::string_view word_for(const Finding& finding) {
  switch (finding.verdict) {
    case Finding::Verdict::works: return "works";
    case Finding::Verdict::missing: return finding.needed ? "DOES NOT" : "does not";
    case Finding::Verdict::informs: return "note";
  }
  return "";
}

// In one cell what works, in a line of its own what does not.
std::string text_for(const Finding& finding) {
  if (finding.verdict == Finding::Verdict::missing || finding.detail.empty()) return finding.purpose;
  return finding.purpose.empty() ? finding.detail : format("{} ({})", finding.purpose, finding.detail);
}

std::string render(const std::vector<Finding>& findings) {
  std::vector<std::vector<std::string>> rows;
  for (const Finding& finding : findings) {
    rows.push_back({finding.name, std::string(word_for(finding)), printable(text_for(finding))});
    if (finding.verdict == Finding::Verdict::missing) rows.push_back({"", "", "because: " + printable(finding.detail)});
    if (!finding.you_can.empty()) rows.push_back({"", "", "you can: " + printable(finding.you_can)});
    if (!finding.ask.empty()) rows.push_back({"", "", "ask an administrator: " + printable(finding.ask)});
  }
  return render_columns(rows);
}

std::string render_json(const std::vector<Finding>& findings) {
  auto out = nlohmann::ordered_json::array();
  for (const Finding& finding : findings)
    out.push_back({{"name", finding.name},
                   {"purpose", finding.purpose},
                   {"works", finding.verdict != Finding::Verdict::missing},
                   {"note", finding.verdict == Finding::Verdict::informs},
                   {"needed", finding.needed},
                   {"detail", finding.detail},
                   {"you_can", finding.you_can},
                   {"ask", finding.ask}});
  return out.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

int examine(const cli::Invocation& invocation) {
  const auto findings = probe::examine(probe::host_facts({}, caller_environment(invocation.environment)));
  print(invocation.arguments.flag("json") ? render_json(findings) : render(findings));
  const bool starts = std::none_of(findings.begin(), findings.end(), [](const Finding& finding) {
    return finding.needed && finding.verdict == Finding::Verdict::missing;
  });
  if (!starts) say("snug: no container can start here with the default walls; see the lines with DOES NOT\n");
  return starts ? 0 : 1;
}

}  // namespace

constinit const cli::Command doctor_command{
    .name = "doctor",
    .summary = "try each wall and tell what this machine can do",
    .description = "Raises each wall for real, in a throw-away process, and tells what works, what does not, why, what\n"
                   "you can do about it and what to ask an administrator for. Exit code 1: no container can start.",
    .options = options,
    .function = examine};

}  // namespace snug::commands
