#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <optional>

#include "commands.hh"
#include "containers.hh"
#include "copying.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/base/time.hh"
#include "snug/commands/held_signals.hh"
#include "snug/commands/output.hh"
#include "snug/config/spec.hh"
#include "snug/sys/process.hh"

namespace snug::commands {
namespace {

constexpr std::array options{
    cli::Option{.name = "archive", .letter = 'a', .help = "keep owners and extended attributes, as far as they can be had"},
    cli::Option{.name = "follow-link", .letter = 'L', .help = "copy what SOURCE leads to where it is a symbolic link"},
    cli::Option{.name = "quiet", .letter = 'q', .help = "show no progress"},
    cli::Option{.name = "recursive", .letter = 'r', .help = "as always", .hidden = true},
    cli::Option{.name = "verbose", .help = "print each step by which who copies is shut in, with the time it took"},
};

// "/etc/." are the contents of /etc; so are "." and "/".
std::string name_of(const std::string& path, const std::string& folder) {
  if (path == "." || path.ends_with("/.")) return {};
  std::string whole = (path.starts_with('/') ? path : format("{}/{}", folder, path));
  whole = std::filesystem::path(whole).lexically_normal().string();
  while (whole.ends_with('/')) whole.pop_back();
  return whole.substr(whole.rfind('/') + 1);
}

/// Shows how far a copy is, once it takes long enough to be looked at; and ends it where the caller wants that.
class Watching {
 public:
  explicit Watching(bool shown) : shown_(shown && ::isatty(STDERR_FILENO)) {}
  ~Watching() {
    if (told_ > 0) say("\r\x1b[K");
  }
  Watching(const Watching&) = delete;
  Watching& operator=(const Watching&) = delete;

  void note(std::uint64_t bytes) {
    constexpr std::uint64_t second = 1'000'000'000;
    bytes_ += bytes;
    end_for_signal();
    const std::uint64_t seconds = (sys::monotonic_time() - start_) / second;
    if (!shown_ || seconds <= told_) return;
    told_ = seconds;
    say(format("\rsnug: copied {}, {}/s\x1b[K", render_size(bytes_), render_size(bytes_ / seconds)));
  }

 private:
  static void end_for_signal() {
    sigset_t pending;
    ::sigpending(&pending);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT})
      if (::sigismember(&pending, signal) == 1) throw Error("the copy was interrupted").with_exit_code(128 + signal);
  }

  bool shown_;
  std::uint64_t start_ = sys::monotonic_time(), bytes_ = 0, told_ = 0;
};

void tell_losses(const layer::CopyLosses& losses) {
  const auto tell = [](std::uint64_t count, std::string_view one, std::string_view many) {
    if (count > 0) say(format("snug: notice: {} {}\n", count, count == 1 ? one : many));
  };
  tell(losses.special, "device, FIFO or socket was not copied", "devices, FIFOs and sockets were not copied");
  tell(losses.kernel, "folder of the kernel's own was not copied", "folders of the kernel's own were not copied");
  tell(losses.owners, "owner is not mapped there, and was lost", "owners are not mapped there, and were lost");
  tell(losses.xattrs, "extended attribute could not be kept", "extended attributes could not be kept");
}

// Each folder on the way down stays open.
void open_many_files() {
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return;
  files.rlim_cur = files.rlim_max;
  static_cast<void>(::setrlimit(RLIMIT_NOFILE, &files));
}

void check(const CopyEnd& source, const CopyEnd& target) {
  if (source.container && target.container)
    throw UsageError("both ends are in containers", "snug cp ONE:PATH - | snug cp - OTHER:PATH");
  if (!source.container && !target.container) throw UsageError("neither end is in a container", "a container's is CONTAINER:PATH; 'snug ps --all' lists them");
  if (source.container && target.path == "-" && ::isatty(STDOUT_FILENO)) throw UsageError("standard output is a terminal, and the archive would go there");
}

// Half a word would be taken for all that there is.
void check_whole(const std::string& typed) {
  if (typed.empty()) throw UsageError("a path is empty");
  if (typed.ends_with(':') && parse_copy_end(typed).container) throw UsageError(format("{} names no path in the container", snug::quoted(typed)), format("all of it is {}", shell_quoted(typed + "/.")));
}

// Several sources go into a folder that is there, which alone has a "." in it.
std::vector<CopyEnd> parse_ends(const std::vector<std::string>& operands) {
  if (operands.size() < 2) throw UsageError("'snug cp' needs a source and a target", "snug cp CONTAINER:PATH PATH; snug cp PATH CONTAINER:PATH");
  std::vector<CopyEnd> ends;
  for (const std::string& operand : operands) check_whole(operand), ends.push_back(parse_copy_end(operand));
  for (std::size_t at = 0; at + 1 < ends.size(); ++at) check(ends[at], ends.back());
  if (ends.size() == 2) return ends;
  if (std::any_of(ends.begin(), ends.end(), [](const CopyEnd& end) { return end.path == "-"; })) throw UsageError("an archive, '-', is copied alone");
  ends.back().path += "/.";
  return ends;
}

void copy(const cli::Invocation& invocation, const CopyEnd& source, const CopyEnd& target, Watching& watching) {
  const cli::Arguments& arguments = invocation.arguments;
  const std::string store = store_of(invocation.environment);
  const state::Record record = state::find_record(store, source.container ? *source.container : *target.container);
  Copying what{.source = source.path, .target = target.path, .name = name_of(source.path, invocation.folder)};
  what.follow = arguments.flag("follow-link") || source.path.ends_with('/') || what.name.empty();
  what.archive = arguments.flag("archive");
  what.verbose = arguments.flag("verbose");
  what.remembered = record.spec && config::parse_spec(*record.spec).restraints.emulation == plan::RootEmulation::remembered;
  what.watch = [&](std::uint64_t bytes) { watching.note(bytes); };
  layer::CopyLosses losses;
  visit_files(store, record, invocation.environment, target.container ? std::optional(target.path) : std::nullopt, [&](const Visited& visited) {
    losses = source.container ? copy_out(visited, what) : copy_in(visited, what, invocation.environment);
  });
  tell_losses(losses);
}

int cp(const cli::Invocation& invocation) {
  const std::vector<CopyEnd> ends = parse_ends(invocation.arguments.operands);
  const HeldSignals held;
  ::signal(SIGPIPE, SIG_IGN);  // the call that failed says so, too
  open_many_files();
  Watching watching(!invocation.arguments.flag("quiet"));
  for (std::size_t at = 0; at + 1 < ends.size(); ++at) copy(invocation, ends[at], ends.back(), watching);
  return 0;
}

}  // namespace

constinit const cli::Command cp_command{
    .name = "cp",
    .summary = "copy files into a container, or out of it",
    .operands = "CONTAINER:SOURCE... TARGET|SOURCE... CONTAINER:TARGET",
    .description = "Copies a file, or a folder with everything in it; of SOURCE/. what is in the folder. Into a folder that is\n"
                   "there, else under the name TARGET. '-' is a tar archive on standard input or output. Whether the container runs\n"
                   "or not makes no difference.",
    .options = options,
    .max_operands = SIZE_MAX,
    .completer = {cli::Complete::container_path},
    .function = cp};

}  // namespace snug::commands
