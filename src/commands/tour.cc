#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "commands.hh"
#include "containers.hh"
#include "monitoring.hh"
#include "planning.hh"
#include "settings.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/output.hh"
#include "snug/plan/hints.hh"
#include "snug/probe/host.hh"
#include "snug/shell/prompt.hh"
#include "snug/sys/file.hh"
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
    const std::string mine = format("SNUG={}; TOUR={}; INIT={}; OUTSIDE={}\n{}\n", shell_quoted(program()), name_, init_, ::getpid(), snug);
    std::vector<std::string> words{"/bin/sh", "-c", mine + command};
    if (inside) words.insert(words.begin(), {program(), "exec", name_});
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

  static std::string program() { return sys::find_link(AT_FDCWD, "/proc/self/exe").value_or("snug"); }

  [[nodiscard]] std::string take(const std::vector<std::string>& words) const {
    sys::FdPair pipe = sys::make_pipe();
    const sys::Fd null = sys::open(AT_FDCWD, "/dev/null", O_RDONLY);
    const std::array streams{null.get(), pipe.second.get(), pipe.second.get()};
    const sys::Cloned child = sys::start_program(words[0], words, environment_.entries(), streams, SIGKILL);
    if (child.pid < 0) throw system_error("start " + quoted(words[0]), errno);
    pipe.second.reset();
    std::string text;
    std::array<char, 4096> part;
    for (ssize_t count = 0; (count = ::read(pipe.first.get(), part.data(), part.size())) > 0;) {
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

void introduce(const Exercise& exercise, std::size_t number, std::size_t count, const TourFacts& facts) {
  print(format("\n{} of {}: {}\n{}\n\n    {} {}\n\nLook for {}.\n", number, count, exercise.title, exercise.story, exercise.inside ? "inside#" : "here$",
               exercise.command, exercise.look));
  if (!facts.has_ranges && !exercise.without_ranges.empty()) print(format("{}\n", exercise.without_ranges));
}

int do_all(const Place& place) {
  const auto exercises = tour_exercises();
  std::size_t failed = 0;
  for (std::size_t at = 0; at < exercises.size(); ++at) {
    introduce(exercises[at], at + 1, exercises.size(), place.facts());
    const bool shown = is_shown(exercises[at], place.run(exercises[at].inside, std::string(exercises[at].command)), place.facts());
    print(shown ? "ok\n" : "NOT SEEN\n");
    if (!shown) ++failed;
  }
  print(format("\n{} exercises, {} not as they should be\n", exercises.size(), failed));
  return failed ? 1 : 0;
}

// False where the visitor leaves.
bool do_one(const Place& place, const Exercise& exercise) {
  for (;;) {
    const auto typed = shell::read_line(exercise.inside ? "inside# " : "here$ ");
    if (!typed || *typed == "quit" || *typed == "exit") return false;
    if (*typed == "skip") return true;
    if (is_shown(exercise, place.run(exercise.inside, typed->empty() ? std::string(exercise.command) : *typed), place.facts())) {
      print(format("\nThat is it. {}\n", exercise.lesson));
      return true;
    }
    print(format("\nNot yet: look for {}.\n", exercise.look));
  }
}

int guide(const Place& place) {
  print("Ten exercises in a container that goes away at the end, with all that you do to it. Enter does the command that is\n"
        "shown; you may type it, or another. 'skip' goes on, 'quit' or Ctrl-D leaves.\n");
  const auto exercises = tour_exercises();
  for (std::size_t at = 0; at < exercises.size(); ++at) {
    introduce(exercises[at], at + 1, exercises.size(), place.facts());
    if (!do_one(place, exercises[at])) return 0;
  }
  print("\nThat was the tour. 'man snug-walls' goes on from here.\n");
  return 0;
}

int tour(const cli::Invocation& invocation) {
  const bool all = invocation.arguments.flag("auto");
  if (!all && (!::isatty(STDIN_FILENO) || !::isatty(STDOUT_FILENO))) throw UsageError("'snug tour' needs a terminal", "--auto does without");
  const Place place(invocation);
  return all ? do_all(place) : guide(place);
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
