#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "snug/plan/machine.hh"
#include "snug/plan/step.hh"

namespace snug::explain {

/// How a group of processes stands to one kind of namespace.
enum class Standing { own, shared, hosts, unknown };

/// Something of the host that can be reached from inside.
struct Door {
  std::string inside, outside;  ///< paths; a door of the network has an address, a name or a rule outside, and nothing inside
  std::string kind;             ///< folder, file, socket, device; port, network, allow, host-loopback; mount where it is not known
  bool read_only = false;
  bool operator==(const Door&) const = default;
};

/// A container that snug's own records know.
struct Recorded {
  std::string id, name, image;
  pid_t monitor = 0, init = 0;
  plan::WallInodes walls{};
  std::vector<std::string> networks;  ///< that it shares
  std::vector<std::string> ports;     ///< of this machine that lead in, and where to
  std::optional<std::vector<std::string>> allow;  ///< what alone it may send to: --allow
  std::vector<std::uint16_t> host_loopback;       ///< ports of the host's 127.0.0.1 that it reaches
  std::vector<std::string> lowers;                ///< the layers of its root, topmost first
  std::string upper;                              ///< where what it writes lies; may be empty
  std::optional<plan::EnforceLandlock> landlock;  ///< where it is in force
  std::string filter = {};                        ///< of system calls, by its name; empty where that is not known
  bool filter_shuts = false;                      ///< and it lets nobody make user namespaces
};

/// Processes that share all their namespaces, which are not all the host's.
struct Group {
  std::string name;      ///< by evidence; a stranger's text
  std::string maker;     ///< snug, podman, docker, flatpak, …; "" where nothing tells
  std::string evidence;  ///< what the two are taken from
  plan::WallInodes inodes{};
  std::array<Standing, plan::wall_count> walls{};
  std::array<std::vector<std::string>, plan::wall_count> partners;  ///< of a shared one: the other groups
  std::vector<plan::LiveProcess> members;  ///< by their numbers
  std::size_t leader = 0;                  ///< of `members`: the oldest of them, or pid 1 inside
  std::size_t alike = 1;                   ///< so many groups look like this one, which stands for them all
  std::string within;                      ///< the group that it was started in
  std::optional<Recorded> record;
  std::optional<plan::Insides> insides;    ///< what probe read of its leader
};

/// Whether the two are one, whatever is known of it: no process is in another one.
[[nodiscard]] inline bool are_one(const Group& one, const Group& other) { return one.members[one.leader].pid == other.members[other.leader].pid; }

/// A process that made or helps containers, and is in the way of none.
struct Helper {
  plan::LiveProcess process;
  std::string name;               ///< of its program: "pasta" also where that runs a variant for this processor
  std::string does, role;         ///< "monitor of", "monitor of web"
  std::optional<std::size_t> of;  ///< the group that it is there for
  bool serves_network = false;    ///< ports that it listens at are doors of the group
  plan::WallInodes here{};        ///< what it shares with the reader, to tell walls of its own
};

/// What is drawn: the machine, told apart into those who have walls and those who have none.
struct Picture {
  std::string kernel, host;
  unsigned processors = 1;
  std::uint64_t ticks = 100;
  std::size_t kernel_threads = 0;
  plan::WallInodes here{};
  bool from_within = false;  ///< the reader is in a container itself: "the host" is that
  std::vector<Group> groups;
  std::vector<Helper> helpers;
  std::vector<std::pair<std::string, std::size_t>> plain;  ///< names and numbers of those without walls, the most frequent first
  std::size_t plain_count = 0;
  std::size_t closed = 0;    ///< processes of others whose namespaces may not be read
  std::size_t traced = 0;    ///< processes that another one can stop at each system call
};

/// The names of programs whose command lines tell something: for probe::read_machine.
[[nodiscard]] std::span<const std::string_view> telling_names();

/// Tells the machine's processes apart. Pure.
[[nodiscard]] Picture make_picture(const plan::Machine& machine, std::span<const Recorded> records);

/// Puts groups that look alike, doors and limits included, into one, which counts them: for drawings. What is inside has been read.
void gather_alike(Picture& picture);

/// Finds the group of a process; one without walls is a group of its own. Nothing where there is no such process.
[[nodiscard]] std::optional<Group> find_group(const Picture& picture, const plan::Machine& machine, pid_t pid);

/// Whether it is one of the network, and no path.
[[nodiscard]] bool leads_by_network(const Door& door);

/// Whom the group is there for: the first process in it that is no wrapper. An index of its members.
[[nodiscard]] std::size_t payload_of(const Group& group);

/// Lists what of the host is open to the group: networks, ports, binds, devices, sockets. Needs its insides, but for the first.
[[nodiscard]] std::vector<Door> doors_of(const Group& group);

/// How a drawing is made.
struct Style {
  std::size_t width = 80;  ///< columns
  bool unicode = true, colour = false, inodes = false;
};

/// Draws the picture for a terminal: a box for each group, all on one kernel. snug-walls(1).
[[nodiscard]] std::string render_picture(const Picture& picture, const Style& style);

/// Renders the same as JSON, as SVG and in the language of graphviz.
[[nodiscard]] std::string render_picture_json(const Picture& picture);
[[nodiscard]] std::string render_picture_svg(const Picture& picture);
[[nodiscard]] std::string render_picture_dot(const Picture& picture);

/// Tells all about one group: `member` is the process that was asked for.
[[nodiscard]] std::string render_group(const Picture& picture, const Group& group, const plan::LiveProcess& member, const Style& style);
[[nodiscard]] std::string render_group_json(const Picture& picture, const Group& group, const plan::LiveProcess& member);

/// One side of a comparison.
struct Side {
  std::string name;
  plan::LiveProcess process;
  plan::Insides insides;
  std::vector<std::string> networks = {};  ///< of snug, that it shares
};

/// Tells line by line what separates two processes, and what does not. snug-walls(1).
[[nodiscard]] std::string render_comparison(const Side& left, const Side& right, const Style& style);
[[nodiscard]] std::string render_comparison_json(const Side& left, const Side& right);

}  // namespace snug::explain
