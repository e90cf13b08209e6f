#include <doctest/doctest.h>

#include <algorithm>
#include <string>

#include "made.hh"
#include "snug/plan/plan.hh"

using namespace snug;
using namespace snug::plan;

namespace {

Spec a_spec() {
  Spec spec;
  spec.rootfs = {Rootfs::Kind::image, "", "debian:12", "debian:12", {"/store/layers/m/b/root", "/store/layers/m/a/root"}};
  spec.command = {"make"};
  return spec;
}

HostFacts some_facts() {
  HostFacts facts;
  facts.uid = facts.gid = {1000};
  facts.subuids = facts.subgids = {{{100000}, 65536}};
  facts.newuidmap = "/usr/bin/newuidmap";
  facts.newgidmap = "/usr/bin/newgidmap";
  facts.store = "/store";
  facts.rootfs.shells = {"/bin/sh"};
  return facts;
}

Plan plan_of(const Spec& spec, const HostFacts& facts = some_facts()) { return snug::test::plan_of(spec, facts); }

Refusal refusal(const Spec& spec, const HostFacts& facts = some_facts()) {
  const auto made = make_plan(spec, facts);
  return std::holds_alternative<Refusal>(made) ? std::get<Refusal>(made) : Refusal{"a plan", ""};
}

template <typename T>
std::size_t place_of(const Plan& plan, const T& wanted) {
  const auto found = std::find_if(plan.steps.begin(), plan.steps.end(), [&](const Step& step) {
    const T* action = std::get_if<T>(&step.action);
    return action && *action == wanted;
  });
  return static_cast<std::size_t>(found - plan.steps.begin());
}

}  // namespace

TEST_CASE("image: the layers are the lowers of one overlay, whose upper is thrown away") {
  const Plan plan = plan_of(a_spec());
  const auto* overlay = plan.find<MakeOverlay>();
  REQUIRE(overlay);
  CHECK(overlay->lowers == std::vector<Layer>{{"/store/layers/m/b/root", {}}, {"/store/layers/m/a/root", {}}});
  CHECK(overlay->upper == Layer{"upper0", {}});
  CHECK(plan.find<PivotRoot>()->root == overlay->slot);
  CHECK(plan.find<MakeFolders>());
  CHECK(plan.notices.empty());
}

TEST_CASE("image: where the store's file system takes no upper, writes are kept in memory, with a notice") {
  HostFacts facts = some_facts();
  facts.store_takes_upper = false;
  const Plan plan = plan_of(a_spec(), facts);
  CHECK(plan.find<MakeOverlay>()->upper->mount);
  REQUIRE(plan.notices.size() == 1);
  CHECK(plan.notices[0].wall == "storage");
}

TEST_CASE("image: --rw is refused, and so is an image without a layer") {
  Spec spec = a_spec();
  spec.root_writes = RootWrites::kept;
  CHECK(refusal(spec).message == "--rw cannot be used with an image, whose layers all its containers share");
  spec = a_spec();
  spec.rootfs.layers.clear();
  CHECK(refusal(spec).message == "the image 'debian:12' has no layers, and so no file that could be run");
}

TEST_CASE("image: without a command it is a shell for whoever can type, and else an error") {
  Spec spec = a_spec();
  spec.command.clear();
  CHECK(refusal(spec).message == "no command was given, and the image 'debian:12' names none");
  spec.interactive = true;
  CHECK(plan_of(spec).find<Exec>()->paths.front() == "/bin/sh");
  spec.interactive = false;
  HostFacts facts = some_facts();
  facts.terminal = {true, true, true, "xterm"};
  CHECK(plan_of(spec, facts).find<Exec>()->paths.front() == "/bin/sh");
}

TEST_CASE("image: what its User says is told as the image's, not as an option") {
  Spec spec = a_spec();
  HostFacts facts = some_facts();
  facts.rootfs.accounts = {{"1000", 7, 7, "/", "/bin/sh"}};
  spec.user = UserChoice{"1000", "", true};
  CHECK(plan_of(spec, facts).find<Exec>());
  for (const char* number : {"4294967295", "2147483648", "4294967296", "100000000000000000000"}) {
    spec.user->user = number;
    CHECK(refusal(spec).message == "the image's User '" + std::string(number) + "': the number is not an id");
  }
  for (const char* name : {"-1", "+1", "web", "0x0", " 0"}) {
    spec.user->user = name;
    CHECK(refusal(spec).message == "the image's User '" + std::string(name) + "': the root file system's /etc/passwd has no such name");
  }
  spec.user->user = "70000";
  CHECK(refusal(spec).message == "the image runs as uid 70000, which is not mapped into the container");
  CHECK(refusal(spec).hint.starts_with("--user 0 "));
}

TEST_CASE("a user who is named has his own line of passwd, whoever has the same number") {
  Spec spec = a_spec();
  HostFacts facts = some_facts();
  facts.rootfs.accounts = {{"root", 0, 0, "/root", "/bin/sh"}, {"toor", 0, 5, "/toor", "/bin/sh"}};
  spec.user = UserChoice{"toor", ""};
  const Plan plan = plan_of(spec, facts);
  const auto& env = plan.find<Exec>()->env;
  CHECK(std::count(env.begin(), env.end(), "HOME=/toor") == 1);
  CHECK(place_of(plan, BecomeUser{{0}, {5}, std::vector<ContainerId>()}) < plan.steps.size());
}

TEST_CASE("image: its volumes are made in what goes away, and stay writable where the root is not") {
  Spec spec = a_spec();
  spec.own_folders = {"/data", "/run/x", "/proc/x", "/sys", "/dev/shm", "/", "/srv/in", "/srv"};
  spec.volumes = {BindVolume{.source = "/host", .target = "/srv"}};
  Plan plan = plan_of(spec);
  const auto none = plan.steps.size();
  CHECK(place_of(plan, MakeFolder{"/data", 0755}) < none);
  CHECK(place_of(plan, MakeFolder{"/run/x", 0755}) < none);
  for (const char* other : {"/proc/x", "/sys", "/dev/shm", "/", "/srv/in", "/srv"}) CHECK(place_of(plan, MakeFolder{other, 0755}) == none);
  CHECK(!plan.find<PartFolder>());
  spec.root_writes = RootWrites::refused;
  spec.volumes.push_back(BindVolume{.source = "/host", .target = "/data/sub"});
  plan = plan_of(spec);
  const std::size_t parted = place_of(plan, PartFolder{"/data"});
  CHECK(parted < place_of(plan, SetMountFlags{"/", {.read_only = true}}));
  CHECK(place_of(plan, SetMountFlags{"/", {.read_only = true}}) < plan.steps.size());
  const auto below = std::find_if(plan.steps.begin(), plan.steps.end(), [](const Step& step) {
    const auto* attach = std::get_if<Attach>(&step.action);
    return attach && attach->target == "/data/sub";
  });
  CHECK(parted < static_cast<std::size_t>(below - plan.steps.begin()));
  CHECK(plan.find<MakeOverlay>()->upper == Layer{"upper0", {}});  // on the disk, as the volume would be
}

TEST_CASE("a work folder is made before a root that cannot be written is closed") {
  Spec spec = a_spec();
  spec.workdir = "/w";
  spec.root_writes = RootWrites::refused;
  const Plan plan = plan_of(spec);
  CHECK(place_of(plan, MakeFolder{"/w", 0755}) < place_of(plan, SetMountFlags{"/", {.read_only = true}}));
}

TEST_CASE("storage: the first that serves makes the root, and it is told which and why") {
  HostFacts facts = some_facts();
  Spec spec = a_spec();
  CHECK(choose_storage(spec, facts) == StorageDriver::overlay);
  facts.takes_lower = false;
  facts.lower_type = "FAT";
  CHECK(choose_storage(spec, facts) == StorageDriver::copy);
  facts.fuse_overlayfs = "/usr/bin/fuse-overlayfs";
  CHECK(choose_storage(spec, facts) == StorageDriver::fuse_overlayfs);
  const Plan plan = plan_of(spec, facts);
  const auto* overlay = plan.find<MakeOverlay>();
  REQUIRE(overlay);
  CHECK(overlay->program == "/usr/bin/fuse-overlayfs");
  REQUIRE(overlay->upper);
  CHECK(!overlay->upper->mount);  // it serves from outside, where no memory of the container's is to be seen
  REQUIRE(plan.notices.size() == 1);
  CHECK(plan.notices[0].wall == "storage");
  CHECK(plan.notices[0].text.find("fuse-overlayfs") != std::string::npos);
  CHECK(plan.notices[0].text.find("lies on FAT") != std::string::npos);
  spec.namespaces.user = HostNamespace{};  // root inside could look into the process that serves
  CHECK(choose_storage(spec, facts) == StorageDriver::copy);
  spec.storage = StorageDriver::fuse_overlayfs;
  facts.privileged = true;
  CHECK(refusal(spec, facts).message.find("user namespace of the container's own") != std::string::npos);
}

TEST_CASE("storage: what stays is not kept in memory") {
  HostFacts facts = some_facts();
  facts.store_takes_upper = false;
  Spec spec = a_spec();
  CHECK(choose_storage(spec, facts) == StorageDriver::overlay);
  spec.detach = true;
  CHECK(choose_storage(spec, facts) == StorageDriver::copy);
  spec.root_writes = RootWrites::refused;
  CHECK(choose_storage(spec, facts) == StorageDriver::overlay);
  spec = a_spec();
  facts.has_overlay = false;
  CHECK(choose_storage(spec, facts) == StorageDriver::copy);
  const Plan plan = plan_of(spec, facts);
  CHECK(!plan.find<MakeOverlay>());
  CHECK(plan.find<TakeTree>()->source == unpacked_root);
  REQUIRE(plan.notices.size() == 1);
  CHECK(plan.notices[0].text.find("a copy of its own") != std::string::npos);
  CHECK(plan.notices[0].remedy.find("modprobe overlay") != std::string::npos);
}

TEST_CASE("storage: a folder of this machine that stands in for the data folder is told of") {
  HostFacts facts = some_facts();
  facts.replaced_store = "/home/me/.local/share/snug";
  facts.replaced_type = "NFS";
  const Plan plan = plan_of(a_spec(), facts);
  REQUIRE(plan.notices.size() == 1);
  CHECK(plan.notices[0].text.find("on this machine alone") != std::string::npos);
  CHECK(plan.notices[0].text.find("lies on NFS") != std::string::npos);
}
