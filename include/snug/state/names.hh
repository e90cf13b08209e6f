#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "snug/state/record.hh"
#include "snug/sys/fd.hh"

namespace snug::state {

/// Gives a container the name: STORE/names/NAME, a link that says its id, and counts as long as its record, if there is one, says the
/// same. False where a container that is there has it already. Throws where STORE cannot be written.
[[nodiscard]] bool take_name(const std::string& store, const std::string& name, const std::string& id);

/// Waits for one's turn to change a record, which lasts as long as the descriptor: of two who read, change and write it, one would
/// undo what the other did. Throws where STORE cannot be opened.
[[nodiscard]] sys::Fd take_turn(const std::string& store);

/// Gives a container another name, in its record too; of two who rename it at once the later one wins. False as take_name. Throws
/// where the container is gone or STORE cannot be written.
[[nodiscard]] bool rename_container(const std::string& store, const std::string& id, const std::string& name);

/// Takes all names from a container that goes away.
void drop_names(const std::string& store, const std::string& id);

/// Gives the first of `usual`, `usual`-2, … that no container has now.
[[nodiscard]] std::string free_name(const std::string& store, const std::string& usual);

/// Takes away the names that no container has any more, in one's turn.
void drop_stale_names(const std::string& store);

/// Reads the record of the container that has the name. Nothing where none has it, or its record cannot be read.
[[nodiscard]] std::optional<Record> find_named(const std::string& store, const std::string& name);

/// Finds whose name it is: an id. Nothing where no container has it.
[[nodiscard]] std::optional<std::string> find_name(const std::string& store, const std::string& name);

/// Finds the name of the container with this id.
[[nodiscard]] std::optional<std::string> find_name_of(const std::string& store, const std::string& id);

/// Finds the name that was meant, perhaps, by one that no container has.
[[nodiscard]] std::optional<std::string> find_nearest_name(const std::string& store, std::string_view typed);

}  // namespace snug::state
