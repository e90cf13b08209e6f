#include <algorithm>
#include <array>
#include <cerrno>

#include "draft.hh"
#include "snug/base/text.hh"
#include "snug/plan/hints.hh"

namespace snug::plan {
namespace {

constexpr MountFlags closed{.no_exec = true};

struct Node {
  const char* name;
  std::uint32_t device;  ///< major << 8 | minor, as Documentation/admin-guide/devices.txt gives them
};
constexpr std::array<Node, 6> nodes{{{"null", 0x103}, {"zero", 0x105}, {"full", 0x107},
                                     {"random", 0x108}, {"urandom", 0x109}, {"tty", 0x500}}};

class Mounts {
 public:
  explicit Mounts(Draft& draft) : draft_(draft), walls_(draft.spec.namespaces) {}

  Verdict plan() {
    plan_proc();
    plan_sys();
    plan_dev();
    make_tmpfs("/run", {{"mode", "0755"}}, {});
    if (!is_target("/tmp")) make_tmpfs("/tmp", {{"mode", "1777"}}, {});
    tell_given_up();
    plan_files();
    if (Verdict refused = plan_volumes()) return refused;
    plan_devices();
    draft_.init(PivotRoot{draft_.root});
    plan_visits();
    for (Action& action : draft_.dressing) draft_.init(std::move(action));
    plan_own_folders(true);
    for (const Attach& attach : in_order()) draft_.init(attach);
    if (!is_given_up(draft_, "/dev"))
      for (Action& action : links_) draft_.init(std::move(action));
    if (carries_terminal(draft_)) draft_.init(CarryTerminal{draft_.facts.terminal.type, draft_.facts.rootfs.terminal_entry});
    plan_own_folders(false);
    plan_masks();
    plan_work_folder();
    if (draft_.spec.root_writes == RootWrites::refused) plan_read_only();
    plan_names();
    return {};
  }

 private:
  Attach::Target folder() const {
    return draft_.spec.root_writes == RootWrites::kept ? Attach::Target::must_exist : Attach::Target::make;
  }
  Slot make(std::string type, std::vector<std::pair<std::string, std::string>> options, MountFlags flags) {
    const Slot slot = draft_.new_slot();
    const IdMaps& maps = draft_.maps;
    if (type == "tmpfs" && maps.setup_uid.value != 0 && find_range(maps.uids, {0}) && find_range(maps.gids, {0}))
      for (const char* owner : {"uid", "gid"})
        if (std::none_of(options.begin(), options.end(), [&](const auto& option) { return option.first == owner; })) options.push_back({owner, "0"});
    draft_.init(MakeFilesystem{slot, std::move(type), std::move(options), flags});
    return slot;
  }

  Slot take(const std::string& source, MountFlags flags, std::optional<DeviceNode> device = {}) {
    const Slot slot = draft_.new_slot();
    draft_.init(TakeTree{slot, source, flags, device});
    return slot;
  }

  // What is made of it may be of use where it is not to be seen: the namespaces that are kept come from /proc, the terminal from /dev.
  void attach_place(Slot slot, const std::string& place) {
    is_given_up(draft_, place) ? given_up_.push_back(place) : draft_.attach_later(slot, place, folder());
  }

  void tell_given_up() {
    if (given_up_.empty()) return;
    const char* makes_none = draft_.spec.root_writes == RootWrites::kept ? ", and with --rw snug makes none" : "";
    draft_.notice("mounts", format("{} {} not mounted: the root file system has no folder there{}", join(given_up_, ", "), given_up_.size() == 1 ? "is" : "are", makes_none),
                  format("'ls -ld {}' tells what is there", join(given_up_, " ")));
  }

  void make_tmpfs(const std::string& target, std::vector<std::pair<std::string, std::string>> options, MountFlags flags) {
    attach_place(make("tmpfs", std::move(options), flags), target);
  }

  void plan_proc() {
    // A proc file system shows the process namespace of whoever makes it; the host's is shown where it is shared.
    const bool fresh = !is_host(walls_.pid);
    // Files such as /proc/sys/kernel/core_pattern ask who writes, not what he may do: for the machine's root, who is
    // himself in whatever namespace, only the mount stands between them.
    const bool read_only = draft_.facts.machines_root;
    const MountFlags flags{.read_only = read_only, .no_exec = true, .recursive = !fresh};
    proc_ = fresh ? make("proc", {}, flags) : take("/proc", flags);
    forbid_namespaces(fresh && !read_only);
    attach_place(proc_, "/proc");
  }

  // While the process may still do so; what is made inside later may not.
  void forbid_namespaces(bool writable) {
    if (!is_new(walls_.user) || draft_.spec.restraints.nested) return;
    if (!writable && draft_.facts.sysctls_read_only)
      return tell_nesting();
    draft_.init(ForbidNamespaces{writable ? std::optional(proc_) : std::nullopt});
  }

  void tell_nesting() {
    const Explanation why = explain_failure(ForbidNamespaces{}, EROFS, draft_.facts, {});
    const char* left = filter_shuts_namespaces(draft_.spec) ? "only the filter of system calls" : "nothing";
    draft_.notice("nesting", format("{} keeps user namespaces from being made inside: {}", left, why.cause), why.ask);
  }

  void plan_masks() {
    MaskPaths masks = masks_of(draft_.spec);
    masks.null = null_;
    const auto is_gone = [&](const std::string& path) {
      return std::any_of(given_up_.begin(), given_up_.end(), [&](const auto& place) { return is_below(path, place); });
    };
    for (std::vector<std::string>* paths : {&masks.hidden, &masks.read_only}) std::erase_if(*paths, is_gone);
    if (!masks.hidden.empty() || !masks.read_only.empty()) draft_.init(std::move(masks));
  }

  void plan_visits() {
    KeepNamespaces keep{proc_, kinds_of(walls_)};
    keep.kinds.emplace_back(KeepNamespaces::root);
    draft_.init(std::move(keep));
  }

  void plan_sys() {
    // sysfs belongs to a network namespace, and only its owner may mount it: of a new one, or of one whose user namespace came along.
    MountFlags flags{.read_only = true, .no_exec = true};
    const auto* joined = std::get_if<JoinNamespace>(&walls_.network);
    const bool fresh = is_new(walls_.network) || (joined && !joined->container.empty());
    if (!fresh) flags.recursive = true;
    attach_place(fresh ? make("sysfs", {}, flags) : take("/sys", flags), "/sys");
    if (fresh && is_new(walls_.cgroup) && !is_given_up(draft_, "/sys"))
      draft_.attach_later(make("cgroup2", {}, flags), "/sys/fs/cgroup", Attach::Target::must_exist);
  }

  void plan_dev() {
    const Slot dev = make("tmpfs", {{"mode", "0755"}, {"size", "65536"}}, {.no_exec = true});
    attach_place(dev, "/dev");
    if (!is_target("/dev")) dev_ = dev;
    null_ = draft_.plan.slots;  // the first of them
    for (const Node& node : nodes)
      add_inside(take(format("/dev/{}", node.name), device_flags(), DeviceNode{node.device}), node.name);
    std::vector<std::pair<std::string, std::string>> pts{{"ptmxmode", "0666"}, {"mode", "0620"}};
    if (!std::holds_alternative<JoinNamespace>(walls_.user) && find_range(draft_.maps.gids, {5})) pts.push_back({"gid", "5"});
    devpts_ = make("devpts", std::move(pts), {.no_devices = false, .no_exec = true});
    add_inside(devpts_, "pts");
    plan_ipc();
    for (const auto& [name, link] : {std::pair{"ptmx", "pts/ptmx"}, std::pair{"fd", "/proc/self/fd"},
                                     std::pair{"stdin", "/proc/self/fd/0"}, std::pair{"stdout", "/proc/self/fd/1"},
                                     std::pair{"stderr", "/proc/self/fd/2"}})
      links_.push_back(MakeLink{format("/dev/{}", name), link, dev_});
  }

  void plan_ipc() {
    if (is_host(walls_.ipc)) {
      add_inside(take("/dev/shm", closed), "shm");
      return;
    }
    add_inside(make("tmpfs", {{"mode", "1777"}, {"size", format("{}", draft_.spec.shm_size)}}, closed), "shm");
    if (is_new(walls_.ipc)) add_inside(make("mqueue", {}, closed), "mqueue");
  }

  void add_inside(Slot slot, std::string_view name) {
    if (is_given_up(draft_, "/dev")) return;
    draft_.attach_later(slot, format("/dev/{}", name), Attach::Target::make, dev_);
  }

  bool is_target(std::string_view place) const {
    return std::any_of(draft_.spec.volumes.begin(), draft_.spec.volumes.end(), [&](const Volume& volume) { return target_of(volume) == place; });
  }

  // hosts, resolv.conf and hostname are mounted over: what the image has there is neither read nor changed.
  void plan_files() {
    const std::string host = hostname_of(draft_);
    MakeFiles files;
    const Network& network = draft_.spec.network;
    add_file(files, "hosts", hosts(host), !draft_.spec.hosts.empty() || !network.host_loopback.empty());
    add_file(files, "resolv.conf", resolv_conf_of(draft_), !draft_.spec.dns.empty() || !network.search.empty());
    if (!host.empty()) add_file(files, "hostname", host + "\n");
    const Identity& who = draft_.identity;
    const RootfsFacts& rootfs = draft_.facts.rootfs;
    if (!who.account && is_to_complete("/etc/passwd", rootfs.passwd)) add_file(files, "passwd", passwd(who));
    if (is_to_complete("/etc/group", rootfs.group) && !has_group([&](const Group& group) { return group.gid == who.gid.value; })) add_file(files, "group", groups(who.gid));
    add_apt_setting(files);
    draft_.init(std::move(files));
  }

  // A volume's are the user's own, and not the root's to be completed. Where there are none, and what is written is kept, somebody may
  // install some, and what he wrote into ours would be gone.
  [[nodiscard]] bool is_to_complete(const char* path, const std::optional<std::string>& text) const {
    const bool stays = draft_.spec.root_writes == RootWrites::kept || (draft_.spec.root_writes != RootWrites::refused && is_kept(draft_.spec));
    return text && !(text->empty() && stays) && find_nearest_volume(draft_.spec, path) == nullptr;
  }

  // What was asked for by an option must not be missing.
  void add_file(MakeFiles& files, const std::string& name, std::string content, bool asked = false) {
    const Slot slot = draft_.new_slot();
    files.files.push_back({slot, name, std::move(content)});
    draft_.attach_later(slot, format("/etc/{}", name), asked ? Attach::Target::make : Attach::Target::optional);
  }

  // apt(8) becomes another user to fetch packages, and looks whether it has; dpkg(1) and their like believe what they are told.
  void add_apt_setting(MakeFiles& files) {
    if (!emulates_root(draft_) || !is_folder_inside(draft_, apt_settings)) return;
    const Slot slot = draft_.new_slot();
    files.files.push_back({slot, "apt.conf", "// root has no ids but its own here\nAPT::Sandbox::User \"root\";\n"});
    draft_.attach_later(slot, format("{}/zz-snug", apt_settings), Attach::Target::optional);
  }

  static std::string with_line(std::string text, const std::string& line) {
    if (!text.empty() && !text.ends_with('\n')) text += '\n';
    return text + line + '\n';
  }

  std::string passwd(const Identity& who) const {
    const auto& shells = draft_.facts.rootfs.shells;
    return with_line(*draft_.facts.rootfs.passwd,
                     format("{}:x:{}:{}::{}:{}", who.name, who.uid.value, who.gid.value, who.home, shells.empty() ? "/bin/sh" : shells.front()));
  }

  template <typename Condition>
  bool has_group(Condition condition) const {
    return std::any_of(draft_.facts.rootfs.groups.begin(), draft_.facts.rootfs.groups.end(), condition);
  }

  // What it is called out here may be the name of another one inside.
  std::string groups(ContainerId gid) const {
    const std::string name = gid.value == 0 ? "root" : gid == draft_.maps.caller_gid ? draft_.facts.group_name : "";
    const bool named = !name.empty() && !has_group([&](const Group& group) { return group.name == name; });
    return with_line(*draft_.facts.rootfs.group, format("{}:x:{}:", named ? name : format("{}", gid.value), gid.value));
  }

  std::string hosts(const std::string& host) const {
    std::string text = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n";
    // Who announces the address of his own name means one at which others reach him.
    const auto& networks = draft_.facts.networks;
    if (!host.empty()) text += format("{} {}\n", networks.empty() ? "127.0.1.1" : address_in(networks.front().subnet4, networks.front().number), host);
    text += hosts_of(draft_);
    for (const HostEntry& entry : draft_.spec.hosts) text += format("{} {}\n", entry.address, entry.name);
    return text;
  }

  Verdict plan_volumes() {
    auto taken = draft_.volumes.begin();
    for (const Volume& volume : draft_.spec.volumes) {
      if (const auto* bind = std::get_if<BindVolume>(&volume)) {
        draft_.attach_later(*taken++, bind->target, Attach::Target::make);
        draft_.plan.opened.push_back(format("{} is the host's {}{}", printable(bind->target), printable(bind->source),
                                            bind->read_only ? ", read-only" : ""));
      } else {
        if (Verdict refused = plan_tmpfs(std::get<TmpfsVolume>(volume))) return refused;
      }
    }
    return {};
  }

  Verdict plan_tmpfs(const TmpfsVolume& tmpfs) {
    std::vector<std::pair<std::string, std::string>> options{{"mode", format("{:04o}", tmpfs.mode.value_or(01777))}};
    if (tmpfs.size) options.push_back({"size", format("{}", *tmpfs.size)});
    if (Verdict refused = add_owner(options, "uid", draft_.maps.uids, tmpfs.uid, tmpfs.target)) return refused;
    if (Verdict refused = add_owner(options, "gid", draft_.maps.gids, tmpfs.gid, tmpfs.target)) return refused;
    draft_.attach_later(make("tmpfs", std::move(options), {.read_only = tmpfs.read_only, .no_exec = !tmpfs.executable}), tmpfs.target, Attach::Target::make);
    return {};
  }

  static Verdict add_owner(std::vector<std::pair<std::string, std::string>>& options, const char* kind, const std::vector<IdRange>& map,
                           std::optional<ContainerId> id, const std::string& target) {
    if (!id) return {};
    if (Verdict refused = check_mapped(map, *id, format("--tmpfs {}: {}", printable(target), kind))) return refused;
    options.push_back({kind, format("{}", id->value)});
    return {};
  }

  // A read-only mount does not stop writes to a device, but it keeps owner and mode, which are the machine's root's.
  MountFlags device_flags() const {
    return {.read_only = draft_.facts.machines_root, .no_devices = false, .no_exec = true};
  }

  void plan_devices() {
    for (const Device& device : draft_.spec.devices) {
      draft_.attach_later(take(device.source, device_flags(), DeviceNode{}), device.target, Attach::Target::make);
      draft_.plan.opened.push_back(format("the device {}", printable(device.source)));
    }
  }

  // A mount on /a comes before one on /a/b, whatever the order they were asked for in; else that order stays. The parts of the
  // root come before them all: where a link leads a volume above some, it covers them.
  std::vector<Attach> in_order() const {
    std::vector<Attach> attachments = draft_.attachments();
    const auto is_shallower = [](const Attach& a, const Attach& b) {
      return std::count(a.target.begin(), a.target.end(), '/') < std::count(b.target.begin(), b.target.end(), '/');
    };
    const auto others = attachments.begin() + static_cast<std::ptrdiff_t>(draft_.of_root);
    std::stable_sort(attachments.begin(), others, is_shallower);
    std::stable_sort(others, attachments.end(), is_shallower);
    return attachments;
  }

  // What is written to the root goes to an upper of the container's own, and away with it: such a folder only has to be there.
  // Where the root is read-only it is a mount of its own, before others are attached below it.
  void plan_own_folders(bool parted) {
    const bool read_only = draft_.spec.root_writes == RootWrites::refused;
    for (const std::string& folder : draft_.spec.own_folders)
      if (!has_its_place(folder) && parted == (read_only && find_replaced(folder).empty()))
        draft_.init(parted ? Action(PartFolder{folder}) : Action(MakeFolder{folder, 0755}));
  }

  // What is mounted there, because it was asked for or because all containers have it, is not the image's.
  bool has_its_place(const std::string& folder) const {
    const auto holds = [&](const Volume& volume) { return is_below(folder, target_of(volume)); };
    const auto covers = [&](const Attach& attach) { return attach.target == folder; };
    const std::string_view top = find_replaced(folder);
    return folder == "/" || top == "/proc" || top == "/sys" || top == "/dev" ||
           std::any_of(draft_.spec.volumes.begin(), draft_.spec.volumes.end(), holds) ||
           std::any_of(draft_.attachments().begin(), draft_.attachments().end(), covers);
  }

  void plan_work_folder() {
    if (draft_.spec.workdir && draft_.spec.root_writes != RootWrites::kept) draft_.init(MakeFolder{*draft_.spec.workdir, 0755});
  }

  void plan_read_only() {
    MountFlags flags = draft_.flags(true);
    draft_.init(SetMountFlags{"/", flags});
    if (draft_.spec.rootfs.kind != Rootfs::Kind::host) return;
    for (const Step& step : draft_.plan.steps)
      if (const auto* overlay = std::get_if<MakeOverlay>(&step.action); overlay && overlay->upper)
        for (const Attach& attach : draft_.attachments())
          if (attach.slot == overlay->slot) read_only_.push_back(attach.target);
    for (const std::string& target : read_only_) draft_.init(SetMountFlags{target, flags});
  }

  void plan_names() {
    if (is_new(walls_.uts)) draft_.init(SetHostname{own_hostname(draft_.spec)});
    if (is_new(walls_.network)) draft_.init(BringUpLoopback{});
    plan_openings(draft_);
    if (draft_.plan.terminal) draft_.init(OpenTerminal{devpts_});
  }

  Draft& draft_;
  const Namespaces& walls_;
  Slot proc_ = 0, devpts_ = 0, null_ = 0;
  std::optional<Slot> dev_;  // where /dev is the container's own
  std::vector<Action> links_;
  std::vector<std::string> read_only_;
  std::vector<std::string> given_up_;  // places on which nothing is mounted
};

}  // namespace

// A copy of "/" has all that lies on it: what is staged there is not the host's.
Verdict plan_sources(Draft& draft) {
  for (const Volume& volume : draft.spec.volumes) {
    const auto* bind = std::get_if<BindVolume>(&volume);
    if (!bind) continue;
    const MountFlags flags{.read_only = bind->read_only, .no_exec = !bind->executable, .recursive = bind->recursive};
    draft.volumes.push_back(draft.new_slot());
    TakeTree take{draft.volumes.back(), bind->source, flags, {}};
    for (const WrittenSource& written : draft.facts.written_sources)
      if (written.source == bind->source) take.source = format("{}/{}", written.folder == "/" ? "" : written.folder, written.rest), take.beneath = written.folder;
    draft.init(std::move(take));
  }
  return {};
}

Verdict plan_mounts(Draft& draft) {
  if (Verdict refused = plan_streams(draft)) return refused;
  if (draft.spec.hostname && !is_new(draft.spec.namespaces.uts))
    return Refusal{"--hostname: the host name is shared by --uts, and is not the container's to set",
                   "leave one of the two out"};
  return Mounts(draft).plan();
}

}  // namespace snug::plan
