#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "commands.hh"
#include "output.hh"
#include "planning.hh"
#include "run_options.hh"
#include "snug/base/text.hh"
#include "snug/explain/plan.hh"
#include "snug/runtime/launch.hh"
#include "snug/runtime/mapped.hh"
#include "snug/state/container_folder.hh"

namespace snug::commands {
namespace {

constexpr std::array options{
    cli::Option{.name = "verbose", .help = "print each step as it is done, with the time it took"},
};

// Files of sub-ids can only be removed by somebody who is root over them.
void remove_folder(const std::string& path, const plan::WriteIdMaps* maps) {
  if (state::remove_tree(path) || !maps) return;
  if (runtime::run_mapped(*maps, [&] { return state::remove_tree(path); })) return;
  say(format("snug: notice: {} could not be removed\n", quoted(path)));
}

/// The folder of the container, for as long as there is something in it; and what crashes of others left.
class Storage {
 public:
  Storage(const plan::Plan& plan, const std::string& store) : maps_(plan.find<plan::WriteIdMaps>()), store_(store) {
    if (plan.find<plan::MakeFolders>()) folder_.emplace(store);
  }
  ~Storage() {
    try {
      if (folder_) remove_folder(folder_->path(), maps_);
      for (const std::string& path : state::find_leftovers(store_)) remove_folder(path, maps_);
    } catch (const Error& error) {
      say(format("snug: notice: {}\n", error.message()));
    }
  }
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;

  [[nodiscard]] std::string path() const { return folder_ ? folder_->path() : std::string(); }

 private:
  const plan::WriteIdMaps* maps_;
  const std::string& store_;
  std::optional<state::ContainerFolder> folder_;
};

runtime::StepDone step_printer(const cli::Invocation& invocation, const plan::Plan& plan) {
  if (!invocation.arguments.flag("verbose")) return {};
  return [&plan](std::size_t step, std::uint64_t nanoseconds) {
    say(explain::render_verbose_line(plan, step, nanoseconds));
  };
}

int run(const cli::Invocation& invocation) {
  const Planned planned = plan_container(invocation);
  const Storage storage(planned.plan, planned.facts.store);
  const auto result = runtime::launch(planned.plan, storage.path(), step_printer(invocation, planned.plan));
  if (const auto* failure = std::get_if<runtime::StepFailure>(&result)) throw failure_error(planned, *failure);
  const auto& exited = std::get<runtime::Exited>(result);
  if (exited.init_killed) say("snug: the container was killed from outside\n");
  return exited.code;
}

}  // namespace

constinit const cli::Command run_command{
    .name = "run",
    .summary = "run a command, or a shell, inside walls of its own",
    .operands = "[ROOTFS [COMMAND [ARG...]]]",
    .description = "Starts COMMAND in a container made from ROOTFS: a folder (/path, ./path, dir:PATH) or 'host', this\n"
                   "machine's own root, copy-on-write, which is also the default.\n"
                   "Without a COMMAND it is your shell. What is written to the root goes away with the container.",
    .options = options,
    .shared = &run_option_set,
    .stop_at_operand = true,
    .max_operands = SIZE_MAX,
    .completer = {cli::Complete::rootfs},
    .function = run};

}  // namespace snug::commands
