#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "snug/base/template.hh"
#include "snug/cli/arguments.hh"
#include "snug/plan/spec.hh"
#include "snug/state/record.hh"

namespace snug::commands {

/// A container as `snug ps` and `snug inspect` know it.
struct Listed {
  state::Record record;
  state::State state;
  plan::Spec spec;
};

/// Reads how a container fares. The monitor of one whose pid 1 has ended is waited for, a second at most, to say how; where Ctrl-Z has
/// stopped it, it is woken for that.
[[nodiscard]] state::State settled_state(const std::string& store, const std::string& id);

/// Calls `visit` with each container, in no order and one at a time: many of them are more than fits where memory is quick. What cannot
/// be read is told on standard error, and left out.
void visit_containers(const std::string& store, const std::function<void(Listed)>& visit);

/// Lists all containers, the youngest first, as visit_containers does.
[[nodiscard]] std::vector<Listed> list_containers(const std::string& store);

/// Gives their names, quoted.
[[nodiscard]] std::vector<std::string> names_of(const std::vector<Listed>& containers);

/// Says how a container fares, as docker does: "Up 5 minutes", "Exited (0) 3 hours ago", "Created".
[[nodiscard]] std::string render_status(const state::State& state);

/// Whether it runs, and its cgroup is frozen.
[[nodiscard]] bool is_paused(const state::State& state);

/// The word for it: created, running, paused, exited, restarting.
[[nodiscard]] std::string_view phase_name(const state::State& state);

/// Gives the command as it would be typed; "" where the container has none.
[[nodiscard]] std::string render_command(const plan::Spec& spec);

/// Gives docker's fields for --format; ids and commands are cut unless `whole`.
[[nodiscard]] Fields fields_of(const Listed& container, bool whole);

/// The labels of image and container.
[[nodiscard]] std::map<std::string, std::string> labels_of(const plan::Spec& spec);

/// Gives labels as docker lists them: "name=value,name=value".
[[nodiscard]] std::string render_labels(const std::map<std::string, std::string>& labels);

/// Gives the values of --filter.
[[nodiscard]] std::vector<std::string> filters_of(const cli::Arguments& arguments);

/// Whether all of the filters, KEY=VALUE as docker has them, let the container of STORE through. Throws UsageError.
[[nodiscard]] bool passes(const Listed& container, const std::vector<std::string>& filters, const std::string& store);

}  // namespace snug::commands
