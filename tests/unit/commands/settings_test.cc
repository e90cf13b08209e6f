#include "settings.hh"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <filesystem>

#include "run_options.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

using namespace snug;
using namespace snug::commands;

namespace {

// A folder with the user's configuration in `home` and a checkout in `project`; gone at the end.
class Folder {
 public:
  Folder() {
    std::string pattern = "/tmp/snug-settings-XXXXXX";
    REQUIRE(::mkdtemp(pattern.data()));
    path_ = std::filesystem::canonical(pattern).string();
    std::filesystem::create_directories(path_ + "/home/snug");
    std::filesystem::create_directories(path_ + "/project/data");
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  [[nodiscard]] std::string operator/(std::string_view name) const { return format("{}/{}", path_, name); }

  void write(std::string_view name, std::string_view text, mode_t mode = 0644) const {
    const std::string path = *this / name;
    const sys::Fd file = sys::open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    REQUIRE(sys::write_all(file.get(), text) == 0);
    REQUIRE(::fchmod(file.get(), mode) == 0);
  }

  [[nodiscard]] plan::Spec read(const std::vector<std::string_view>& words = {}) const {
    const cli::Command run{
        .name = "run", .shared = &run_option_set, .stop_at_operand = true, .max_operands = SIZE_MAX};
    const std::string config = "XDG_CONFIG_HOME=" + path_ + "/home";
    const std::array<const char*, 3> entries{config.c_str(), "SECRET=s", nullptr};
    const Environment environment(entries.data());
    return read_spec({cli::parse(run, words), environment, path_ + "/project", run, words});
  }

  // The message and the first context of a refusal, with this folder written as DIR.
  [[nodiscard]] std::string refusal() const {
    std::string text = "taken";
    try {
      static_cast<void>(read());
    } catch (const Error& error) {
      text = error.message() + (error.contexts().empty() ? "" : " | " + error.contexts()[0]);
    }
    for (std::size_t at; (at = text.find(path_)) != std::string::npos;) text.replace(at, path_.size(), "DIR");
    return text;
  }

  [[nodiscard]] std::string project_refusal(std::string_view text) const {
    write("project/snug.toml", text);
    return refusal();
  }

 private:
  std::string path_;
};

}  // namespace

TEST_CASE("without files the command line is all") {
  const Folder folder;
  CHECK(folder.read({"-w", "/x"}) == plan::Spec{.rootfs = {.given = "host"}, .workdir = "/x", .network = {.way_out = true}});
}

TEST_CASE("the project overrules the user, the command line overrules both; lists add up") {
  const Folder folder;
  folder.write("home/snug/config.toml",
               "rootfs = './deb'\n[run]\nhostname = 'user'\nworkdir = '/user'\nenv = ['A=user', "
               "'SECRET']\ntty = false\n");
  folder.write("project/snug.toml",
               "[run]\nhostname = 'project'\nworkdir = '/project'\nenv = ['B=project']\nvolume = "
               "'./data:/data'\nread-only = true\n");
  const plan::Spec spec = folder.read({"-w", "/typed", "-e", "C=typed"});
  CHECK(spec.rootfs.path == folder / "home/snug/deb");
  CHECK(spec.hostname == "project");
  CHECK(spec.workdir == "/typed");
  CHECK(spec.env ==
        std::vector<plan::Variable>{{"A", "user"}, {"SECRET", "s"}, {"B", "project"}, {"C", "typed"}});
  CHECK(spec.volumes ==
        std::vector<plan::Volume>{plan::BindVolume{.source = folder / "project/data", .target = "/data"}});
  CHECK(spec.root_writes == plan::RootWrites::refused);
  CHECK(spec.terminal == plan::Terminal::never);
  CHECK(folder.read({"/srv"}).rootfs.path == "/srv");
}

TEST_CASE("a project file cannot reach out of its folder") {
  const Folder folder;
  CHECK(folder.project_refusal("[run]\nvolume = '/etc:/x'") ==
        "volume '/etc:/x': the source lies outside the project's folder | reading DIR/project/snug.toml:2");
  CHECK(folder.project_refusal("[run]\n\nvolume = ['./data:/x', './data/../..:/y']") ==
        "volume './data/../..:/y': the source lies outside the project's folder | reading "
        "DIR/project/snug.toml:3");
  CHECK(folder.project_refusal(format("[run]\nvolume = '{}:/x'", folder / "projects")) != "taken");
  CHECK(folder.project_refusal(format("[run]\nvolume = '{}:/x'", folder / "project/data")) == "taken");
  CHECK(folder.project_refusal("[run]\nvolume = '.:/x'") == "taken");
  CHECK(folder.project_refusal("rootfs = '/srv'") ==
        "rootfs '/srv': it lies outside the project's folder | reading DIR/project/snug.toml:1");
  CHECK(folder.project_refusal("rootfs = 'tar:../x.tar'") != "taken");
  CHECK(folder.project_refusal("data-local = './data'") != "taken");
  CHECK(folder.project_refusal("keep-blobs = false") != "taken");
  CHECK(folder.project_refusal("[run]\nstorage-driver = 'copy'") != "taken");
  CHECK(folder.project_refusal("rootfs = 'dir:data'") == "taken");
  CHECK(folder.project_refusal("rootfs = 'host'") == "taken");
  CHECK(folder.project_refusal("rootfs = 'debian:12'") == "taken");
  CHECK(folder.project_refusal("rootfs = 'oci:data:12'") == "taken");
  CHECK(folder.project_refusal("rootfs = 'oci:../x'") != "taken");
  CHECK(folder.project_refusal("rootfs = 'oci-archive:/x.tar'") != "taken");
}

TEST_CASE("a link in a project leads out as well") {
  const Folder folder;
  std::filesystem::create_symlink("/etc", folder / "project/link");
  CHECK(folder.project_refusal("[run]\nvolume = './link:/x'") != "taken");
  CHECK(folder.project_refusal("[run]\nvolume = './link/ssl:/x'") != "taken");
  CHECK(folder.project_refusal("rootfs = './link'") != "taken");
  std::filesystem::create_symlink("data", folder / "project/inner");
  CHECK(folder.project_refusal("[run]\nvolume = './inner:/x'") == "taken");
}

TEST_CASE("a project file cannot open a wall") {
  const Folder folder;
  for (const std::string_view line :
       {"cap-add = ['ALL']", "pid = 'host'", "network = 'host'", "network = 'private'", "publish = ['80:80']", "host-loopback = ['22']", "network = 'ns:/proc/1/ns/net'",
        "userns = 'host'", "rw = true", "device = ['/dev/kvm']", "env = ['SECRET']",
        "env-file = ['/etc/passwd']", "mount = ['type=bind,src=/etc,dst=/x']",
        "security-opt = ['no-new-privileges=false']", "security-opt = ['seccomp=unconfined']", "security-opt = ['landlock=off']", "nested = true",
        "allow-32bit = true", "timens = 'host'", "uidmap = ['0:0:1']",
        "dns = ['1.1.1.1']", "group-add = ['video']",
        // These loosen what holds without them, or what the user has chosen for himself.
        "read-only = false", "ulimit = ['core=unlimited']", "ulimit = ['nofile=20000']", "tmpfs = '/proc/sys/fs/x'", "tmpfs = '/x/../proc/irq:size=1m'", "tmpfs = ['/t', '/sys']",
        "volume = './data:/proc/sys/fs/binfmt_misc'", "volume = './data://proc/keys:ro'", "volume = './data:/sys/firmware/x'"})
    CHECK_MESSAGE(folder.project_refusal(format("[run]\n{}\n", line)) != "taken", line);
  for (const std::string_view line :
       {"cap-drop = ['ALL']", "network = 'none'", "userns = 'keep-id:uid=7,gid=7'", "env = ['A=1']",
        "init = false", "tmpfs = ['/t', '/procs']", "volume = './data:/system'", "read-only = true", "shm-size = 1000", "entrypoint = 'sh'",
        "name = 'web'"})
    CHECK_MESSAGE(folder.project_refusal(format("[run]\n{}\n", line)) == "taken", line);
}

TEST_CASE("a project chooses no id map where the user has one") {
  const Folder folder;
  folder.write("project/snug.toml", "[run]\nuserns = 'root'\n");
  CHECK(folder.read().id_map.mode == plan::IdMapChoice::Mode::root);
  folder.write("home/snug/config.toml", "[run]\nuserns = 'single'\n");
  CHECK(folder.read().id_map.mode == plan::IdMapChoice::Mode::single);
}

TEST_CASE("what the user writes for himself may reach everywhere") {
  const Folder folder;
  folder.write("home/snug/config.toml", "[run]\nvolume = '/etc:/x'\npid = 'host'\ncap-add = 'ALL'\n");
  CHECK(folder.refusal() == "taken");
}

TEST_CASE("unknown keys get the nearest right word, values of the wrong kind are refused") {
  const Folder folder;
  CHECK(folder.project_refusal("[run]\nhostnam = 'x'") ==
        "'hostnam' is no key of [run] | reading DIR/project/snug.toml:2");
  CHECK(folder.project_refusal("[rnu]\nhostname = 'x'") ==
        "'rnu' is no table | reading DIR/project/snug.toml:2");
  CHECK(folder.project_refusal("hostname = 'x'") ==
        "'hostname' is no key here | reading DIR/project/snug.toml:1");
  CHECK(folder.project_refusal("run = 1") == "run is a table: [run] | reading DIR/project/snug.toml:1");
  CHECK(folder.project_refusal("[run]\ninteractive = true") != "taken");
  CHECK(folder.project_refusal("[run]\ntmpfs = 'x'").starts_with("tmpfs x: "));
  CHECK(folder.project_refusal("[run]\nhostname = ['a']") ==
        "hostname takes one value, not a list | reading DIR/project/snug.toml:2");
  CHECK(folder.project_refusal("[run]\nhostname = true") ==
        "hostname is not true or false but NAME | reading DIR/project/snug.toml:2");
  CHECK(folder.project_refusal("[run]\nhostname = 5") == "hostname is no number but NAME | reading DIR/project/snug.toml:2");
  CHECK(folder.project_refusal("rootfs = 5") == "rootfs is no number but ROOTFS | reading DIR/project/snug.toml:1");
  CHECK(folder.project_refusal("[run]\nread-only = 'yes'") ==
        "read-only is either true or false | reading DIR/project/snug.toml:2");
  CHECK(folder.project_refusal("[run]\nworkdir = 'x'") ==
        "workdir x: 'x' has to be a path from the root of the container on: /... | reading "
        "DIR/project/snug.toml:2");
}

TEST_CASE("files that others may write are not believed") {
  const Folder folder;
  folder.write("project/snug.toml", "", 0646);
  CHECK(folder.refusal() == "'DIR/project/snug.toml' may be written by everybody");
  folder.write("project/snug.toml", "", 0664);
  CHECK(folder.refusal() == "taken");
}

TEST_CASE("a configuration that is a link to nothing is not passed over") {
  const Folder folder;
  REQUIRE(::symlink("gone", (folder / "project/snug.toml").c_str()) == 0);
  CHECK(folder.refusal() == "cannot open 'DIR/project/snug.toml': No such file or directory (ENOENT)");
}

TEST_CASE("a configuration that is no file is refused at once") {
  const Folder folder;
  REQUIRE(::mkfifo((folder / "project/snug.toml").c_str(), 0600) == 0);
  CHECK(folder.refusal() == "'DIR/project/snug.toml' is no file");
}
