#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "snug/plan/plan.hh"

namespace snug::runtime {

/// How a container ended: the payload's own exit code, or 128 + n where signal n ended it.
struct Exited {
  int code = 0;
  bool init_killed = false;  ///< somebody killed pid 1, and the kernel everything with it
  std::uint64_t out_of_memory = 0;  ///< how many of its processes the kernel ended for want of memory
};

/// The step that could not be done. Nothing of the container is left by then.
struct StepFailure {
  std::size_t step = 0;
  int error = 0;
  std::string reason;  ///< the kernel's or a helper's own words, where there are any; written by strangers
};

/// Told of each step that was done: its number and the time it took in nanoseconds. Runs in the monitor.
using StepDone = std::function<void(std::size_t step, std::uint64_t nanoseconds)>;

/// A namespace of the container, or its root, that the monitor holds open for as long as the container lives: plan::KeepNamespaces.
struct KeptNamespace {
  std::string kind;  ///< as in /proc/PID/ns; or plan::KeepNamespaces::root, an O_PATH descriptor
  int number = -1;   ///< the descriptor, the monitor's own
};

/// Told once the command runs. In the monitor.
struct Running {
  pid_t init = -1;  ///< pid 1 inside, by its number outside
  std::vector<KeptNamespace> namespaces;
  std::string cgroup = {};  ///< the path of its own; empty: none
};

/// What the monitor of a detached container does besides: it keeps what the container writes, and serves those who come to look.
struct Service {
  std::string folder;   ///< the container's: the socket `attach` and the log, log.json, log.json.1 and so on, lie there
  plan::LogChoice log;
  int visitor = -1;         ///< somebody who is there from the start: the first of runtime::make_visit; taken over
  bool until_left = false;  ///< ends with its last holder, once there was one: runtime::hold
  bool sleeps = false;      ///< and its own command is not what runs meanwhile: nobody can have it stay
  std::function<void()> left = {};  ///< called when that one has left, before anything is ended; may be empty
};

/// snug's own shell: called in the process that plan::RunShell is done in, with what it lends (a descriptor, or -1). Gives the exit
/// code, and throws nothing.
using OwnShell = std::function<int(const plan::RunShell&, int tools)>;

/// What the monitor brings along and no plan can say.
struct Outside {
  std::string folder = {};                ///< path of the container's own folder; empty where the plan needs none
  std::string id = {};                    ///< the container's, after which its cgroup is named
  std::array<int, 3> streams{0, 1, 2};    ///< what the payload gets as 0, 1 and 2; they stay the caller's
  StepDone step_done = {};                ///< may be empty
  std::function<void()> tick = {};        ///< called ten times a second while the payload runs; may be empty
  std::function<void(const Running&)> running = {};  ///< may be empty
  std::function<void(const Exited&)> ended = {};  ///< called when it has ended, before those who wait for it are told; may be empty
  std::function<void()> asleep = {};      ///< called once, when the command has run for a moment and nothing is to do; may be empty
  std::function<void(const std::string&)> notice = {};  ///< told of what goes wrong beside the container; may be empty
  std::string title = {};                 ///< what the caller's terminal is called meanwhile; empty: as it is
  OwnShell shell = {};                    ///< of a plan that has it
  std::optional<Service> service = {};    ///< of a detached container: nobody's terminal and streams are used
};

/// Does what `plan` says and waits for the end of it; the calling process is the monitor: it forwards signals,
/// relays the terminal and sleeps. It must have one thread. Killing the monitor kills the container. snug-run(1).
[[nodiscard]] std::variant<Exited, StepFailure> launch(const plan::Plan& plan, const Outside& outside);

}  // namespace snug::runtime
