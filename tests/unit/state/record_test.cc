#include "snug/state/record.hh"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>

#include "snug/base/json.hh"
#include "snug/base/error.hh"
#include "snug/state/container_folder.hh"
#include "snug/state/names.hh"

namespace snug {
namespace {

namespace fs = std::filesystem;
using namespace state;

struct Folder {
  Folder() {
    char name[] = "/tmp/snug-state-XXXXXX";
    path = ::mkdtemp(name);
  }
  ~Folder() { fs::remove_all(path); }
  std::string path;
};

Record record_for(const ContainerFolder& folder, const std::string& name) {
  return {.id = folder.id(), .name = name, .created = 7, .kept = true, .image = "debian", .manifest = "sha256:x", .map = "0-0-1", .lowers = {"/a", "/b"},
          .upper = "/u", .spec = std::make_shared<const Json>(Json{{"command", Json::array({"true"})}})};
}

TEST_CASE("a record is read as it was written, and found by name and by the beginning of its id") {
  const Folder store;
  const ContainerFolder folder(store.path);
  const Record written = record_for(folder, "web");
  write_record(store.path, written);
  REQUIRE(take_name(store.path, "web", folder.id()));
  for (const std::string& typed : {std::string("web"), folder.id(), folder.id().substr(0, 4)}) {
    const Record read = find_record(store.path, typed);
    CHECK(read.id == folder.id());
    CHECK(read.name == "web");
    CHECK(read.kept);
    CHECK(read.lowers == written.lowers);
    CHECK(read.spec->dump() == written.spec->dump());
  }
  CHECK_FALSE(try_find_record(store.path, "we"));
  CHECK_FALSE(try_find_record(store.path, ""));
  CHECK_FALSE(try_find_record(store.path, "../containers"));
  CHECK_THROWS_AS(static_cast<void>(find_record(store.path, "other")), Error);
}

TEST_CASE("a container whose name was lost is found by what its record says") {
  const Folder store;
  const ContainerFolder folder(store.path);
  write_record(store.path, record_for(folder, "lost"));
  CHECK(find_record(store.path, "lost").id == folder.id());
}

TEST_CASE("a name belongs to one container that is there") {
  const Folder store;
  auto first = std::make_unique<ContainerFolder>(store.path);
  const ContainerFolder second(store.path);
  CHECK(take_name(store.path, "n", first->id()));
  CHECK(take_name(store.path, "n", first->id()));
  CHECK_FALSE(take_name(store.path, "n", second.id()));
  drop_names(store.path, second.id());
  CHECK(find_name(store.path, "n") == first->id());
  fs::remove_all(first->path());  // it went without giving up its name
  CHECK_FALSE(find_name(store.path, "n"));
  CHECK(take_name(store.path, "m", second.id()));
  drop_stale_names(store.path);
  CHECK_FALSE(fs::exists(fs::symlink_status(store.path + "/names/n")));
  CHECK(find_name(store.path, "m") == second.id());
  CHECK(take_name(store.path, "n", second.id()));
  drop_names(store.path, second.id());
  CHECK_FALSE(find_name(store.path, "n"));
}

TEST_CASE("of a rename that was cut short the record is right, and the other name is free and goes with the container") {
  const Folder store;
  const ContainerFolder first(store.path), second(store.path);
  REQUIRE(take_name(store.path, "v", first.id()));
  write_record(store.path, record_for(first, "v"));
  const auto leave = [&] { fs::create_symlink(first.id(), store.path + "/names/w"); };
  leave();
  CHECK_FALSE(find_name(store.path, "w"));
  CHECK_FALSE(try_find_record(store.path, "w"));
  CHECK(find_name_of(store.path, first.id()) == "v");
  drop_stale_names(store.path);
  CHECK_FALSE(fs::exists(fs::symlink_status(store.path + "/names/w")));
  CHECK(find_name(store.path, "v") == first.id());
  leave();
  CHECK_FALSE(take_name(store.path, "v", second.id()));
  CHECK(take_name(store.path, "w", second.id()));
  CHECK(find_name(store.path, "w") == second.id());
  drop_names(store.path, second.id());
  leave();
  CHECK(rename_container(store.path, first.id(), "w"));
  CHECK_FALSE(find_name(store.path, "v"));
  fs::create_symlink(first.id(), store.path + "/names/v");
  CHECK(find_name(store.path, "w") == first.id());
  drop_names(store.path, first.id());
  CHECK(fs::is_empty(store.path + "/names"));
}

TEST_CASE("what is written down as running counts only while its monitor lives") {
  const Folder store;
  const ContainerFolder folder(store.path);
  State state{.phase = State::Phase::running, .monitor = mark_process(::getpid()), .init = {1, 2}, .namespaces = {{"net", 9, 77}}, .started = 5, .restarts = 3};
  write_state(store.path, folder.id(), state);
  State read = read_state(store.path, folder.id());
  CHECK(read.phase == State::Phase::running);
  CHECK(read.namespaces == state.namespaces);
  CHECK(read.restarts == 3);
  CHECK_FALSE(read.confinement);
  state.confinement = {.filter = "default + root", .emulation = "static", .capabilities = {"chown", "kill"}, .limits = {{"nofile", 64, ~std::uint64_t{0}}}};
  write_state(store.path, folder.id(), state);
  CHECK(read_state(store.path, folder.id()).confinement == state.confinement);
  ++state.monitor.start;  // another process has its number
  write_state(store.path, folder.id(), state);
  read = read_state(store.path, folder.id());
  CHECK(read.phase == State::Phase::exited);
  CHECK(read.lost);
}

TEST_CASE("a process that nobody has reaped yet has ended") {
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::pause();
    ::_exit(0);
  }
  const ProcessMark mark = mark_process(pid);
  CHECK(open_marked(mark));
  CHECK(is_alive(mark));
  CHECK_FALSE(is_alive({mark.pid, mark.start + 1}));
  ::kill(pid, SIGKILL);
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOWAIT);
  CHECK_FALSE(open_marked(mark));
  CHECK_FALSE(is_alive(mark));
  ::waitpid(pid, nullptr, 0);
  CHECK_FALSE(open_marked(mark));
  CHECK_FALSE(open_marked({}));
  CHECK_FALSE(is_alive(mark));
  CHECK_FALSE(is_alive({}));
}

TEST_CASE("a state that is cut short, or of another boot, is one of a container that has ended") {
  const Folder store;
  std::optional<ContainerFolder> folder(store.path);
  const std::string id = folder->id(), path = folder->path() + "/state.json";
  CHECK(read_state(store.path, id).phase == State::Phase::created);
  write_state(store.path, id, {.phase = State::Phase::running, .monitor = mark_process(::getpid())});
  std::string text;
  std::getline(std::ifstream(path), text, '\0');
  std::ofstream(path) << text.substr(0, text.size() / 2);
  const Living held = read_living(store.path, id);  // as its monitor, we hold its folder
  CHECK(held.state.phase == State::Phase::running);
  CHECK(held.state.monitor == mark_process(::getpid()));
  CHECK(held.monitor);
  folder.reset();
  CHECK(read_state(store.path, id).lost);
  text.replace(text.find("\"boot\":\"") + 8, 4, "0000");
  std::ofstream(path) << text;
  CHECK(read_state(store.path, id).lost);
}

TEST_CASE("leftovers are what nobody holds and nobody keeps; a kept record that cannot be read is none") {
  const Folder store;
  std::string left, kept, damaged, cut, lived, removed;
  {
    const ContainerFolder one(store.path), two(store.path), three(store.path), four(store.path), five(store.path), six(store.path);
    left = one.path(), kept = two.path(), damaged = three.path(), cut = four.path(), lived = five.path(), removed = six.path();
    write_record(store.path, record_for(two, "a"));
    write_record(store.path, record_for(three, "b"));
    std::ofstream(damaged + "/config.json") << "{";
    write_new_record(store.path, record_for(four, "c"));
    secure_record(store.path, four.id());
    CHECK(find_record(store.path, four.id().substr(0, 11)).name == "c");
    fs::resize_file(cut + "/config.json", 0);  // as a power cut does with what nobody has secured
    write_record(store.path, record_for(five, "d"));
    write_state(store.path, five.id(), {.phase = State::Phase::exited});
    fs::remove(lived + "/config.json");
    write_record(store.path, record_for(six, "e"));
    write_state(store.path, six.id(), {.phase = State::Phase::exited});
    {
      const sys::Fd reader = hold_files(store.path, find_record(store.path, six.id()));
      int asked = 0;
      CHECK_FALSE(keep_readers_out(removed, [&] { return ++asked < 2; }));
      CHECK(asked == 2);
    }
    {
      const auto alone = keep_readers_out(removed, [] { return false; });
      CHECK(alone);
      CHECK_THROWS_AS(hold_files(store.path, find_record(store.path, six.id())), Error);
    }
    static_cast<void>(hold_files(store.path, find_record(store.path, six.id())));
    drop_record(removed);
    CHECK(find_leftovers(store.path).empty());
  }
  std::vector<std::string> leftovers = find_leftovers(store.path), expected{left, cut, removed}, told = list_damaged(store.path), worth{damaged, lived};
  for (std::string& path : worth) path = path.substr(path.rfind('/') + 1);
  for (auto* list : {&leftovers, &expected, &told, &worth}) std::sort(list->begin(), list->end());
  CHECK(leftovers == expected);
  CHECK(told == worth);
  CHECK_THROWS_AS(ContainerFolder(store.path, "nothing"), Error);
  const ContainerFolder held(store.path, kept.substr(kept.rfind('/') + 1));
  CHECK_THROWS_AS(ContainerFolder(store.path, held.id()), Error);
}

}  // namespace
}  // namespace snug
