// What makes a root that can be written into. The kernel's overlayfs where it can; it is particular about both sides: some file
// systems cannot lie below it, and few can hold what it writes.

#include "draft.hh"
#include "snug/base/text.hh"
#include "snug/plan/hints.hh"

namespace snug::plan {
namespace {

bool is_written(const Spec& spec) { return spec.root_writes != RootWrites::refused || !spec.own_folders.empty(); }

// Who serves files to the container stands on the host, and has to be in another user namespace, where root inside cannot look into it.
bool can_be_served(const Spec& spec) { return is_new(spec.namespaces.user); }

Explanation why_no_overlay(const Draft& draft) {
  const HostFacts& facts = draft.facts;
  if (!facts.has_overlay) return {"this kernel has no overlay file system", "", "modprobe overlay"};
  if (!facts.takes_lower)
    return {format("{} lies on {}, which the kernel's overlays cannot have below them",
                   quoted(draft.spec.rootfs.kind == Rootfs::Kind::image ? facts.store : draft.spec.rootfs.path), facts.lower_type), "", ""};
  return find_missing_storage(facts).value_or(Explanation{});
}

void tell_driver(Draft& draft) {
  if (draft.spec.storage != StorageDriver::automatic) return;  // as was asked for
  const char* what = draft.storage == StorageDriver::copy             ? "the root is a copy of its own, which takes time and room"
                     : draft.storage == StorageDriver::fuse_overlayfs ? "the root is put together by fuse-overlayfs, which is slower than the kernel"
                                                                      : nullptr;
  if (!what) return;
  const Explanation why = why_no_overlay(draft);
  const bool missing = draft.storage == StorageDriver::copy && draft.facts.fuse_overlayfs.empty() && why.ask.empty();
  draft.notice("storage", format("{}: {}", what, why.cause), render_hint({"", why.you_can, missing ? "apt-get install fuse-overlayfs" : why.ask}));
}

}  // namespace

bool has_storage_choice(const Spec& spec) {
  using Kind = Rootfs::Kind;
  return spec.root_writes != RootWrites::kept && (spec.rootfs.kind == Kind::directory || spec.rootfs.kind == Kind::image);
}

StorageDriver choose_storage(const Spec& spec, const HostFacts& facts) {
  if (!has_storage_choice(spec)) return StorageDriver::automatic;
  if (spec.storage != StorageDriver::automatic) return spec.storage;
  // What is thrown away can be kept in memory.
  const bool holds = facts.store_takes_upper || !is_kept(spec) || !is_written(spec);
  if (facts.has_overlay && facts.takes_lower && holds) return StorageDriver::overlay;
  return !facts.fuse_overlayfs.empty() && can_be_served(spec) ? StorageDriver::fuse_overlayfs : StorageDriver::copy;
}

Verdict plan_storage(Draft& draft) {
  const HostFacts& facts = draft.facts;
  draft.storage = choose_storage(draft.spec, facts);
  if (draft.storage == StorageDriver::fuse_overlayfs && facts.fuse_overlayfs.empty())
    return Refusal{"--storage-driver fuse-overlayfs: it is not installed, or /dev/fuse cannot be opened", "snug doctor tells which; ask an administrator: apt-get install fuse-overlayfs"};
  if (draft.storage == StorageDriver::fuse_overlayfs && !can_be_served(draft.spec))
    return Refusal{"--storage-driver fuse-overlayfs needs a user namespace of the container's own: else it could look into the process that serves its root", "--storage-driver copy"};
  if (!facts.replaced_store.empty() && draft.spec.root_writes != RootWrites::kept)
    draft.notice("storage", format("what snug keeps is in {}, on this machine alone: {} lies on {}, which does not take what overlays write",
                                   quoted(facts.store), quoted(facts.replaced_store), facts.replaced_type),
                 "data-local in ~/.config/snug/config.toml names another folder");
  tell_driver(draft);
  return {};
}

}  // namespace snug::plan
