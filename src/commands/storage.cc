#include "storage.hh"

#include <utility>

#include "snug/commands/output.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/runtime/mapped.hh"
#include "snug/state/record.hh"

namespace snug::commands {

Storage::Storage(const plan::Plan& plan, std::string store) : store_(std::move(store)) {
  if (const auto* maps = plan.find<plan::WriteIdMaps>()) maps_ = *maps;
  if (plan.find<plan::MakeFolders>()) folder_.emplace(store_);
}

Storage::~Storage() {
  try {
    if (folder_) remove(folder_->path());
    for (const std::string& path : state::find_leftovers(store_)) remove(path);
  } catch (const Error& error) {
    say(format("snug: notice: {}\n", error.message()));
  }
}

// Files of sub-ids can only be removed by somebody who is root over them.
void Storage::remove(const std::string& path) const {
  const sys::Fd alone = state::wait_for_readers(path);
  if (state::remove_tree(path)) return;
  if (maps_ && runtime::run_mapped(*maps_, [&] { return state::remove_tree(path); })) return;
  say(format("snug: notice: {} could not be removed\n", quoted(path)));
}

}  // namespace snug::commands
