#include <linux/capability.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>

#include "draft.hh"
#include "snug/base/text.hh"

namespace snug::plan {
namespace {

constexpr std::string_view default_path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

class Payload {
 public:
  explicit Payload(Draft& draft) : draft_(draft), spec_(draft.spec), who_(draft.identity) {}

  Verdict plan() {
    if (spec_.idle) return plan_idleness();
    if (Verdict refused = choose_command()) return refused;
    if (Verdict refused = choose_capabilities()) return refused;
    tell_of_capabilities();
    tell_confinement();
    choose_environment();
    draft_.visit ? plan_arrival() : plan_guard();
    draft_.payload(StartSession{draft_.plan.terminal});
    draft_.payload(SetLimits{limits()});
    draft_.payload(ResetProcess{});
    // Without that promise it takes a right to load filters, which is gone a moment later.
    if (spec_.new_privileges) {
      if (Verdict refused = plan_emulation(draft_)) return refused;
      if (Verdict refused = plan_restraint(draft_)) return refused;
    }
    draft_.payload(SetCapabilities{capabilities_, true});
    draft_.payload(BecomeUser{who_.uid, who_.gid, who_.groups});
    draft_.payload(SetCapabilities{own_capabilities(), false});
    plan_death();
    draft_.payload(CloseDescriptors{});
    draft_.payload(ChangeFolder{folder_});
    if (!spec_.new_privileges) {
      draft_.payload(NoNewPrivileges{});
      if (Verdict refused = plan_emulation(draft_)) return refused;
      if (Verdict refused = plan_restraint(draft_)) return refused;
    }
    draft_.payload(spec_.own_shell ? Action(own_shell()) : Action(exec()));
    return {};
  }

 private:
  Verdict choose_command() {
    if (spec_.own_shell) return folder_ = choose_folder(), std::nullopt;
    if (!spec_.tools.empty()) return Refusal{"--tools lends programs to snug's own shell, and another command would not find them", "add --shell builtin"};
    if (spec_.entrypoint) argv_ = *spec_.entrypoint;
    argv_.insert(argv_.end(), spec_.command.begin(), spec_.command.end());
    if (argv_.empty()) {
      // Docker's error. With somebody to type it is a shell, as in any other root.
      if (spec_.rootfs.kind == Rootfs::Kind::image && !draft_.plan.terminal && !spec_.interactive && !draft_.visit)
        return Refusal{format("no command was given, and the image {} names none", quoted(spec_.rootfs.given)), "snug run IMAGE COMMAND"};
      if (draft_.facts.rootfs.shells.empty())
        return Refusal{"the root file system has no shell (neither yours nor /bin/bash nor /bin/sh)",
                       "name a command: snug run ROOTFS COMMAND; or have snug's own: --shell builtin"};
      shell_ = draft_.facts.rootfs.shells.front();
      // A dash in front makes it a login shell, which reads the profile files.
      argv_.push_back("-" + shell_.substr(shell_.rfind('/') + 1));
    }
    folder_ = choose_folder();
    return {};
  }

  std::string choose_folder() {
    if (spec_.workdir) return *spec_.workdir;
    const bool on_host = spec_.rootfs.kind == Rootfs::Kind::host;
    if (on_host && is_folder_inside(draft_, draft_.facts.current_folder)) return draft_.facts.current_folder;
    const bool at_home = !shell_.empty() || spec_.own_shell || on_host;
    std::string folder = at_home && is_folder_inside(draft_, who_.home) ? who_.home : "/";
    if (on_host) tell_folder(folder);
    return folder;
  }

  // Whoever takes it for the one he is in removes the files of another.
  void tell_folder(std::string_view folder) {
    draft_.plan.notices.push_back({.wall = "",
                                   .text = format("the current folder {} is not inside: what runs there starts in {}", quoted(draft_.facts.current_folder), quoted(folder)),
                                   .remedy = "-v \"$PWD:$PWD\" shows it, and -w FOLDER names another",
                                   .once = true});
  }

  // Whoever is not root inside has no use for any of them, unless programs may raise privileges.
  Verdict choose_capabilities() {
    auto chosen = capabilities_of(spec_, draft_.facts.last_capability, who_.uid.value == 0 || spec_.new_privileges);
    if (auto* refused = std::get_if<Refusal>(&chosen)) return std::move(*refused);
    capabilities_ = std::get<std::vector<int>>(std::move(chosen));
    return {};
  }

  [[nodiscard]] std::vector<int> own_capabilities() const { return who_.uid.value == 0 ? capabilities_ : std::vector<int>{}; }

  void tell_confinement() { draft_.plan.confinement = {loaded_filter(draft_), emulation_of(draft_), own_capabilities(), limits()}; }

  void tell_of_capabilities() {
    const bool all = std::find(spec_.cap_add.begin(), spec_.cap_add.end(), "ALL") != spec_.cap_add.end();
    if (all) draft_.plan.opened.emplace_back("all capabilities over what is the container's");
    for (const int number : all ? capabilities_ : asked_capabilities(spec_)) {
      // pasta takes whatever comes out of the interface, whoever made it.
      const bool makes_packets = draft_.way_out && (number == CAP_NET_ADMIN || number == CAP_NET_RAW);
      const char* what = makes_packets ? ": packets made by hand can reach what listens on this machine" : "";
      if (!all || makes_packets) draft_.plan.opened.push_back(format("capability {}{}", describe_capability(number), what));
    }
  }

  void set(std::string name, std::string value) {
    const auto same = std::find_if(env_.begin(), env_.end(), [&](const Variable& v) { return v.name == name; });
    if (same == env_.end())
      env_.push_back({std::move(name), std::move(value)});
    else
      same->value = std::move(value);
  }

  void choose_environment() {
    set("PATH", std::string(default_path));
    set("HOME", who_.home);
    set("USER", who_.name);
    set("LOGNAME", who_.name);
    if (!shell_.empty()) set("SHELL", shell_);
    if (std::string host = hostname_of(draft_); !host.empty()) set("HOSTNAME", std::move(host));
    if (draft_.plan.terminal) set_terminal();
    set("container", "snug");
    if (spec_.name) set("SNUG_CONTAINER", *spec_.name);
    for (const Variable& variable : spec_.env) set(variable.name, variable.value);
  }

  void set_terminal() {
    const RootfsFacts& rootfs = draft_.facts.rootfs;
    set("TERM", draft_.facts.terminal.type.empty() ? "xterm" : draft_.facts.terminal.type);
    if (carries_terminal(draft_) || rootfs.terminal_carried) set("TERMINFO", terminfo_folder);
    if (shell_.empty() || !spec_.name) return;
    // Most roots have a prompt of their own, with the host's name; where that is another, Debian's takes this for a mark.
    if (env_value("HOSTNAME") != *spec_.name) set("debian_chroot", *spec_.name);
    constexpr std::array<std::string_view, 5> shells{"bash", "sh", "dash", "ash", "ksh"};
    if (std::find(shells.begin(), shells.end(), std::string_view(shell_).substr(shell_.rfind('/') + 1)) != shells.end())
      set("PS1", format("{}:$PWD{} ", *spec_.name, who_.uid.value == 0 ? "#" : "$"));
  }

  std::string_view env_value(std::string_view name) const {
    const auto found = std::find_if(env_.begin(), env_.end(), [&](const Variable& variable) { return variable.name == name; });
    return found == env_.end() ? std::string_view() : std::string_view(found->value);
  }

  std::vector<ResourceLimit> limits() const {
    const std::uint64_t open_files = std::min<std::uint64_t>(draft_.facts.open_files_hard, 524288);
    std::vector<ResourceLimit> limits{no_core_dumps(draft_.facts),
                                      {"nofile", RLIMIT_NOFILE, std::min<std::uint64_t>(1024, open_files), open_files}};
    for (const ResourceLimit& limit : substitute_limits(draft_)) limits.push_back(limit);
    for (const ResourceLimit& limit : spec_.limits) {
      std::erase_if(limits, [&](const ResourceLimit& other) { return other.number == limit.number; });
      limits.push_back(limit);
    }
    return limits;
  }

  void plan_guard() {
    draft_.init(JoinKeyring{});
    draft_.init(GuardInit{true, adopts_orphans(spec_)});
    draft_.plan.init = spec_.init;
    if (!spec_.init) return;
    draft_.init(ForkPayload{});
    // All that pid 1 does from here on is to reap and to pass signals on.
    draft_.init(SetCapabilities{{CAP_KILL}, false});
  }

  Verdict plan_idleness() {
    if (Verdict refused = choose_capabilities()) return refused;
    tell_confinement();
    draft_.init(JoinKeyring{});
    draft_.init(GuardInit{true, adopts_orphans(spec_)});
    draft_.init(SetCapabilities{{CAP_KILL}, false});
    tell_landlock(draft_);
    return {};
  }

  // In the background nobody outside is its parent: pid 1 of the container reaps it. At a terminal a parent outside, in a session of its own,
  // would be none who could go on without it: the kernel lets Ctrl-Z stop nothing then.
  void plan_arrival() {
    draft_.init(JoinKeyring{});
    draft_.init(GuardInit{!spec_.detach});
    draft_.plan.init = spec_.detach || draft_.plan.terminal;
    if (!draft_.plan.init) return;
    draft_.init(ForkPayload{spec_.detach ? ForkPayload::Parent::gone : ForkPayload::Parent::leader});
    if (!spec_.detach) draft_.init(SetCapabilities{{CAP_KILL}, false});
  }

  // Where snug has no pid 1 of its own inside, the kernel does not end the payload with it.
  void plan_death() {
    const bool alone = draft_.visit ? !spec_.detach : !spec_.init || !is_new(spec_.namespaces.pid);
    if (alone) draft_.payload(DieWithParent{});
  }

  std::vector<std::string> environment() const {
    std::vector<std::string> lines;
    for (const Variable& variable : env_) lines.push_back(variable.name + "=" + variable.value);
    return lines;
  }

  RunShell own_shell() const { return {spec_.command, environment(), spec_.tools}; }

  Exec exec() {
    Exec exec{{}, argv_, environment()};
    const std::string& program = shell_.empty() ? argv_.front() : shell_;
    if (program.find('/') != std::string::npos) {
      exec.paths.push_back(program);
    } else {
      for (const std::string& folder : split(env_value("PATH"), ':'))
        exec.paths.push_back(folder.empty() ? program : format("{}/{}", folder, program));
    }
    return exec;
  }

  Draft& draft_;
  const Spec& spec_;
  const Identity& who_;
  std::vector<std::string> argv_;
  std::string shell_, folder_;
  std::vector<int> capabilities_;
  std::vector<Variable> env_;
};

}  // namespace

// What is bound to /run is the host's, and nothing is written there.
bool carries_terminal(const Draft& draft) {
  if (draft.facts.rootfs.terminal_entry.empty() || is_given_up(draft, "/run") || (draft.visit && !draft.plan.terminal)) return false;
  const Volume* volume = find_nearest_volume(draft.spec, terminfo_folder);
  const auto* memory = volume ? std::get_if<TmpfsVolume>(volume) : nullptr;
  return !volume || (memory && !memory->read_only);
}

Verdict plan_streams(Draft& draft) {
  const TerminalFacts& terminal = draft.facts.terminal;
  const Spec& spec = draft.spec;
  // A shell would wait for ever for what nobody can type.
  if (spec.terminal == Terminal::always && spec.interactive && !terminal.input && !spec.detach)
    return Refusal{"-it: standard input is no terminal", "leave -t out to hand it on as it is"};
  draft.plan.terminal = !spec.idle && (spec.terminal == Terminal::always ||
                                       (spec.terminal == Terminal::automatic && terminal.input && terminal.output && !spec.detach));
  draft.plan.null_input = !draft.plan.terminal && (terminal.input || spec.detach) && !spec.interactive;
  return {};
}

Verdict plan_payload(Draft& draft) {
  tell_program(draft);
  return Payload(draft).plan();
}

}  // namespace snug::plan
