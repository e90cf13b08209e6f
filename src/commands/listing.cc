#include "listing.hh"

#include <algorithm>
#include <array>
#include <csignal>
#include <ctime>
#include <optional>

#include "networking.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/base/time.hh"
#include "snug/commands/layers.hh"
#include "snug/commands/output.hh"
#include "snug/config/spec.hh"
#include "snug/image/reference.hh"
#include "snug/probe/cgroup.hh"
#include "snug/state/exit.hh"
#include "values.hh"

namespace snug::commands {
namespace {

using state::State;

constexpr std::int64_t nanoseconds = 1'000'000'000;
constexpr std::size_t short_id = 12, short_command = 20;

std::string age_of(std::int64_t time) { return render_age(std::time(nullptr) - time); }

std::string without_ago(std::string age) {
  constexpr std::string_view ago = " ago";
  if (age.ends_with(ago)) age.resize(age.size() - ago.size());
  return age;
}

std::string render_ports(const Listed& container) {
  return container.state.phase == State::Phase::running ? join(render_ways(container.spec.network.ports), ", ") : "";
}

std::string render_networks(const plan::Spec& spec) {
  std::vector<std::string> names;
  for (const plan::SharedNetwork& each : spec.network.shared) names.push_back(each.name);
  return names.empty() ? network_mode(spec) : join(names, ",");
}

bool has_network(const plan::Spec& spec, std::string_view name) {
  const auto& shared = spec.network.shared;
  return std::any_of(shared.begin(), shared.end(), [&](const plan::SharedNetwork& each) { return each.name == name; }) || network_mode(spec) == name;
}

std::string cut(const std::string& text, bool whole) { return whole || text.size() <= short_command ? text : text.substr(0, short_command - 1) + "…"; }

bool has_label(const plan::Spec& spec, std::string_view wanted) {
  const auto [name, value] = parse_label(wanted);
  const auto labels = labels_of(spec);
  const auto found = labels.find(name);
  return found != labels.end() && (wanted.find('=') == std::string_view::npos || found->second == value);
}

// Of docker's patterns those that scripts use: the beginning and the end.
bool has_name(std::string_view name, std::string_view pattern) {
  const bool begins = pattern.starts_with('^'), ends = pattern.ends_with('$');
  const std::string_view part = pattern.substr(begins ? 1 : 0, pattern.size() - (begins ? 1 : 0) - (ends ? 1 : 0));
  if (begins && ends) return name == part;
  if (begins) return name.starts_with(part);
  return ends ? name.ends_with(part) : name.find(part) != std::string_view::npos;
}

// Of several names of one the localhost's is the longer.
bool is_same_image(std::string_view one, std::string_view other) {
  try {
    const std::string name = image::render_reference(image::parse_reference(one)), other_name = image::render_reference(image::parse_reference(other));
    return image::is_name_of(one, other_name) || image::is_name_of(other, name);
  } catch (const UsageError&) {  // a folder, or an id
    return one == other;
  }
}

// As `snug run` finds an image: by name, where no tag is "latest", by its id and by the digest of its manifest.
bool has_image(const state::Record& record, std::string_view wanted, const std::string& store) {
  constexpr std::string_view algorithm = "sha256:";
  constexpr std::size_t fewest = 4;  // letters of an id
  if (is_same_image(wanted, record.image)) return true;
  const std::string digest = wanted.starts_with(algorithm) ? std::string(wanted) : format("{}{}", algorithm, wanted);
  if (digest.size() < algorithm.size() + fewest) return false;
  return record.manifest.starts_with(digest) || find_image_id(store, record).starts_with(digest);
}

bool passes(const Listed& container, std::string_view key, std::string_view value, const std::string& store) {
  if (key == "id") return container.record.id.starts_with(value);
  if (key == "name") return has_name(container.record.name, value);
  if (key == "label") return has_label(container.spec, value);
  if (key == "ancestor") return has_image(container.record, value, store);
  if (key == "network") return has_network(container.spec, value);
  if (key == "exited" && !parse_number(value)) throw UsageError(format("--filter exited={}: it is no exit code", printable(value)));
  if (key == "exited") return container.state.phase == State::Phase::exited && format("{}", container.state.code) == value;
  if (key == "status") {
    static constexpr std::array<std::string_view, 5> known{"created", "running", "paused", "exited", "restarting"};
    if (std::find(known.begin(), known.end(), value) == known.end()) refuse_word("status", value, {known.begin(), known.end()});
    return phase_name(container.state) == value;
  }
  refuse_word("filter", key, {"id", "name", "label", "ancestor", "exited", "network", "status"});
}

}  // namespace

std::string render_labels(const std::map<std::string, std::string>& labels) {
  std::vector<std::string> words;
  for (const auto& [name, value] : labels) words.push_back(printable(format("{}={}", name, value)));
  return join(words, ",");
}

State settled_state(const std::string& store, const std::string& id) {
  constexpr timespec pause{0, 5'000'000};
  State state = state::read_state(store, id);
  for (int attempt = 0; attempt < 200 && state.ending; ++attempt) {
    state::wake(state.monitor);
    ::nanosleep(&pause, nullptr);
    state = state::read_state(store, id);
  }
  if (state.ending) state.phase = State::Phase::exited, state.code = 128 + SIGKILL;
  return state;
}

void visit_containers(const std::string& store, const std::function<void(Listed)>& visit) {
  std::vector<std::string> damaged;
  const auto read = [&](state::Record record) -> std::optional<Listed> {
    try {
      plan::Spec spec = config::parse_spec(*record.spec);
      State state = settled_state(store, record.id);
      return Listed{std::move(record), std::move(state), std::move(spec)};
    } catch (const Error& error) {
      say(format("snug: notice: the record of the container {} cannot be read: {}\n", record.id, error.message()));
      return {};
    }
  };
  state::visit_records(store, [&](state::Record record) {
    if (auto container = read(std::move(record))) visit(*std::move(container));
  }, &damaged);
  for (const std::string& id : damaged)
    say(format("snug: notice: the record of the container {0} cannot be read: it is damaged, or of another version of snug\n  hint:  'snug rm {0}' takes it away, with what it wrote\n", id));
}

std::vector<Listed> list_containers(const std::string& store) {
  std::vector<Listed> containers;
  visit_containers(store, [&](Listed each) { containers.push_back(std::move(each)); });
  std::stable_sort(containers.begin(), containers.end(), [](const Listed& a, const Listed& b) { return a.record.created > b.record.created; });
  return containers;
}

std::vector<std::string> names_of(const std::vector<Listed>& containers) {
  std::vector<std::string> names;
  for (const Listed& each : containers) names.push_back(quoted(each.record.name));
  return names;
}

bool is_paused(const State& state) { return state.phase == State::Phase::running && !state.cgroup.empty() && probe::is_frozen(state.cgroup); }

std::string_view phase_name(const State& state) {
  constexpr std::array<std::string_view, 4> names{"created", "running", "exited", "restarting"};
  if (is_paused(state)) return "paused";
  return names.at(static_cast<std::size_t>(state.phase));
}

std::string render_status(const State& state) {
  switch (state.phase) {
    case State::Phase::created: return "Created";
    case State::Phase::running: return "Up " + without_ago(age_of(state.started)) + (is_paused(state) ? " (Paused)" : "");
    case State::Phase::restarting: return format("Restarting ({}) {}", state.code, age_of(state.finished));
    case State::Phase::exited: break;
  }
  if (state.lost) return "Killed, with its monitor";
  if (state.error == state::unwritten_end) return format("Ended {}, {}", age_of(state.finished), state.error);
  return format("Exited ({}) {}", state.code, age_of(state.finished));
}

std::string render_command(const plan::Spec& spec) {
  std::vector<std::string> words = spec.entrypoint.value_or(std::vector<std::string>{});
  words.insert(words.end(), spec.command.begin(), spec.command.end());
  std::vector<std::string> quoted_words;
  if (spec.own_shell) quoted_words.emplace_back("builtin shell");
  for (const std::string& word : words) quoted_words.push_back(printable(shell_quoted(word)));
  return join(quoted_words, " ");
}

std::map<std::string, std::string> labels_of(const plan::Spec& spec) {
  std::map<std::string, std::string> labels = spec.labels;
  labels.insert(spec.notes.labels.begin(), spec.notes.labels.end());
  return labels;
}

Fields fields_of(const Listed& container, bool whole) {
  const auto& [record, state, spec] = container;
  return {{"ID", whole ? record.id : record.id.substr(0, short_id)},
          {"Image", printable(record.image)},
          {"Command", "\"" + cut(render_command(spec), whole) + "\""},
          {"CreatedAt", render_time(record.created / nanoseconds)},
          {"RunningFor", age_of(record.created / nanoseconds)},
          {"State", std::string(phase_name(state))},
          {"Status", render_status(state)},
          {"Ports", render_ports(container)},
          {"Networks", render_networks(spec)},
          {"Names", record.name},
          {"Labels", render_labels(labels_of(spec))},
          {"Pid", state.phase == State::Phase::running ? format("{}", state.init.pid) : "0"}, {"Seccomp", printable(plan::filter_name(spec))}};
}

std::vector<std::string> filters_of(const cli::Arguments& arguments) {
  std::vector<std::string> filters;
  for (const cli::Given& given : arguments.options)
    if (given.option->name == "filter") filters.push_back(given.value);
  return filters;
}

bool passes(const Listed& container, const std::vector<std::string>& filters, const std::string& store) {
  return std::all_of(filters.begin(), filters.end(), [&](const std::string& filter) {
    const std::size_t equals = filter.find('=');
    if (equals == std::string::npos) throw UsageError(format("--filter {}: it has to be KEY=VALUE", printable(filter)));
    return passes(container, std::string_view(filter).substr(0, equals), std::string_view(filter).substr(equals + 1), store);
  });
}

}  // namespace snug::commands
