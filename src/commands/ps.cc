#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include "commands.hh"
#include "containers.hh"
#include "listing.hh"
#include "snug/base/error.hh"
#include "snug/base/json.hh"
#include "snug/base/text.hh"
#include "snug/commands/output.hh"

namespace snug::commands {
namespace {

constexpr std::array options{
    cli::Option{.name = "all", .letter = 'a', .help = "also those that do not run"},
    cli::Option{.name = "filter", .letter = 'f', .argument = "KEY=VALUE", .help = "only those: id, name, label, ancestor, network, status, exited", .repeatable = true, .completer = {cli::Complete::words, "id= name= label= ancestor= network= status= exited="}},
    cli::Option{.name = "format", .argument = "PATTERN", .help = "print 'json', or a pattern such as '{{.ID}} {{.Names}}'"},
    cli::Option{.name = "json", .help = "print a JSON array"},
    cli::Option{.name = "last", .letter = 'n', .argument = "N", .help = "the N youngest, also those that do not run"},
    cli::Option{.name = "latest", .letter = 'l', .help = "the youngest"},
    cli::Option{.name = "no-trunc", .help = "do not cut ids and commands"},
    cli::Option{.name = "quiet", .letter = 'q', .help = "print ids alone"},
};

Fields headings() {
  return {{"ID", "CONTAINER ID"}, {"Image", "IMAGE"}, {"Command", "COMMAND"}, {"CreatedAt", "CREATED AT"}, {"RunningFor", "CREATED"},
          {"State", "STATE"}, {"Status", "STATUS"}, {"Ports", "PORTS"}, {"Networks", "NETWORKS"}, {"Names", "NAMES"}, {"Labels", "LABELS"}, {"Pid", "PID"}, {"Seccomp", "SECCOMP"}};
}

constexpr std::string_view usual = "table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}";

std::size_t wanted_count(const cli::Arguments& arguments) {
  if (arguments.flag("latest")) return 1;
  const std::string* last = arguments.find("last");
  if (!last) return SIZE_MAX;
  const auto count = parse_number(*last);
  if (!count) throw UsageError(format("--last {}: it is no number", printable(*last)));
  return *count;
}

bool is_up(const state::State& state) { return state.phase == state::State::Phase::running || state.phase == state::State::Phase::restarting; }

// The youngest first.
std::vector<Fields> choose(const cli::Invocation& invocation, bool whole) {
  const cli::Arguments& arguments = invocation.arguments;
  const std::vector<std::string> filters = filters_of(arguments);
  const std::size_t count = wanted_count(arguments);
  const bool of_status = std::any_of(filters.begin(), filters.end(), [](const std::string& filter) { return filter.starts_with("status=") || filter.starts_with("exited="); });
  const bool all = arguments.flag("all") || count != SIZE_MAX || of_status;
  std::vector<std::pair<std::int64_t, Fields>> found;
  const std::string store = store_of(invocation.environment);
  visit_containers(store, [&](const Listed& each) {
    if (passes(each, filters, store) && (all || is_up(each.state))) found.emplace_back(each.record.created, fields_of(each, whole));
  });
  std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first > b.first; });
  if (found.size() > count) found.resize(count);
  std::vector<Fields> list;
  for (auto& [created, fields] : found) list.push_back(std::move(fields));
  return list;
}

std::string render_array(const std::vector<Fields>& list) {
  Json array = Json::array();
  for (const Fields& fields : list) {
    Json json = Json::object();
    for (const auto& [name, value] : fields) json[name] = value;
    array.push_back(std::move(json));
  }
  return render_json(array);
}

int ps(const cli::Invocation& invocation) {
  const cli::Arguments& arguments = invocation.arguments;
  const bool json = arguments.flag("json"), quiet = arguments.flag("quiet");
  const std::string* pattern = arguments.find("format");
  const bool whole = arguments.flag("no-trunc") || json || (pattern && *pattern == "json");
  const std::vector<Fields> list = choose(invocation, whole);
  print(json ? render_array(list) : render_list(quiet ? "{{.ID}}" : pattern ? *pattern : usual, list, headings()));
  return 0;
}

}  // namespace

constinit const cli::Command ps_command{
    .name = "ps",
    .summary = "list containers",
    .description = "Lists the containers that run: their ids, what they were made from, their command, since when, and\n"
                   "their names. Whether one runs is asked of the kernel, and right at once.",
    .options = options,
    .function = ps};

}  // namespace snug::commands
