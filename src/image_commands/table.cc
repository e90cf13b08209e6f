#include "table.hh"

#include <array>

#include "functions.hh"

namespace snug::image_commands {
namespace {

struct Row {
  std::string_view name;
  Function function;
};

constexpr std::array table{
    Row{"bootstrap", bootstrap},
    Row{"commit", commit},
    Row{"df", df},
    Row{"export", export_container},
    Row{"gc", gc},
    Row{"history", history},
    Row{"images", images},
    Row{"import", import},
    Row{"inspect", inspect},
    Row{"load", load},
    Row{"login", login},
    Row{"logout", logout},
    Row{"pull", pull},
    Row{"push", push},
    Row{"rmi", rmi},
    Row{"save", save},
    Row{"tag", tag},
};

}  // namespace

Function find_function(std::string_view name) {
  for (const Row& row : table)
    if (row.name == name) return row.function;
  return nullptr;
}

}  // namespace snug::image_commands
