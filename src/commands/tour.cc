#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "commands.hh"
#include "containers.hh"
#include "looking.hh"
#include "monitoring.hh"
#include "planning.hh"
#include "settings.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/cli/help.hh"
#include "snug/commands/output.hh"
#include "snug/plan/hints.hh"
#include "snug/probe/host.hh"
#include "snug/shell/keyboard.hh"
#include "snug/shell/prompt.hh"
#include "snug/sys/file.hh"
#include "snug/sys/own_program.hh"
#include "snug/sys/process.hh"
#include "tour_exercises.hh"

namespace snug::commands {
namespace {

constexpr std::array options{
    cli::Option{.name = "auto", .help = "do all exercises, and tell whether they came out right"},
};

/// A container of this machine's root in which nothing runs, for as long as this lives.
class Place {
 public:
  explicit Place(const cli::Invocation& invocation) : environment_(invocation.environment) {
    const cli::Arguments nothing;
    plan::Spec spec = read_spec({nothing, invocation.environment, invocation.folder, invocation.command, {}});
    spec.name = name_ = format("tour-{}", ::getpid());
    spec.detach = spec.idle = true;
    spec.remove = true;
    choose_ids(spec);
    Planned planned = plan_container(std::move(spec), invocation, Purpose::run, false);
    const auto maps = own_maps(planned);
    facts_ = {planned.facts.uid.value, maps && maps->uids.size() > 1};
    const std::string store = planned.facts.store, id = planned.storage->id();
    hold_ = start_and_hold(planned);
    init_ = state::read_state(store, id).init.pid;
  }

  [[nodiscard]] const TourFacts& facts() const { return facts_; }

  /// Has sh do `command`, in there or out here. What it prints is shown, and given.
  [[nodiscard]] std::string run(bool inside, const std::string& command) const {
    const std::string_view snug = facts_.has_ranges ? "snug() { \"$SNUG\" \"$@\"; }" : "snug() { word=$1; shift; case $word in run|plan) set -- --userns single \"$@\";; esac; \"$SNUG\" \"$word\" \"$@\"; }";
    const std::string mine = format("SNUG={}; TOUR={}; INIT={}; OUTSIDE={}\n{}\n", shell_quoted(sys::find_own_program()), name_, init_, ::getpid(), snug);
    std::vector<std::string> words{"/bin/sh", "-c", mine + command};
    if (inside) words.insert(words.begin(), {sys::find_own_program(), "exec", name_});
    return take(words);
  }

 private:
  // Each start would tell at length what one id means: here once, in short.
  void choose_ids(plan::Spec& spec) const {
    const auto missing = spec.id_map.mode == plan::IdMapChoice::Mode::root ? plan::find_missing_ranges(probe::host_facts(spec, caller_environment(environment_))) : std::nullopt;
    if (!missing) return;
    say("One id is mapped here, and no more: 'snug doctor' tells how to get some.\n");
    spec.id_map.mode = plan::IdMapChoice::Mode::single;
  }

  [[nodiscard]] std::string take(const std::vector<std::string>& words) const {
    sys::FdPair pipe = sys::make_pipe();
    const sys::Fd null = sys::open(AT_FDCWD, "/dev/null", O_RDONLY);
    const std::array streams{null.get(), pipe.second.get(), pipe.second.get()};
    const sys::Cloned child = sys::start_program(words[0], words, environment_.entries(), streams, SIGKILL);
    if (child.pid < 0) throw system_error("start " + quoted(words[0]), errno);
    pipe.second.reset();
    std::string text;
    std::array<char, 4096> part;
    for (ssize_t count = 0; (count = ::read(pipe.first.get(), part.data(), part.size())) > 0 || (count < 0 && errno == EINTR);) {
      if (count < 0) continue;  // Ctrl-C is for who does the command
      text.append(part.data(), static_cast<std::size_t>(count));
      print({part.data(), static_cast<std::size_t>(count)});
    }
    while (::waitpid(child.pid, nullptr, 0) < 0 && errno == EINTR) continue;
    return text;
  }

  const Environment& environment_;
  std::string name_;
  TourFacts facts_;
  sys::Fd hold_;
  int init_ = -1;
};

bool is_shown(const Exercise& exercise, const std::string& text, const TourFacts& facts) { return exercise.shows(lines(text), facts); }

/// The tour: what is said and done, exercise by exercise.
class Guide {
 public:
  Guide(const Place& place, const Environment& environment) : place_(place), environment_(environment) {}

  int do_all() const {
    std::size_t failed = 0;
    for (std::size_t at = 0; at < exercises_.size(); ++at) {
      introduce(at);
      const bool shown = is_shown(exercises_[at], place_.run(exercises_[at].inside, std::string(exercises_[at].command)), place_.facts());
      print(shown ? "ok\n" : "NOT SEEN\n");
      if (!shown) ++failed;
    }
    print(format("\n{} exercises, {} not as they should be\n", exercises_.size(), failed));
    return failed ? 1 : 0;
  }

  int lead() const {
    const shell::SparedFromKeyboard spared;
    say("Ten exercises in a container that goes away at the end, with all that you do to it. Enter does the command that is shown; you may type it, or another. "
        "'skip' goes on, 'quit' or Ctrl-D leaves.");
    for (std::size_t at = 0; at < exercises_.size(); ++at) {
      introduce(at);
      if (!do_one(exercises_[at])) return 0;
    }
    print("\n");
    say("That was the tour. 'man snug-walls' goes on from here.");
    return 0;
  }

 private:
  // As wide as the terminal is now, but for lines that nobody likes to read.
  void say(std::string_view text) const { print(cli::wrapped(text, std::clamp<std::size_t>(output_width(environment_), 40, 110)) + "\n"); }

  void introduce(std::size_t at) const {
    const Exercise& exercise = exercises_[at];
    print(format("\n{} of {}: {}\n", at + 1, exercises_.size(), exercise.title));
    say(exercise.story);
    print(format("\n    {} {}\n\n", exercise.inside ? "inside#" : "here$", exercise.command));
    say(format("Look for {}.", exercise.look));
    if (!place_.facts().has_ranges && !exercise.without_ranges.empty()) say(exercise.without_ranges);
  }

  // False where the visitor leaves.
  bool do_one(const Exercise& exercise) const {
    for (;;) {
      const auto typed = shell::read_line(exercise.inside ? "inside# " : "here$ ");
      if (!typed) print("\n");
      if (!typed || *typed == "quit" || *typed == "exit") return false;
      if (*typed == "skip") return true;
      const bool shown = is_shown(exercise, place_.run(exercise.inside, typed->empty() ? std::string(exercise.command) : *typed), place_.facts());
      print("\n");
      say(shown ? format("That is it. {}", exercise.lesson) : format("Not yet: look for {}.", exercise.look));
      if (shown) return true;
    }
  }

  const Place& place_;
  const Environment& environment_;
  std::span<const Exercise> exercises_ = tour_exercises();
};

int tour(const cli::Invocation& invocation) {
  const bool all = invocation.arguments.flag("auto");
  if (!all && (!::isatty(STDIN_FILENO) || !::isatty(STDOUT_FILENO))) throw UsageError("'snug tour' needs a terminal", "--auto does without");
  const Place place(invocation);
  const Guide guide(place, invocation.environment);
  return all ? guide.do_all() : guide.lead();
}

}  // namespace

constinit const cli::Command tour_command{
    .name = "tour",
    .summary = "do ten short exercises on what a container is",
    .description = "Starts a container of this machine's root that goes away at the end, and shows ten commands to try in it\n"
                   "and beside it, what to look for, and what that means. Nothing is downloaded.",
    .options = options,
    .function = tour};

}  // namespace snug::commands
