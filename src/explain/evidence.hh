#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "snug/explain/picture.hh"

namespace snug::explain {

/// Who made a container, what it is called, and what says so.
struct Evidence {
  std::string maker, name, source;
};

/// The machine's processes by their numbers.
using ByNumber = std::map<pid_t, const plan::LiveProcess*>;

/// What the path of a cgroup tells: of a container, or, with less weight, of an application or a service.
[[nodiscard]] std::optional<Evidence> container_of_cgroup(std::string_view path);
[[nodiscard]] std::optional<Evidence> unit_of_cgroup(std::string_view path);

/// Names a group whose members are known by all that tells something. Pure.
[[nodiscard]] Evidence name_group(const Group& group, const ByNumber& processes);

/// What a program that works for containers does; "" where it is none.
[[nodiscard]] std::string_view role_of(const plan::LiveProcess& process);

/// What a helper is called by who starts it: programs come in variants for processors, and "pasta" is a name of passt(1).
[[nodiscard]] std::string program_name(const plan::LiveProcess& process);

/// Whether system calls of others are answered there.
[[nodiscard]] bool answers_calls(const plan::LiveProcess& process);

/// Whether it listens for a container.
[[nodiscard]] bool serves_network(const plan::LiveProcess& process);

/// Gives the word behind `option` on a command line; "" where it is not there.
[[nodiscard]] std::string word_after(const plan::LiveProcess& process, std::string_view option);

}  // namespace snug::explain
