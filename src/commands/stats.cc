#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdint>
#include <ctime>

#include "commands.hh"
#include "containers.hh"
#include "entering.hh"
#include "snug/base/error.hh"
#include "snug/base/json.hh"
#include "snug/base/time.hh"
#include "snug/commands/output.hh"
#include "snug/probe/cgroup.hh"
#include "snug/probe/processes.hh"
#include "snug/shell/keyboard.hh"
#include "snug/sys/process.hh"

namespace snug::commands {
namespace {

constexpr std::array options{
    cli::Option{.name = "json", .help = "print a JSON array, once"},
    cli::Option{.name = "no-stream", .help = "print once, and not again each second"},
};

/// What a container uses, at one moment.
struct Sample {
  std::string id, name;
  std::uint64_t processor = 0;  ///< microseconds
  std::uint64_t memory = 0;     ///< bytes
  std::uint64_t processes = 0;
  std::optional<std::uint64_t> memory_limit, processes_limit;
  bool by_cgroup = false;
};

struct Use {
  Sample now;
  double processor = 0;  ///< percent of one
};

Sample sample_of(const Entrance& entrance) {
  Sample sample;
  sample.id = entrance.record.id;
  sample.name = entrance.record.name;
  const std::string& cgroup = entrance.living.cgroup;
  const probe::CgroupUse use = cgroup.empty() ? probe::CgroupUse{} : probe::cgroup_use(cgroup);
  sample.by_cgroup = !cgroup.empty();
  // What the cgroup does not count is added up, process by process.
  if (!sample.by_cgroup || !use.memory || !use.processes) {
    for (const probe::Process& each : processes_of(entrance)) {
      sample.processor += each.time * 1'000'000 / static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
      if (!use.memory) sample.memory += probe::memory_of(each.pid);
      ++sample.processes;
    }
  }
  if (sample.by_cgroup) sample.processor = use.processor;
  sample.memory = use.memory.value_or(sample.memory);
  sample.processes = use.processes.value_or(sample.processes);
  sample.memory_limit = use.memory_limit;
  sample.processes_limit = use.processes_limit;
  return sample;
}

std::vector<Sample> take_samples(const std::string& store, const std::vector<std::string>& typed) {
  std::vector<Sample> samples;
  std::vector<state::Record> records;
  for (const std::string& each : typed) records.push_back(state::find_record(store, each));
  if (typed.empty()) records = state::list_records(store);
  for (state::Record& record : records) {
    if (typed.empty() && !is_up(store, record)) continue;
    try {
      samples.push_back(sample_of(open_entrance(store, record)));
    } catch (const Error&) {
      if (!typed.empty()) throw;  // of all that run, it has just ended
    }
  }
  return samples;
}

// Between two looks; without a cgroup, what has ended meanwhile took its time along.
std::vector<Use> uses_of(const std::vector<Sample>& before, std::vector<Sample> now, double seconds) {
  std::vector<Use> uses;
  for (Sample& sample : now) {
    const auto earlier = std::find_if(before.begin(), before.end(), [&](const Sample& each) { return each.id == sample.id; });
    const std::uint64_t since = earlier == before.end() ? sample.processor : earlier->processor;
    const double time = sample.processor > since ? static_cast<double>(sample.processor - since) : 0;
    uses.push_back({std::move(sample), 100 * time / 1e6 / seconds});
  }
  return uses;
}

std::string render(const std::vector<Use>& uses) {
  const auto limited = [](std::string value, const std::optional<std::uint64_t>& limit, auto render) {
    return limit ? format("{} / {}", value, render(*limit)) : value;
  };
  std::vector<std::vector<std::string>> rows{{"CONTAINER ID", "NAME", "CPU %", "MEMORY / LIMIT", "PROCESSES / LIMIT"}};
  for (const Use& use : uses)
    rows.push_back({use.now.id, use.now.name, format("{:.2f}%", use.processor), limited(render_size(use.now.memory), use.now.memory_limit, render_size),
                    limited(format("{}", use.now.processes), use.now.processes_limit, [](std::uint64_t number) { return format("{}", number); })});
  return render_columns(rows);
}

std::string render_as_json(const std::vector<Use>& uses) {
  Json list = Json::array();
  for (const Use& use : uses)
    list.push_back(Json{{"id", use.now.id}, {"name", use.now.name}, {"cpuPercent", use.processor}, {"memoryBytes", use.now.memory}, {"processes", use.now.processes},
                        {"memoryLimitBytes", use.now.memory_limit ? Json(*use.now.memory_limit) : Json()},
                        {"processesLimit", use.now.processes_limit ? Json(*use.now.processes_limit) : Json()},
                        {"from", use.now.by_cgroup ? "cgroup" : "processes"}});
  return render_json(list);
}

int stats(const cli::Invocation& invocation) {
  const bool json = invocation.arguments.flag("json"), once = json || invocation.arguments.flag("no-stream");
  const std::string store = store_of(invocation.environment);
  const bool screen = !once && ::isatty(1);
  std::vector<Sample> before = take_samples(store, invocation.arguments.operands);
  std::uint64_t then = sys::monotonic_time();
  for (;;) {
    const timespec pause{1, 0};
    ::nanosleep(&pause, nullptr);
    if (shell::was_interrupted()) return 128 + SIGINT;
    std::vector<Sample> now = take_samples(store, invocation.arguments.operands);
    const std::uint64_t time = sys::monotonic_time();
    const std::vector<Use> uses = uses_of(before, now, static_cast<double>(time - then) / 1e9);
    print((screen ? "\x1b[H\x1b[2J" : "") + (json ? render_as_json(uses) : render(uses)));
    if (once) return 0;
    before = std::move(now);
    then = time;
  }
}

}  // namespace

constinit const cli::Command stats_command{
    .name = "stats",
    .summary = "show what containers use: processor, memory, processes",
    .operands = "[CONTAINER...]",
    .description = "Shows each second what every container that runs, or each that is named, uses: processor time in percent\n"
                   "of one processor, memory, and the number of processes, with their limits. A container with a cgroup of its\n"
                   "own is asked by that; of others memory is the sum of the processes' shares (PSS).",
    .options = options,
    .max_operands = SIZE_MAX,
    .completer = {cli::Complete::running},
    .function = stats};

}  // namespace snug::commands
