#include "check.hh"
#include "functions.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/base/time.hh"
#include "snug/commands/output.hh"
#include "snug/state/container_folder.hh"
#include "snug/state/names.hh"
#include "snug/state/record.hh"
#include "store_of.hh"
#include "sweep.hh"

namespace snug::image_commands {
namespace {

std::string plural(std::size_t count, std::string_view word) { return format("{} {}{}", count, word, count == 1 ? "" : "s"); }

// What is left of containers whose monitor was killed.
void sweep_containers(const image::Store& store, const commands::Trees& trees, bool try_only, Swept& swept) {
  for (const std::string& path : state::find_leftovers(store.path())) {
    auto alone = state::keep_readers_out(path, [] { return false; });
    if (!alone) {
      swept.kept.push_back(format("{} stays: somebody reads it", quoted(path)));
      continue;
    }
    if (try_only) alone->reset();
    const std::uint64_t size = trees.size(path);
    if (!try_only && !commands::remove_container(path, *std::move(alone), [&] { return trees.remove(path); })) {
      swept.kept.push_back(format("{} could not be removed", quoted(path)));
      continue;
    }
    ++swept.unfinished;
    swept.bytes += size;
  }
  if (!try_only) state::drop_stale_names(store.path());
}

void tell(const Swept& swept, bool try_only) {
  for (const std::string& kept : swept.kept) commands::say(format("snug: notice: {}\n", kept));
  commands::print(format("{} {}, {} and {}: {}\n", try_only ? "would remove" : "removed", plural(swept.blobs, "blob"), plural(swept.layers, "layer"),
                         plural(swept.unfinished, "unfinished thing"), render_size(swept.bytes)));
}

}  // namespace

int gc(const cli::Invocation& invocation) {
  const cli::Arguments& arguments = invocation.arguments;
  const bool try_only = arguments.flag("dry-run");
  image::Store store = store_of(invocation);
  if (!store.exists() && state::find_leftovers(store.path()).empty()) {
    tell({}, try_only);
    return 0;
  }
  const commands::Trees trees(invocation.environment);
  const sys::Fd lock = lock_for_removal(store);
  Faults faults;
  if (arguments.flag("check") && store.exists()) faults = check(store, trees, try_only);
  if (faults.no_index) return 1;
  Swept swept = sweep(store, trees, 0, try_only);
  if (arguments.flag("blobs")) drop_blobs(store, try_only, swept);
  sweep_containers(store, trees, try_only, swept);
  tell(swept, try_only);
  return faults.found > faults.mended ? 1 : 0;
}

}  // namespace snug::image_commands
