#include "snug/config/spec.hh"

#include <doctest/doctest.h>

#include "snug/base/json.hh"
#include "snug/base/error.hh"

namespace snug {
namespace {

using namespace plan;

// Every member differs from its default: a member that is not written, or not read, makes the copy differ.
Spec full() {
  return {.rootfs = {Rootfs::Kind::image, "/a", "debian", "docker.io/library/debian:12", {"/x", "/y"}},
          .root_writes = RootWrites::refused,
          .command = {"sh", "-c", "echo \"\n\""},
          .own_shell = true, .tools = "/bin/busybox",
          .entrypoint = std::vector<std::string>{},
          .namespaces = {.user = JoinNamespace{"/u"}, .pid = HostNamespace{}, .network = HostNamespace{}, .uts = HostNamespace{},
                         .ipc = HostNamespace{}, .cgroup = HostNamespace{}, .time = NewNamespace{}},
          .id_map = {IdMapChoice::Mode::ranges, ContainerId{7}, ContainerId{8}, {{{0}, {1000}, 1}}, {{{0}, {1001}, 2}}},
          .volumes = {BindVolume{"/s", "/t", true, false, false}, TmpfsVolume{"/m", 4096, 0700, true, true, ContainerId{3}, ContainerId{4}}},
          .devices = {{"/dev/fuse", "/dev/f"}},
          .name = "web", .hostname = "h", .workdir = "/w",
          .env = {{"A", "b=c"}},
          .user = UserChoice{"1", "2", true},
          .groups = {"audio"}, .cap_add = {"NET_RAW"}, .cap_drop = {"ALL"},
          .limits = {{"nofile", 7, 1, ~std::uint64_t{0}}},
          .resources = {1, 2, 3, "0-1", 4, 5},
          .hosts = {{"db", "10.0.0.1"}}, .dns = {"9.9.9.9"},
          .network = {true, {{"back", {"db"}, "10.89.0.7", "02:00:00:00:00:02"}}, "web", {{"::1", 8080, 80, true}}, true, {5432}, {"lan"}, "02:00:00:00:00:01", "192.0.2.7", "2001:db8::7"},
          .shm_size = 1, .terminal = Terminal::never, .interactive = true, .init = false, .new_privileges = true,
          .restraints = {{FilterChoice::Kind::profile, "/p", "{}"}, false, true, true, RootEmulation::off, {"/a"}, {"ALL"}},
          .pull = Pull::newer, .storage = StorageDriver::copy, .platform = "linux/arm64", .quiet = true,
          .own_folders = {"/data"}, .notes = {{{"l", "v"}}, "QUIT", {"80/tcp"}},
          .detach = true, .remove = false, .idle = true, .labels = {{"a", "b"}}, .stop_signal = "INT", .stop_timeout = 0,
          .restart = {Restart::When::on_failure, 3}, .log = {false, 1, 2}, .require = {"idmap"}};
}

TEST_CASE("a container's record gives back what was asked for, whole") {
  const Spec spec = full();
  CHECK(config::parse_spec(*config::render_spec(spec)) == spec);
  CHECK(config::parse_spec(parse_json(config::render_spec(spec)->dump())) == spec);
}

TEST_CASE("each member of the record counts") {
  const Json whole = *config::render_spec(full());
  CHECK(whole.size() == 44);
  for (const auto& [name, value] : whole.items()) {
    Json less = whole;
    less.erase(name);
    CAPTURE(name);
    CHECK_FALSE(config::parse_spec(less) == full());
  }
}

TEST_CASE("what has its default value is not written") { CHECK(config::render_spec(Spec{})->dump() == "{}"); }

TEST_CASE("a damaged record is an error, not a container") {
  for (const char* text : {"[]", "7", R"({"command":7})", R"({"pull":"sometimes"})", R"({"volumes":[{}]})", R"({"namespaces":{"pid":"x"}})"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(static_cast<void>(config::parse_spec(parse_json(text))), Error);
  }
}

TEST_CASE("what is known of a root file system comes whole from one process to another") {
  const RootfsFacts facts{.accounts = {{"root", 0, 0, "/root", "/bin/sh"}, {"me", 1, 2, "/home/me", "/bin/bash"}}, .groups = {{"audio", 29, {"me"}}},
                          .passwd = "root:x:0:0::/root:/bin/sh\n", .group = "audio:x:29:me\n", .shells = {"/bin/sh"}, .folders = {"/", "/root"}, .blocked = {"/proc"}, .absent = {"/sys", "/run"}, .terminal_entry = "TERMINFO=/x",
                          .terminal_carried = true, .living = true};
  CHECK(config::parse_rootfs_facts(config::render_rootfs_facts(facts)) == facts);
  CHECK(config::parse_rootfs_facts(config::render_rootfs_facts({})) == RootfsFacts{});
  CHECK(config::parse_rootfs_facts(config::render_rootfs_facts({.passwd = "a\0\xff"})).passwd->starts_with("a"));
}

}  // namespace
}  // namespace snug
