#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "bringing.hh"
#include "change.hh"
#include "functions.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/environment.hh"
#include "snug/commands/output.hh"
#include "snug/plan/hints.hh"
#include "snug/probe/host.hh"
#include "snug/sys/file.hh"
#include "snug/sys/process.hh"
#include "snug/transport/archive.hh"
#include "store_of.hh"

namespace snug::image_commands {
namespace {

using Words = std::vector<std::string>;

/// A distribution and one of its releases, as they were asked for.
struct Wanted {
  std::string distribution, suite;
};

bool is_suite(std::string_view text) {
  return !text.empty() && text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos && text.front() != '-';
}

// Images are called by numbers, and mirrors have names.
std::string suite_of(const std::string& release) {
  struct Release {
    std::string_view number;
    const char* suite;
  };
  static constexpr std::array known{Release{"11", "bullseye"}, Release{"12", "bookworm"}, Release{"13", "trixie"}, Release{"20.04", "focal"}, Release{"22.04", "jammy"}, Release{"24.04", "noble"}};
  const auto found = std::find_if(known.begin(), known.end(), [&](const Release& each) { return each.number == release; });
  return found == known.end() ? release : found->suite;
}

Wanted wanted_of(const std::string& text) {
  const std::size_t colon = text.find(':');
  Wanted wanted{text.substr(0, colon), colon == std::string::npos ? "" : suite_of(text.substr(colon + 1))};
  if ((wanted.distribution != "debian" && wanted.distribution != "ubuntu") || !is_suite(wanted.suite))
    throw UsageError(format("{} is no distribution that can be made here", quoted(text)), "debian:bookworm, say, or ubuntu:noble");
  return wanted;
}

std::string variant_of(const cli::Arguments& arguments) {
  const std::string* variant = arguments.find("variant");
  if (!variant) return "minbase";
  for (const char* known : {"essential", "apt", "minbase", "important"})
    if (*variant == known) return *variant;
  throw UsageError(format("--variant {}: it is not known", quoted(*variant)), "essential, apt, minbase and important are");
}

// apt would take for an option what begins as one.
void check_package(const std::string& name) {
  constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-.:~/=";
  if (name.find_first_not_of(letters) != std::string::npos) throw UsageError(format("--include {}: it has letters that stand in none", quoted(name)));
  if (name.empty() || name.starts_with('-')) throw UsageError(format("--include {}: no package begins so", quoted(name)));
}

Words packages_of(const cli::Arguments& arguments) {
  Words packages;
  for (const cli::Given& given : arguments.options) {
    if (given.option->name != "include") continue;
    for (std::string& name : split(given.value, ',')) {
      check_package(name);
      packages.push_back(std::move(name));
    }
  }
  return packages;
}

// mmdebstrap mounts a /proc for what it installs, and makes devices where that is allowed, which is nowhere: root over the
// container's own namespaces is as much as it gets.
Words words_for(const Wanted& wanted, const cli::Arguments& arguments) {
  Words words{"run", "--userns", "root", "--network", "host", "--cap-add", "SYS_ADMIN", "--cap-add", "MKNOD", "--workdir", "/",
              "--env", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "host",
              "mmdebstrap", "--mode=root", "--format=tar", "--skip=chroot/mount/sys", "--variant=" + variant_of(arguments)};
  if (arguments.flag("quiet")) words.push_back("--quiet");
  if (const Words packages = packages_of(arguments); !packages.empty()) words.push_back("--include=" + join(packages, ","));
  words.insert(words.end(), {"--", wanted.suite, "-"});
  if (const std::string* mirror = arguments.find("mirror")) {
    if (!mirror->starts_with("http://") && !mirror->starts_with("https://")) throw UsageError(format("--mirror {}: it is no URL", quoted(*mirror)), "it begins with http:// or https://");
    words.push_back(*mirror);
  } else if (wanted.distribution == "ubuntu") {
    words.emplace_back("http://archive.ubuntu.com/ubuntu");
  }
  return words;
}

/// `snug run` in the background; what it prints comes in as this process's standard input.
class Maker {
 public:
  Maker(Words words, const Environment& environment) {
    const std::string snug = probe::find_own_program("snug");
    if (snug.empty()) throw Error("snug is not installed beside snug-image", "make install puts it there");
    words.insert(words.begin(), "snug");
    sys::FdPair pipe = sys::make_pipe();
    const sys::Fd nothing = sys::open(AT_FDCWD, "/dev/null", O_RDONLY);
    const std::array streams{nothing.get(), pipe.second.get(), STDERR_FILENO};
    const sys::Cloned child = sys::start_program(snug, std::move(words), environment.entries(), streams, SIGKILL);
    if (child.pid < 0) throw system_error("start snug run", errno);
    pid_ = child.pid;
    ::dup2(pipe.first.get(), STDIN_FILENO);
  }
  ~Maker() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);  // the container goes with its monitor, whatever mmdebstrap thinks of signals
    static_cast<void>(wait());
  }
  Maker(const Maker&) = delete;
  Maker& operator=(const Maker&) = delete;

  /// Whether it has written all that it had.
  [[nodiscard]] static bool has_finished_writing() {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    return ::poll(&input, 1, 0) == 1 && (input.revents & POLLHUP) && !(input.revents & POLLIN);
  }

  [[nodiscard]] int wait() {
    int status = 0;
    while (::waitpid(std::exchange(pid_, -1), &status, 0) < 0 && errno == EINTR) continue;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  }

 private:
  pid_t pid_ = -1;
};

image::Config config_of(const Wanted& wanted, const Words& words) {
  const auto program = std::find(words.begin(), words.end(), "mmdebstrap");
  image::Config config = new_config(join(Words(program, words.end()), " "), format("{}:{} from its packages", wanted.distribution, wanted.suite));
  config.process.command = Words{"bash"};
  config.process.env = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"};
  return config;
}

void check_end(int code) {
  if (code == 0) return;
  throw Error(format("mmdebstrap ended with {}", code), code == 127   ? "it is not installed: apt-get install mmdebstrap"
                                                         : code == 125 ? "'snug doctor' tells which walls work here"
                                                                       : "what it said stands above; a release is called by its name, and the keys of ubuntu are in the package ubuntu-keyring");
}

// dpkg gives what it unpacks to several users and groups, and ends where it cannot.
void need_ranges(const Environment& environment) {
  const plan::HostFacts facts = probe::host_facts({.rootfs = {.kind = plan::Rootfs::Kind::archive}}, commands::caller_environment(environment));
  if (const auto missing = plan::find_missing_ranges(facts))
    throw Error(format("the packages of a distribution belong to several users, and only one id is mapped here: {}", missing->cause),
                plan::render_hint({"", missing->you_can, missing->ask}));
}

}  // namespace

int bootstrap(const cli::Invocation& invocation) {
  need_operands(invocation, 1, "a distribution and its release");
  const cli::Arguments& arguments = invocation.arguments;
  const Wanted wanted = wanted_of(arguments.operands[0]);
  const std::string name = new_name(arguments.operands.size() > 1 ? arguments.operands[1] : arguments.operands[0]);
  const Words words = words_for(wanted, arguments);
  need_ranges(invocation.environment);
  image::Store store = store_of(invocation);
  Maker maker(words, invocation.environment);
  std::unique_ptr<transport::Source> source;
  try {
    source = transport::open_tarball_source("-", config_of(wanted, words), store);
  } catch (const Error&) {
    if (Maker::has_finished_writing()) check_end(maker.wait());  // what it lacks is why there is no archive
    throw;
  }
  check_end(maker.wait());
  const image::Stored stored = bring(invocation, *source, store, name);
  commands::print(store.open(stored).id().text() + "\n");
  return 0;
}

}  // namespace snug::image_commands
