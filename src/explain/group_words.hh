#pragma once

#include <string>
#include <vector>

#include "snug/explain/picture.hh"

namespace snug::explain {

// What is told of a process in sentences, alike for people and as JSON.

/// Says what ids inside are outside: "root in here is uid 1000 out there".
[[nodiscard]] std::vector<std::string> id_sentences(std::string_view what, const std::vector<plan::IdRange>& map);

/// Says where a mount comes from.
[[nodiscard]] std::string origin_sentence(const plan::LiveMount& mount, const Group& group);

/// Names the capabilities of a set, in small letters, without cap_.
[[nodiscard]] std::vector<std::string> capability_names(std::uint64_t set);

/// Says whether the kernel filters the system calls of a process of the group, and what set-user-ID programs are worth to it.
[[nodiscard]] std::string seccomp_sentence(const plan::LiveProcess& process, const Group& group);
[[nodiscard]] std::string privileges_sentence(const plan::LiveProcess& process);

/// Says what Landlock does there: the kernel shows it of nobody, and snug's record alone tells.
[[nodiscard]] std::string landlock_sentence(const Group& group);

/// Says whether user namespaces can be made in there.
[[nodiscard]] std::string nesting_sentence(const Group& group);

/// Whether the limits of the group could be read; and what they are, in a sentence, which is empty where there are none and where nobody looked.
[[nodiscard]] bool has_limits(const Group& group);
[[nodiscard]] std::string limits_sentence(const Group& group);

/// Says what is on the way of system calls, besides the kernel: empty where there is nothing.
[[nodiscard]] std::vector<std::string> obstacles_of(const Picture& picture, const plan::LiveProcess& process, const Group& group);

/// Says how the system calls of all containers come to the kernel.
[[nodiscard]] std::string way_to_kernel(const Picture& picture);

/// A process that is there for the group and sits outside the path of its system calls.
struct Bystander {
  const plan::LiveProcess* process = nullptr;
  std::string name, role;
};
[[nodiscard]] std::vector<Bystander> bystanders_of(const Picture& picture, const Group& group, const plan::LiveProcess& member);

/// Walls that are shared with the same others: "net uts", "web, db".
struct Sharing {
  std::string walls, with;
};
[[nodiscard]] std::vector<Sharing> sharings_of(const Group& group);

/// Whether the picture has things that are drawn once, with their number.
[[nodiscard]] bool counts_alike(const Picture& picture);

/// The word for how a group stands to a namespace.
[[nodiscard]] std::string_view word_for(Standing standing);

}  // namespace snug::explain
