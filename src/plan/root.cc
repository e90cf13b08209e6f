#include <algorithm>
#include <array>
#include <string_view>

#include "draft.hh"
#include "snug/base/text.hh"
#include "snug/plan/hints.hh"

namespace snug::plan {
namespace {

std::string child(const std::string& folder, std::string_view name) {
  return folder == "/" ? format("/{}", name) : format("{}/{}", folder, name);
}

bool is_replaced(std::string_view path) { return !find_replaced(path).empty(); }

// File systems that are windows to the kernel, with nothing to keep in them.
bool is_pseudo(std::string_view type) {
  static constexpr std::array<std::string_view, 16> types{
      "autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts",
      "devtmpfs", "fusectl", "mqueue", "proc", "pstore", "rpc_pipefs", "securityfs", "sysfs"};
  return std::find(types.begin(), types.end(), type) != types.end();
}

// File systems that overlayfs takes as a lower layer: their names neither fold case nor change under it.
bool can_be_lower(std::string_view type) {
  static constexpr std::array<std::string_view, 17> types{
      "bcachefs", "btrfs", "erofs", "ext2", "ext3", "ext4", "f2fs", "iso9660", "jfs",
      "nfs", "nfs4", "overlay", "squashfs", "tmpfs", "udf", "xfs", "zfs"};
  return std::find(types.begin(), types.end(), type) != types.end() || type.starts_with("fuse");
}

// Puts overlays together: where their uppers lie, and what has to be made for that.
class Overlays {
 public:
  explicit Overlays(Draft& draft, bool in_memory) : draft_(draft), in_memory_(in_memory) {}

  Slot add_image(const Rootfs& rootfs) {
    std::vector<Layer> lowers;
    for (const std::string& layer : rootfs.layers) lowers.push_back({layer, {}});
    return add_over(std::move(lowers), format("{}", count_++), 0755, rootfs.given);
  }

  Slot add(const std::string& lower, std::uint32_t mode) {
    const std::string name = draft_.spec.rootfs.kind == Rootfs::Kind::host ? name_for(lower) : format("{}", count_++);
    const bool overlaps = is_below(draft_.facts.store, lower) && !in_memory_ && program().empty();
    const Slot slot = overlaps ? add_above_store(lower, name, mode) : add_over({{lower, {}}}, name, mode);
    open_way(lower, "upper" + name);
    return slot;
  }

  // What the uppers need stands in front of the overlays: the folders before the clone, the tmpfs before its use.
  Slot scratch() {
    if (!scratch_) {
      scratch_ = draft_.new_slot();
      draft_.init(MakeFilesystem{*scratch_, "tmpfs", {{"mode", "0700"}}, {}});
      staged_at_ = draft_.plan.steps.size();
      draft_.init(StageMount{*scratch_, {}});
    }
    return *scratch_;
  }

  void finish() {
    if (!folders_.folders.empty()) draft_.first(std::move(folders_));
  }

 private:
  // The host's folders may be others when the container is started again: an upper belongs to a path, not to a number. And
  // `snug diff` reads it.
  std::string name_for(std::string_view path) {
    constexpr std::size_t longest = 240;
    std::string name;
    for (const char each : path) name += each == '/' ? "%2f" : each == '%' ? "%25" : std::string(1, each);
    return name.size() <= longest || is_kept(draft_.spec) ? name : format("{}", count_++);
  }

  Slot add_over(std::vector<Layer> lowers, const std::string& name, std::uint32_t mode, std::string image = {}) {
    MakeOverlay overlay{draft_.new_slot(), std::move(lowers), layer("upper" + name, mode), layer("work" + name, 0700), draft_.flags(),
                        std::move(image), (is_kept(draft_.spec) || draft_.spec.detach) && !in_memory_, program()};
    const Slot slot = overlay.slot;
    draft_.init(std::move(overlay));
    return slot;
  }

  [[nodiscard]] std::string program() const {
    return draft_.storage == StorageDriver::fuse_overlayfs ? draft_.facts.fuse_overlayfs : std::string();
  }

  // A folder of an id that is not mapped cannot be copied up, nor anything below it. Those on the way to what is the
  // caller's own stand in the upper beforehand.
  void open_way(const std::string& lower, const std::string& upper) {
    for (const ForeignFolder& folder : draft_.facts.foreign)
      if (folder.path != lower && is_below(folder.path, lower))
        static_cast<void>(layer(upper + folder.path.substr(lower.size()), folder.mode));
  }

  // An upper below its own lower is refused (ELOOP). A read-only overlay of the lower and an empty folder in
  // memory hides from the kernel's check that both are one tree, and costs one more look per path.
  Slot add_above_store(const std::string& lower, const std::string& name, std::uint32_t mode) {
    const std::string empty = "empty" + name;
    MakeOverlay veil{0, {{lower, {}}, memory_layer(empty)}, {}, {}, {.read_only = true}};
    veil.slot = draft_.new_slot();
    const Slot slot = veil.slot;
    draft_.init(std::move(veil));
    draft_.init(StageMount{slot, {}});
    return add_over({{".", slot}}, name, mode);
  }

  Layer layer(const std::string& name, std::uint32_t mode) {
    if (in_memory_) return memory_layer(name);
    folders_.folders.push_back({name, mode});
    return {name, {}};
  }

  Layer memory_layer(const std::string& name) {
    const Slot slot = scratch();
    std::get<StageMount>(draft_.plan.steps[staged_at_].action).folders.push_back(name);
    return {name, slot};
  }

  Draft& draft_;
  bool in_memory_;
  MakeFolders folders_;
  std::optional<Slot> scratch_;
  std::size_t staged_at_ = 0;
  unsigned count_ = 0;
};

bool uses_memory(Draft& draft) {
  if (draft.storage == StorageDriver::fuse_overlayfs) return false;  // stands outside, and sees no memory of the container's
  if (draft.spec.root_writes == RootWrites::refused && draft.spec.own_folders.empty()) return true;
  const auto missing = find_missing_storage(draft.facts);
  if (missing) draft.notice("storage", format("writes are kept in memory: {}", missing->cause), missing->you_can);
  if (!draft.facts.memory_takes_upper)
    draft.notice("storage", "in memory, folders that the root brings cannot be removed (EIO): this kernel's tmpfs keeps no user xattrs",
                 "set XDG_DATA_HOME to a folder on a local disk; or boot Linux 6.6 or newer");
  return !draft.facts.store_takes_upper;
}

// The host's own root: a skeleton in memory, with each folder an overlay of the host's folder. Folders above
// other mounts (the spine) are part of the skeleton, because the kernel does not overlay them.
class HostRoot {
 public:
  HostRoot(Draft& draft, Overlays& overlays) : draft_(draft), overlays_(overlays) {}

  void build() {
    draft_.root = draft_.new_slot();
    draft_.init(MakeFilesystem{draft_.root, "tmpfs", {{"mode", "0755"}}, draft_.flags()});
    add_folder("/");
    tell_read_only();
    draft_.of_root = draft_.attachments().size();
    hide_store();
  }

 private:
  void tell_read_only() {
    constexpr std::size_t most = 8;
    if (read_only_.empty()) return;
    const std::size_t more = read_only_.size() > most ? read_only_.size() - most : 0;
    read_only_.resize(read_only_.size() - more);
    draft_.notice("host-root", format("read-only, because they cannot be overlaid: {}{}", join(read_only_, ", "), more ? format(" and {} more, which 'snug plan' lists", more) : ""));
  }

  void add_folder(const std::string& folder) {
    const auto listing = draft_.facts.folders.find(folder);
    if (listing == draft_.facts.folders.end()) return;
    for (const FolderEntry& entry : listing->second) {
      const std::string path = child(folder, entry.name);
      if (!is_replaced(path)) add_entry(path, entry);
    }
  }

  void add_entry(const std::string& path, const FolderEntry& entry) {
    if (entry.kind == FolderEntry::Kind::symlink) {
      draft_.dressing.push_back(MakeLink{path, entry.link});
    } else if (is_volumes(path)) {
      return;
    } else if (entry.kind == FolderEntry::Kind::file) {
      take(path, Attach::Target::make);
    } else if (entry.kind == FolderEntry::Kind::directory) {
      if (draft_.facts.folders.contains(path)) {
        draft_.dressing.push_back(MakeFolder{path, entry.mode});
        add_folder(path);
      } else if (has_mounts_below(path)) {  // what else is in there the caller may not know
        take(path, Attach::Target::make);
      } else if (const std::string type = type_at(path); can_be_lower(type)) {
        draft_.attach_later(overlays_.add(path, entry.mode), path, Attach::Target::make);
      } else if (!is_pseudo(type)) {
        take(path, Attach::Target::make);
      }
    }
  }

  // What cannot be overlaid is shown as it is and cannot be changed.
  void take(const std::string& path, Attach::Target target) {
    MountFlags flags = draft_.flags(true);
    flags.recursive = true;
    const Slot slot = draft_.new_slot();
    draft_.init(TakeTree{slot, path, flags, {}});
    draft_.attach_later(slot, path, target);
    read_only_.push_back(printable(path));
  }

  bool has_mounts_below(const std::string& path) const {
    const auto& mounts = draft_.facts.mounts;
    return std::any_of(mounts.begin(), mounts.end(), [&](const Mount& mount) { return mount.target != path && is_below(mount.target, path); });
  }

  std::string type_at(const std::string& path) const {
    const Mount* nearest = nullptr;
    for (const Mount& mount : draft_.facts.mounts)
      if (is_below(path, mount.target) && (!nearest || mount.target.size() >= nearest->target.size())) nearest = &mount;
    return nearest ? nearest->type : "";
  }

  // In its place there is what the user mounts, and nothing of the machine's.
  [[nodiscard]] bool is_volumes(const std::string& path) const { return find_nearest_volume(draft_.spec, path) != nullptr; }

  // A volume of this machine's may show it, however its source is spelt.
  [[nodiscard]] bool is_store_inside() const {
    const Volume* nearest = find_nearest_volume(draft_.spec, draft_.facts.store);
    return nearest ? std::holds_alternative<BindVolume>(*nearest) : !is_replaced(draft_.facts.store);
  }

  // What snug keeps of this and other containers is not the container's to read. A snug inside keeps its own there.
  void hide_store() {
    if (!is_store_inside()) return;
    const Slot slot = draft_.new_slot();
    if (draft_.spec.restraints.nested)
      draft_.init(MakeFilesystem{slot, "tmpfs", {{"mode", "0700"}}, draft_.flags()});
    else
      draft_.init(MakeFilesystem{slot, "tmpfs", {{"mode", "0700"}, {"size", "4096"}}, {.read_only = true}});
    draft_.attach_later(slot, draft_.facts.store, Attach::Target::optional);
  }

  Draft& draft_;
  Overlays& overlays_;
  std::vector<std::string> read_only_;
};

Verdict plan_directory(Draft& draft, Overlays& overlays) {
  const std::string& path = draft.spec.rootfs.path;
  if (path == "/")
    return Refusal{"the machine's own root cannot be the root of a container as it is",
                   "'host' is this machine's root, copy-on-write: snug run host"};
  if (draft.spec.root_writes != RootWrites::kept) {
    draft.root = overlays.add(path, 0755);
    return {};
  }
  draft.root = draft.new_slot();
  MountFlags flags = draft.flags();
  flags.recursive = true;
  draft.init(TakeTree{draft.root, path, flags, {}});
  draft.plan.opened.push_back(format("--rw: the container writes into {} itself", quoted(path)));
  return {};
}

Verdict plan_image(Draft& draft, Overlays& overlays) {
  const Rootfs& rootfs = draft.spec.rootfs;
  if (draft.spec.root_writes == RootWrites::kept)
    return Refusal{"--rw cannot be used with an image, whose layers all its containers share",
                   "to keep what is written, mount a folder: -v \"$PWD:$PWD\""};
  if (rootfs.layers.empty())
    return Refusal{format("the image {} has no layers, and so no file that could be run", quoted(rootfs.given)), {}};
  draft.root = overlays.add_image(rootfs);
  return {};
}

// What was unpacked or copied for this container alone needs no layer above it.
Verdict plan_own_root(Draft& draft) {
  if (draft.spec.root_writes == RootWrites::kept)
    return Refusal{"--rw cannot be used with an archive: what is written goes away with what was unpacked",
                   "unpack it into a folder: mkdir rootfs; unshare --map-root-user --map-auto tar -C rootfs --exclude='./dev/*' -xf "
                   "ARCHIVE; snug run --rw ./rootfs"};
  draft.root = draft.new_slot();
  draft.init(TakeTree{draft.root, unpacked_root, draft.flags(), {}});
  return {};
}

}  // namespace

bool is_below(std::string_view path, std::string_view folder) {
  if (folder == "/") return true;
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

const std::string& target_of(const Volume& volume) {
  return std::visit([](const auto& any) -> const std::string& { return any.target; }, volume);
}

const Volume* find_nearest_volume(const Spec& spec, std::string_view path) {
  const Volume* nearest = nullptr;
  for (const Volume& volume : spec.volumes)
    if (is_below(path, target_of(volume)) && (!nearest || target_of(*nearest).size() <= target_of(volume).size())) nearest = &volume;
  return nearest;
}

std::string_view find_replaced(std::string_view path) {
  for (const std::string_view top : {"/dev", "/proc", "/run", "/sys", "/tmp"})
    if (is_below(path, top)) return top;
  return {};
}

bool is_given_up(const Draft& draft, std::string_view place) {
  const RootfsFacts& root = draft.facts.rootfs;
  const auto has = [&](const std::vector<std::string>& places) { return std::find(places.begin(), places.end(), place) != places.end(); };
  return draft.spec.own_shell && (has(root.blocked) || (draft.spec.root_writes == RootWrites::kept && has(root.absent)));
}

bool is_folder_inside(const Draft& draft, const std::string& path) {
  const auto& folders = draft.facts.rootfs.folders;
  const bool in_root = std::find(folders.begin(), folders.end(), path) != folders.end();
  if (draft.facts.rootfs.living) return in_root;
  const bool on_host = draft.spec.rootfs.kind == Rootfs::Kind::host;
  const auto& volumes = draft.spec.volumes;
  // The mount itself, or one below it, for which it is made.
  if (std::any_of(volumes.begin(), volumes.end(), [&](const Volume& volume) { return is_below(target_of(volume), path); })) return true;
  if (const Volume* nearest = find_nearest_volume(draft.spec, path)) {
    const auto* bind = std::get_if<BindVolume>(nearest);
    return bind && bind->source == bind->target && on_host && in_root;
  }
  if (const std::string_view top = find_replaced(path); !top.empty()) return path == top && !is_given_up(draft, top);
  const bool hidden = on_host && is_below(path, draft.facts.store);
  return in_root && (!hidden || path == draft.facts.store);
}

std::vector<std::string> host_spine(const std::vector<Mount>& mounts) {
  std::vector<std::string> spine{"/"};
  for (const Mount& mount : mounts) {
    if (mount.target == "/" || is_replaced(mount.target)) continue;
    for (std::size_t slash = mount.target.find('/', 1); slash != std::string::npos; slash = mount.target.find('/', slash + 1))
      spine.push_back(mount.target.substr(0, slash));
  }
  std::sort(spine.begin(), spine.end());
  spine.erase(std::unique(spine.begin(), spine.end()), spine.end());
  return spine;
}

Verdict plan_root(Draft& draft) {
  if (draft.spec.rootfs.kind == Rootfs::Kind::archive || draft.storage == StorageDriver::copy) return plan_own_root(draft);
  if (draft.spec.rootfs.kind == Rootfs::Kind::host && draft.spec.root_writes == RootWrites::kept)
    return Refusal{"--rw cannot be used with 'host': it would be no container of its own",
                   "to keep what you change, mount the folder: -v \"$PWD:$PWD\""};
  Overlays overlays(draft, draft.spec.root_writes != RootWrites::kept && uses_memory(draft));
  const bool of_image = draft.spec.rootfs.kind == Rootfs::Kind::image;
  if (draft.spec.rootfs.kind == Rootfs::Kind::host)
    HostRoot(draft, overlays).build();
  else if (Verdict refused = of_image ? plan_image(draft, overlays) : plan_directory(draft, overlays))
    return refused;
  overlays.finish();
  return {};
}

}  // namespace snug::plan
