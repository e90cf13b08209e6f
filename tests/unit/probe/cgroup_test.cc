#include "snug/probe/cgroup.hh"

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace snug::probe {
namespace {

/// A folder with the files that a cgroup has.
class Folder {
 public:
  Folder() {
    char name[] = "/tmp/snug-cgroup-XXXXXX";
    path_ = ::mkdtemp(name);
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(path_ + "/" + name).parent_path());
    std::ofstream(path_ + "/" + name) << text;
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST_CASE("whether swap is counted shows where memory is, of the root of all one below it") {
  const Folder folder;
  const bool swapless = ::access("/proc/swaps", F_OK) != 0;
  CHECK(accounts_swap(folder.path()));
  CHECK(accounts_swap("/nowhere"));
  folder.write("plain/cgroup.type", "domain\n");
  CHECK(accounts_swap(folder.path()));
  folder.write("limited/memory.max", "max\n");
  CHECK(accounts_swap(folder.path()) == swapless);
  CHECK(accounts_swap(folder.path() + "/limited") == swapless);
  folder.write("limited/memory.swap.max", "max\n");
  CHECK(accounts_swap(folder.path()));
  CHECK(accounts_swap(folder.path() + "/limited"));
}

TEST_CASE("what a cgroup uses is read from its files") {
  const Folder folder;
  folder.write("cpu.stat", "usage_usec 2500\nuser_usec 2000\n");
  folder.write("memory.current", "9000\n");
  folder.write("memory.stat", "anon 5000\ninactive_file 4000\n");
  folder.write("memory.max", "max\n");
  folder.write("pids.current", "3\n");
  folder.write("pids.max", "50\n");
  const CgroupUse use = cgroup_use(folder.path());
  CHECK(use.processor == 2500);
  CHECK(use.memory == 5000);
  CHECK_FALSE(use.memory_limit);
  CHECK(use.processes == 3);
  CHECK(use.processes_limit == 50);
}

TEST_CASE("a cgroup without controllers counts its processor time alone") {
  const Folder folder;
  folder.write("cpu.stat", "usage_usec 1\n");
  const CgroupUse use = cgroup_use(folder.path());
  CHECK(use.processor == 1);
  CHECK_FALSE(use.memory);
  CHECK_FALSE(use.processes);
}

TEST_CASE("the limits that are in force are those that limit something") {
  const Folder folder;
  for (const auto& [name, text] : {std::pair{"memory.max", "104857600\n"}, std::pair{"memory.swap.max", "max\n"}, std::pair{"cpu.max", "max 100000\n"},
                                   std::pair{"cpuset.cpus", "\n"}, std::pair{"pids.max", "50\n"}, std::pair{"io.weight", "default 100\n"}})
    folder.write(name, text);
  const auto limits = cgroup_limits(folder.path());
  REQUIRE(limits.size() == 2);
  CHECK(limits[0].file + "=" + limits[0].value == "memory.max=104857600");
  CHECK(limits[1].file + "=" + limits[1].value == "pids.max=50");
}

TEST_CASE("processes below a cgroup are its own, and kills are counted") {
  const Folder folder;
  folder.write("cgroup.procs", "");
  folder.write("container/cgroup.procs", "12\n13\n");
  folder.write("container/job/cgroup.procs", "14\n0\n");
  folder.write("memory.events", "low 0\noom 2\noom_kill 3\noom_group_kill 1\n");
  folder.write("cgroup.freeze", "1\n");
  CHECK(cgroup_processes(folder.path()) == std::vector<pid_t>{12, 13, 14});
  CHECK(out_of_memory_kills(folder.path()) == 3);
  CHECK(is_frozen(folder.path()));
  CHECK_FALSE(is_frozen(folder.path() + "/container"));
}

}  // namespace
}  // namespace snug::probe
