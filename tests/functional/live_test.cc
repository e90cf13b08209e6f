#include <doctest/doctest.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "containers.hh"

using namespace snug::test;
namespace fs = std::filesystem;

TEST_SUITE_BEGIN("any");

TEST_CASE("--cidfile: the id, in a file that was not there, and none where nothing was made") {
  const Containers containers;
  const std::string file = containers.folder() + "/id";
  const auto made = [&](std::vector<std::string> words) {
    words.insert(words.begin() + 1, {"--cidfile", file, "--userns", "single"});
    return containers.snug(words);
  };
  const Result created = made({"create", "--name", "one", small_root(), "true"});
  CHECK_MESSAGE(created.out == read_file(file) + "\n", created.err);
  const Result refused = made({"run", "--name", "two", small_root(), "true"});
  CHECK(refused.code == 125);
  CHECK_MESSAGE(refused.err.find("is there already") != std::string::npos, refused.err);
  CHECK(containers.snug({"ps", "-a", "--format", "{{.Names}}"}).out == "one\n");
  CHECK(std::remove(file.c_str()) == 0);
  CHECK(made({"run", "--name", "one", small_root(), "true"}).code == 125);  // its name is taken
  CHECK(read_file(file).empty());
  CHECK(made({"run", small_root(), "sh", "-c", "exit 3"}).code == 3);
  CHECK(read_file(file).size() == 12);
  CHECK(std::remove(file.c_str()) == 0);
  const Result detached = made({"run", "-d", small_root(), "true"});
  CHECK(detached.out == read_file(file) + "\n");
}

TEST_CASE("--replace: the container of that name goes, also one that runs; without a name it is refused") {
  const Containers containers;
  for (const char* word : {"first", "second"}) {
    const Result run = containers.snug({"run", "-d", "--replace", "--name", "box", "--userns", "single", small_root(), "sh", "-c", "echo $0; exec sleep 86530", word});
    CHECK_MESSAGE(run.code == 0, run.err);
    CHECK(eventually([&] { return containers.snug({"logs", "box"}).out == std::string(word) + "\n"; }));
  }
  // What cannot be made replaces nothing; nor is one replaced whose id is the other's name.
  for (const std::vector<std::string>& bad : {std::vector<std::string>{"--network", "nosuch", small_root()}, {"--cap-add", "NOSUCH", small_root()}, {small_root() + "/nosuch"}, {"--pid", "container:box", small_root()}}) {
    std::vector<std::string> words{"create", "--replace", "--name", "box"};
    words.insert(words.end(), bad.begin(), bad.end());
    CHECK(containers.snug(words).code == 125);
    CHECK(containers.snug({"exec", "box", "true"}).code == 0);
  }
  CHECK(containers.snug({"create", "--replace", "--name", "box", "--userns", "single", small_root(), "true"}).code == 0);
  CHECK(containers.snug({"ps", "-a", "--format", "{{.Names}} {{.State}}"}).out == "box created\n");
  CHECK(find_commands({"sleep", "86530"}).empty());
  CHECK(containers.snug({"run", "--replace", small_root(), "true"}).code == 125);

  const Result shown = containers.snug({"plan", "--replace", "--name", "box", "--cidfile", "/nosuch", small_root(), "true"});
  CHECK_MESSAGE(has(shown.out, "a container 'box' that is there goes first, also one that runs\n"), shown.out, shown.err);
  CHECK(has(shown.out, "its id is written to '/nosuch', which must not be there\n"));
  CHECK(containers.snug({"ps", "-a", "--format", "{{.Names}}"}).out == "box\n");
  CHECK(containers.snug({"plan", "--replace", small_root(), "true"}).code == 125);
  for (const std::vector<std::string>& bad : {std::vector<std::string>{"plan", "--verify", "--cidfile", "/nosuch", small_root(), "true"}, {"plan", "--restart", "always", small_root(), "true"}}) CHECK(containers.snug(bad).code == 125);
}

TEST_CASE("run --detach gives the id once the command runs; ps, stop and start know the container, and what it wrote stays") {
  const Containers containers;
  const Result made = containers.run_detached("web", "echo line >>/written; exec sleep 1000");
  REQUIRE_MESSAGE(made.code == 0, made.err);
  CHECK(made.out.size() == 13);
  CHECK(containers.snug({"ps", "--format", "{{.ID}} {{.Names}} {{.State}}"}).out == made.out.substr(0, 12) + " web running\n");
  CHECK(containers.snug({"stop", "--time", "5", "web"}).out == "web\n");
  CHECK(containers.snug({"ps", "--quiet"}).out.empty());
  CHECK(containers.snug({"ps", "--all", "--format", "{{.State}}"}).out == "exited\n");
  CHECK(containers.snug({"start", "web"}).out == "web\n");
  CHECK(containers.snug({"start", "web"}).out == "web\n");  // it runs already
  CHECK(fs::file_size(containers.upper("web") + "/written") == 10);
  CHECK(containers.snug({"rm", "web"}).code == 1);
  CHECK(containers.snug({"rm", "--force", "web"}).out == "web\n");
  CHECK(containers.is_empty());
}

TEST_CASE("a detached command that cannot be executed is an error with its exit code, and leaves nothing") {
  const Containers containers;
  const Result missing = containers.snug({"run", "--userns", "single", "-d", small_root(), "no-such-program"});
  CHECK(missing.code == 127);
  CHECK(missing.out.empty());
  CHECK(missing.err.find("cannot run 'no-such-program'") != std::string::npos);
  CHECK(containers.snug({"run", "--userns", "single", "-d", small_root(), "/etc/passwd"}).code == 126);
  CHECK(containers.is_empty());
}

TEST_CASE("create makes a container that has not run, start runs it, and wait gives its exit code") {
  const Containers containers;
  REQUIRE(containers.snug({"create", "--userns", "single", "--name", "once", small_root(), "sh", "-c", "exit 7"}).code == 0);
  CHECK(containers.snug({"ps", "-a", "--format", "{{.Status}}"}).out == "Created\n");
  CHECK(containers.snug({"wait", "once"}).out == "0\n");
  CHECK(containers.snug({"start", "once"}).code == 0);
  CHECK(containers.snug({"wait", "once"}).out == "7\n");
  CHECK(containers.snug({"ps", "-a", "--filter", "exited=7", "--format", "{{.Names}}"}).out == "once\n");
  CHECK(containers.snug({"ps", "-a", "--filter", "exited=8", "--quiet"}).out.empty());
  CHECK(containers.snug({"rm", "once"}).code == 0);
}

TEST_CASE("wait tells the exit code of a container that goes away when it ends") {
  const Containers containers;
  REQUIRE(containers.snug({"run", "--userns", "single", "-d", "--rm", "--name", "brief", small_root(), "sh", "-c", "trap 'exit 9' TERM; while :; do sleep 0.1; done"}).code == 0);
  const std::string answer = containers.folder() + "/answer";
  Background waiting({"env", containers.environment(), "sh", "-c", "exec \"$0\" wait brief >\"$1\"", program(), answer});
  REQUIRE(eventually([&] { return is_asleep(waiting.pid(), "snug"); }));
  CHECK(containers.snug({"stop", "brief"}).code == 0);
  CHECK(waiting.wait() == 0);
  CHECK(read_file(answer) == "9\n");
  CHECK(containers.is_empty());
}

TEST_CASE("wait for several tells the end of one, too, that goes away while another is waited for") {
  const Containers containers;
  REQUIRE(containers.run_detached("x", "until test -e /go; do sleep 0.05; done; exit 3").code == 0);
  REQUIRE(containers.snug({"run", "-d", "--rm", "--userns", "single", "--name", "y", small_root(), "sh", "-c", "until test -e /go; do sleep 0.05; done; exit 4"}).code == 0);
  Background waiting({"env", containers.environment(), "sh", "-c", "exec \"$0\" wait x y nosuch >\"$1\"", program(), containers.folder() + "/codes"});
  REQUIRE(eventually([&] { return is_asleep(waiting.pid(), "snug"); }));
  CHECK(containers.snug({"exec", "y", "touch", "/go"}).code == 0);
  CHECK(eventually([&] { return containers.snug({"ps", "-q", "--filter", "name=y"}).out.empty(); }));
  CHECK(containers.snug({"exec", "x", "touch", "/go"}).code == 0);
  CHECK(eventually([&] { return read_file(containers.folder() + "/codes") == "3\n4\n"; }));
}

TEST_CASE("names are unique among the living and the kept, and made up after the root where none is given") {
  const Containers containers;
  REQUIRE(containers.run_detached("same", "sleep 1000").code == 0);
  const Result again = containers.run_detached("same", "sleep 1000");
  CHECK(again.code == 125);
  CHECK(again.err.find("name 'same' already") != std::string::npos);
  const std::string usual = fs::path(small_root()).filename();
  for (int count = 0; count < 2; ++count) REQUIRE(containers.snug({"create", "--userns", "single", small_root(), "true"}).code == 0);
  CHECK(containers.snug({"ps", "-a", "--format", "{{.Names}}"}).out.find(usual + "-2\n") != std::string::npos);
  CHECK(containers.snug({"run", "--userns", "single", small_root(), "hostname"}).out == usual + "-3\n");
  CHECK(containers.snug({"rename", "same", "other"}).code == 0);
  CHECK(containers.snug({"rename", "other", usual}).code == 125);
  CHECK(containers.snug({"stop", "-t", "0", "other"}).code == 0);
  CHECK(containers.snug({"rm", "--all"}).code == 0);
  CHECK(containers.is_empty());
}

TEST_CASE("a container is found by its name and by the beginning of its id") {
  const Containers containers;
  const std::string id = containers.snug({"create", "--userns", "single", "--name", "found", small_root(), "true"}).out.substr(0, 12);
  for (const std::string& typed : {id, id.substr(0, 5), std::string("found")}) CHECK(containers.snug({"inspect", "--format", "{{.Id}}", typed}).out == id + "\n");
  const Result lost = containers.snug({"start", "lost"});
  CHECK(lost.code == 1);
  CHECK(lost.err.find("there is no container 'lost'") != std::string::npos);
  CHECK(containers.snug({"rm", "--force", "lost"}).code == 0);
}

TEST_CASE("kill sends the signal to the command; stop sends the container's own") {
  const Containers containers;
  const std::string script = "trap 'echo usr1 >>/signals' USR1; trap 'echo int >>/signals; exit 3' INT; echo ready >>/signals; while :; do sleep 0.05; done";
  REQUIRE(containers.snug({"run", "--userns", "single", "-d", "--name", "s", "--stop-signal", "INT", small_root(), "sh", "-c", script}).code == 0);
  const std::string file = containers.upper("s") + "/signals";
  REQUIRE(eventually([&] { return read_file(file) == "ready\n"; }));
  CHECK(containers.snug({"kill", "-s", "SIGUSR1", "s"}).code == 0);
  REQUIRE(eventually([&] { return read_file(file) == "ready\nusr1\n"; }));
  CHECK(containers.snug({"stop", "s"}).code == 0);
  CHECK(read_file(file) == "ready\nusr1\nint\n");
  CHECK(containers.snug({"wait", "s"}).out == "3\n");
  CHECK(containers.snug({"kill", "s"}).code == 1);
}

TEST_CASE("who comes after a kill finds the container ended, whoever killed it") {
  const Containers containers;
  REQUIRE(containers.run_detached("again", "exec sleep 1000").code == 0);
  for (int time = 0; time < 20; ++time) {
    const pid_t init = containers.init("again");
    CHECK(time % 2 ? containers.snug({"kill", "again"}).code == 0 : ::kill(init, SIGKILL) == 0);
    REQUIRE(eventually([&] { return !is_alive(init); }));
    CHECK(containers.snug({"ps", "-q"}).out.empty());
    REQUIRE(containers.snug({"start", "again"}).code == 0);
    const Result entered = containers.snug({"exec", "again", "true"});
    CHECK_MESSAGE(entered.code == 0, entered.err);
  }
  CHECK(containers.snug({"kill", "again"}).code == 0);
  CHECK(containers.snug({"ps", "-q"}).out.empty());
}

TEST_CASE("start takes no container for running whose command has just been killed from inside") {
  const Containers containers;
  REQUIRE(containers.run_detached("web", "exec sleep 86531").code == 0);
  for (int round = 0; round < 10; ++round) {
    static_cast<void>(containers.snug({"exec", "web", "sh", "-c", "kill -9 -1"}));
    CHECK(containers.snug({"start", "web"}).code == 0);
    const Result inside = containers.snug({"exec", "web", "true"});
    CHECK_MESSAGE(inside.code == 0, inside.err);
  }
}

TEST_CASE("stop --time -1 waits however long it takes") {
  const Containers containers;
  REQUIRE(containers.run_detached("slow", "trap 'sleep 1; exit 6' TERM; echo ready; while :; do sleep 0.05; done").code == 0);
  CHECK(eventually([&] { return containers.snug({"logs", "slow"}).out == "ready\n"; }));
  CHECK(containers.snug({"stop", "-t", "-1", "slow"}).code == 0);
  CHECK(containers.snug({"wait", "slow"}).out == "6\n");
  CHECK(containers.snug({"stop", "-t", "-2", "slow"}).code == 125);
}

TEST_CASE("stop ends what does not heed its signal") {
  const Containers containers;
  REQUIRE(containers.snug({"run", "--userns", "single", "-d", "--name", "deaf", "--stop-timeout", "0", small_root(), "sh", "-c", "trap '' TERM; echo up; sleep 1000"}).code == 0);
  REQUIRE(eventually([&] { return containers.snug({"logs", "deaf"}).out == "up\n"; }));
  CHECK(containers.snug({"stop", "deaf"}).code == 0);
  CHECK(containers.snug({"wait", "deaf"}).out == "137\n");
}

TEST_CASE("a killed monitor takes its container along, ps says so at once, and the container can be started again") {
  const Containers containers;
  REQUIRE(containers.run_detached("k", "sleep 1000").code == 0);
  const pid_t monitor = containers.monitor("k"), init = containers.init("k");
  REQUIRE(::kill(monitor, SIGKILL) == 0);
  REQUIRE(eventually([&] { return !is_alive(monitor); }));
  CHECK(containers.snug({"ps", "-q"}).out.empty());
  CHECK(containers.snug({"ps", "-a", "--format", "{{.Status}}"}).out == "Killed, with its monitor\n");
  CHECK(eventually([&] { return !is_alive(init); }));
  CHECK(containers.snug({"start", "k"}).code == 0);
  CHECK(containers.snug({"ps", "--format", "{{.Names}}"}).out == "k\n");
  CHECK(containers.snug({"rm", "-f", "k"}).code == 0);
  CHECK(containers.is_empty());
}

TEST_CASE("a restart policy starts the command anew until stop says otherwise, or it has been tried often enough") {
  const Containers containers;
  REQUIRE(containers.snug({"run", "--userns", "single", "-d", "--name", "again", "--restart", "always", small_root(), "sh", "-c", "echo x >>/runs"}).code == 0);
  const std::string runs = containers.upper("again") + "/runs";
  REQUIRE(eventually([&] { return read_file(runs).size() >= 4; }));
  CHECK(containers.snug({"stop", "again"}).code == 0);
  CHECK(containers.snug({"ps", "-q"}).out.empty());
  REQUIRE(containers.snug({"run", "--userns", "single", "-d", "--name", "thrice", "--restart", "on-failure:2", small_root(), "sh", "-c", "echo x >>/runs; exit 4"}).code == 0);
  CHECK(containers.snug({"wait", "thrice"}).out == "4\n");
  CHECK(read_file(containers.upper("thrice") + "/runs") == "x\nx\nx\n");
  CHECK(containers.snug({"run", "--restart", "always", small_root(), "true"}).code == 125);
}

TEST_CASE("run --rm=false keeps a container of the foreground, and prune takes those that have ended") {
  const Containers containers;
  CHECK(containers.snug({"run", "--userns", "single", "--rm=false", "--name", "kept", small_root(), "sh", "-c", "echo here >/file; exit 5"}).code == 5);
  CHECK(read_file(containers.upper("kept") + "/file") == "here\n");
  REQUIRE(containers.snug({"create", "--userns", "single", "--name", "new", small_root(), "true"}).code == 0);
  CHECK(containers.snug({"enter", "daily", "true"}).code == 0);
  CHECK(containers.snug({"prune"}).code == 1);  // nobody answers
  const Result asked = run({"env", containers.environment(), program(), "prune"}, {.input = "n\n"});
  CHECK(asked.code == 1);
  CHECK_MESSAGE(asked.err == "This removes 1 container that has ended, with what it wrote: 'kept'. Go on? [y/N] \nsnug: nothing was removed\n", asked.err);
  const Result pruned = containers.snug({"prune", "--force"});
  CHECK(pruned.out.starts_with("kept\nTotal reclaimed space: "));
  CHECK(containers.snug({"ps", "-a", "--format", "{{.Names}}"}).out == "daily\nnew\n");
}

TEST_CASE("inspect tells what was asked for and how the container fares, under docker's names") {
  const Containers containers;
  REQUIRE(containers.snug({"run", "--userns", "single", "-d", "--name", "i", "-e", "COLOUR=red", "-l", "team=blue", "--tmpfs", "/scratch", small_root(), "sleep", "1000"}).code == 0);
  const std::string text = containers.snug({"inspect", "i"}).out;
  for (const char* part : {"\"Name\": \"i\"", "\"Running\": true", "\"COLOUR=red\"", "\"team\": \"blue\"", "\"Destination\": \"/scratch\"", "\"Cmd\": [\n        \"sleep\",\n        \"1000\"\n      ]"})
    CHECK_MESSAGE(text.find(part) != std::string::npos, part);
  CHECK(containers.snug({"ps", "--filter", "label=team=blue", "-q"}).out.size() == 13);
  CHECK(containers.snug({"ps", "--filter", "label=team=red", "-q"}).out.empty());
  CHECK(containers.snug({"ps", "--filter", "colour=red"}).code == 125);
  CHECK(containers.snug({"ps", "--format", "{{.Nothing}}"}).code == 125);
  CHECK(containers.snug({"inspect", "i", "nothing-of-this-name"}).code != 0);
}

TEST_CASE("inspect prints the containers that there are, and names what is neither a container nor an image") {
  const Containers containers;
  REQUIRE(containers.snug({"create", "--userns", "single", "--name", "one", small_root(), "true"}).code == 0);
  const Result result = containers.snug({"inspect", "one", "nosuch", "--format", "{{.Name}}"});
  CHECK(result.code == 1);
  CHECK(result.out == "one\n");
  CHECK(has(result.err, "there is no container and no image 'nosuch'"));
}

TEST_CASE("a record that is damaged loses its container alone, is named, and never takes files with it") {
  const Containers containers;
  const std::string id = containers.snug({"create", "--userns", "single", "--name", "bad", small_root(), "true"}).out.substr(0, 12);
  REQUIRE(containers.snug({"create", "--userns", "single", "--name", "good", small_root(), "true"}).code == 0);
  shell_output("echo '{\"version\": 2, ' >" + containers.store() + "/containers/" + id + "/config.json");
  CHECK(containers.snug({"ps", "-a", "--format", "{{.Names}}"}).out == "good\n");
  CHECK(containers.snug({"gc"}).code == 0);
  CHECK(containers.snug({"run", "--userns", "single", small_root(), "true"}).code == 0);
  CHECK(fs::exists(containers.store() + "/containers/" + id));
}

TEST_CASE("a container whose state is damaged while it runs is ended all the same") {
  const Containers containers;
  for (const char* end : {"stop", "rm"}) {
    REQUIRE(containers.run_detached("torn", "sleep 1000").code == 0);
    const pid_t init = containers.init("torn"), monitor = containers.monitor("torn");
    shell_output("for each in " + containers.store() + "/containers/*; do echo '{' >$each/state.json; done");
    CHECK(containers.snug({"ps", "--format", "{{.Names}}"}).out == "torn\n");
    CHECK((end == std::string("rm") ? containers.snug({"rm", "-f", "torn"}) : containers.snug({"stop", "torn"})).code == 0);
    CHECK(!is_alive(monitor));
    CHECK(eventually([&] { return !is_alive(init); }));  // the kernel ends it when its monitor has
    if (end == std::string("stop")) CHECK(containers.snug({"rm", "torn"}).code == 0);
  }
  CHECK(containers.is_empty());
}

TEST_CASE("a kept container whose record is gone keeps what it wrote, is told of, and goes by rm alone") {
  const Containers containers;
  for (const char* harm : {": >", "rm "}) {
    const std::string id = containers.snug({"create", "--userns", "single", "--name", "year", small_root(), "sh", "-c", "echo work >/root/file"}).out.substr(0, 12);
    REQUIRE(containers.snug({"start", "-a", "year"}).code == 0);
    const std::string folder = containers.store() + "/containers/" + id;
    shell_output(harm + folder + "/config.json");
    const Result listed = containers.snug({"ps", "-a", "-q"});
    CHECK_MESSAGE(has(listed.err, "the record of the container " + id + " cannot be read"), listed.err);
    CHECK(containers.snug({"run", "--userns", "single", small_root(), "true"}).code == 0);
    CHECK(containers.snug({"gc"}).code == 0);
    CHECK(containers.snug({"prune", "-f"}).code == 0);
    CHECK(shell_output("find " + folder + " -name file 2>/dev/null || true") != "");
    const Result started = containers.snug({"start", "year"});
    CHECK_MESSAGE(has(started.err, "cannot be read"), started.err);
    CHECK(containers.snug({"rm", "year"}).out == "year\n");
    CHECK(containers.is_empty());
  }
}

TEST_CASE("a container whose files are damaged while it runs is listed as running, and rm --force ends it") {
  const Containers containers;
  const std::vector<std::string> harms{"rm state.json", "sed -i 's/\"pid\":[0-9]*/\"pid\":1/g' state.json", "sed -i 's/\"name\":\"torn\"/\"name\":5/' config.json", ": >config.json", "rm config.json",
                                       "echo garbage >state.json", "rm config.json state.json", "rm config.json; echo garbage >state.json"};
  for (const std::string& harm : harms) {
    CAPTURE(harm);
    const std::string id = containers.run_detached("torn", "sleep 1000").out.substr(0, 12);
    const pid_t init = containers.init("torn"), monitor = containers.monitor("torn");
    shell_output("cd " + containers.store() + "/containers/" + id + " && " + harm);
    if (has(harm, "config.json")) {
      CHECK(has(containers.snug({"ps"}).err, "the record of the container " + id + " cannot be read"));
    } else {
      const Result listed = containers.snug({"ps", "--format", "{{.Names}} {{.Status}}"});
      CHECK_MESSAGE(has(listed.out, "torn Up "), listed.out);
      CHECK_MESSAGE(!has(listed.out, "years"), listed.out);
    }
    CHECK(containers.snug({"rm", "torn"}).code == 1);
    CHECK(is_alive(monitor));
    const Result removed = containers.snug({"rm", "-f", "torn"});
    CHECK_MESSAGE(removed.out == "torn\n", removed.out, removed.err);
    CHECK(!is_alive(monitor));
    CHECK(eventually([&] { return !is_alive(init); }));
    CHECK(containers.is_empty());
  }
}

TEST_CASE("a container whose state is damaged tells who would enter it so") {
  const Containers containers;
  const std::string id = containers.run_detached("torn", "sleep 1000").out.substr(0, 12);
  shell_output("echo garbage >" + containers.store() + "/containers/" + id + "/state.json");
  const Result entered = containers.snug({"exec", "torn", "true"});
  CHECK(entered.code == 125);
  CHECK_MESSAGE(has(entered.err, "what is written down of the container 'torn' is damaged"), entered.err);
  CHECK(containers.snug({"restart", "-t", "0", "torn"}).code == 0);
  CHECK(containers.snug({"exec", "torn", "true"}).code == 0);
}

TEST_CASE("ps takes exit codes and no other words after exited=, and no name that nobody could have given") {
  const Containers containers;
  const std::string id = containers.snug({"create", "--userns", "single", "--name", "odd", small_root(), "true"}).out.substr(0, 12);
  CHECK(has(containers.snug({"ps", "-f", "exited=x"}).err, "it is no exit code"));
  const std::string record = containers.store() + "/containers/" + id + "/config.json";
  shell_output("sed -i 's/\"name\":\"odd\"/\"name\":\"\\\\u001b[31modd\"/' " + record);
  REQUIRE(has(read_file(record), "\\u001b[31modd"));
  const Result listed = containers.snug({"ps", "-a"});
  CHECK(!has(listed.out + listed.err, "\x1b"));
  CHECK(has(listed.err, id));
  CHECK(containers.snug({"rm", id}).code == 0);
  REQUIRE(containers.snug({"create", "--userns", "single", "--name", "lost", small_root(), "true"}).code == 0);
  CHECK(std::remove((containers.store() + "/names/lost").c_str()) == 0);
  CHECK(containers.snug({"start", "lost"}).code == 0);
  CHECK(containers.snug({"wait", "lost"}).out == "0\n");
  CHECK(containers.snug({"rm", "-a"}).out == "lost\n");
  CHECK(containers.is_empty());
}

TEST_CASE("who attached to a container learns of its end when ps knows it") {
  const Containers containers;
  REQUIRE(containers.snug({"create", "--userns", "single", "--name", "seen", small_root(), "sh", "-c", "exit 3"}).code == 0);
  for (int turn = 0; turn < 20; ++turn) {
    CHECK(containers.snug({"start", "-a", "seen"}).code == 3);
    CHECK(containers.snug({"ps", "-q"}).out.empty());
  }
}

TEST_CASE("of two who rename a container at once the later one wins, and no other name is left") {
  const Containers containers;
  REQUIRE(containers.snug({"create", "--userns", "single", "--name", "a", small_root(), "true"}).code == 0);
  const std::string id = containers.snug({"ps", "-a", "-q"}).out.substr(0, 12);
  shell_output("for name in b c d e f g h; do env " + containers.environment() + " " + program() + " rename " + id + " $name & done; wait");
  CHECK(shell_output("ls " + containers.store() + "/names") == containers.snug({"ps", "-a", "--format", "{{.Names}}"}).out);
}

TEST_CASE("a name that a rename cut short has left is free, and of a container that was renamed while it ran no name is left") {
  const Containers containers;
  const auto names = [&] { return shell_output("ls " + containers.store() + "/names"); };
  const auto create = [&](const char* name) { return containers.snug({"create", "--userns", "single", "--name", name, small_root(), "true"}).code; };
  REQUIRE(create("v") == 0);
  fs::copy_symlink(containers.store() + "/names/v", containers.store() + "/names/w");
  CHECK(create("w") == 0);
  CHECK(containers.snug({"ps", "-a", "--format", "{{.Names}}"}).out == "w\nv\n");
  fs::copy_symlink(containers.store() + "/names/v", containers.store() + "/names/x");
  CHECK(containers.snug({"rm", "v"}).code == 0);
  CHECK(names() == "w\n");
  REQUIRE(containers.snug({"run", "-d", "--rm", "--userns", "single", "--name", "y", small_root(), "sleep", "1000"}).code == 0);
  CHECK(containers.snug({"rename", "y", "z"}).code == 0);
  CHECK(containers.snug({"stop", "-t", "0", "z"}).code == 0);
  CHECK(eventually([&] { return names() == "w\n"; }));
}

TEST_CASE("the host name inside stays what it was when the container is renamed, and who enters is told so, until it is started again") {
  const Containers containers;
  REQUIRE(containers.run_detached("before", "sleep 1000").code == 0);
  REQUIRE(containers.snug({"rename", "before", "after"}).code == 0);
  CHECK(containers.snug({"exec", "after", "sh", "-c", "echo $HOSTNAME; hostname"}).out == "before\nbefore\n");
  REQUIRE(containers.snug({"restart", "-t", "0", "after"}).code == 0);
  CHECK(containers.snug({"exec", "after", "sh", "-c", "echo $HOSTNAME; hostname"}).out == "after\nafter\n");
}

TEST_CASE("a name that is nearly right is answered with the right one") {
  const Containers containers;
  REQUIRE(containers.snug({"create", "--userns", "single", "--name", "debian", small_root(), "true"}).code == 0);
  CHECK(containers.snug({"stop", "debain"}).err.find("did you mean 'debian'?") != std::string::npos);
}

TEST_CASE("a foreground container is listed while it runs, and leaves neither folder nor name") {
  const Containers containers;
  const Background running({"env", containers.environment(), program(), "run", "--userns", "single", "--name", "front", small_root(), "sleep", "1000"});
  REQUIRE(eventually([&] { return containers.snug({"ps", "--format", "{{.Names}}"}).out == "front\n"; }));
  CHECK(containers.snug({"restart", "front"}).code == 1);
  CHECK(containers.snug({"stop", "-t", "0", "front"}).code == 0);
  CHECK(eventually([&] { return containers.is_empty(); }));
}

TEST_CASE("a container that is renamed to its own name keeps it for itself") {
  const Containers containers;
  REQUIRE(containers.run_detached("same", "sleep 1000").code == 0);
  CHECK(containers.snug({"rename", "same", "same"}).code == 0);
  CHECK(containers.run_detached("same", "sleep 1000").code == 125);
}

TEST_CASE("the youngest is the one that was made last, also within a second") {
  const Containers containers;
  for (int number = 0; number < 5; ++number) {
    const std::string id = containers.snug({"create", "--userns", "single", small_root(), "true"}).out;
    CHECK(containers.snug({"ps", "--latest", "--quiet"}).out == id);
  }
}

TEST_CASE("several who restart one container at once take turns, and what could not be started again is not stopped") {
  const Containers containers;
  const std::string source = containers.folder() + "/bound";
  fs::create_directory(source);
  REQUIRE(containers.snug({"run", "-d", "--userns", "single", "--name", "turn", "-v", source + ":/bound", small_root(), "sleep", "1000"}).code == 0);
  const Result all = run({"env", containers.environment(), "sh", "-c", "for n in 1 2 3 4 5; do \"$0\" restart -t 0 turn & all=\"$all $!\"; done; for each in $all; do wait $each || exit 1; done", program()});
  CHECK_MESSAGE(all.code == 0, all.err);
  CHECK(all.out == "turn\nturn\nturn\nturn\nturn\n");
  const pid_t monitor = containers.monitor("turn");
  fs::remove(source);
  CHECK(containers.snug({"restart", "-t", "0", "turn"}).code == 1);
  CHECK(is_alive(monitor));
  fs::create_directory(source);
}

TEST_CASE("restart refuses what goes away when it ends, and leaves it alone") {
  const Containers containers;
  REQUIRE(containers.snug({"create", "--rm", "--userns", "single", "--name", "once", small_root(), "sleep", "1000"}).code == 0);
  REQUIRE(containers.snug({"start", "once"}).code == 0);
  CHECK(containers.snug({"restart", "-t", "0", "once"}).code == 1);
  CHECK(containers.snug({"ps", "--format", "{{.Names}}"}).out == "once\n");
  CHECK(containers.snug({"stop", "-t", "0", "once"}).code == 0);
  CHECK(containers.is_empty());
}

TEST_CASE("a container whose record is damaged is told of, and rm takes it with its name") {
  const Containers containers;
  const std::string id = containers.snug({"create", "--userns", "single", "--name", "bad", small_root(), "true"}).out.substr(0, 12);
  shell_output("echo '{' >" + containers.store() + "/containers/" + id + "/config.json");
  const Result listed = containers.snug({"ps", "-a", "-q"});
  CHECK(listed.out.empty());
  CHECK(listed.err.find("the record of the container " + id + " cannot be read") != std::string::npos);
  CHECK(containers.snug({"rm", "bad"}).out == "bad\n");
  CHECK(containers.is_empty());
}

TEST_CASE("the monitor in the background has neither the caller's words nor its descriptors") {
  const Containers containers;
  const std::string lock = containers.folder() + "/lock";
  const std::string script = "exec 7>\"$0\"; flock 7; \"$1\" run -d --userns single --name quiet -e SECRET=geheim \"$2\" sleep 1000";
  REQUIRE(run({"env", containers.environment(), "sh", "-c", script, lock, program(), small_root()}).code == 0);
  CHECK(run({"flock", "-n", lock, "true"}).code == 0);
  for (const pid_t pid : {containers.monitor("quiet"), containers.init("quiet")}) {
    const std::string words = read_file("/proc/" + std::to_string(pid) + "/cmdline");
    CHECK(words.starts_with("snug"));
    CHECK(words.find("geheim") == std::string::npos);
  }
}

TEST_CASE("between two starts a container is restarting: listed, and stopped by stop") {
  const Containers containers;
  REQUIRE(containers.snug({"run", "--userns", "single", "-d", "--name", "again", "--restart", "always", small_root(), "false"}).code == 0);
  CHECK(eventually([&] { return containers.snug({"ps", "--filter", "status=restarting", "--format", "{{.Names}}"}).out == "again\n"; }));
  CHECK(containers.snug({"rm", "again"}).code == 1);
  // Between its tries, the longer the more there were.
  for (const char* verb : {"kill", "attach"})
    CHECK(eventually([&] { return has(containers.snug({verb, "again"}).err, "it waits to be started again"); }));
  CHECK(eventually([&] { return has(containers.snug({"exec", "again", "true"}).err, "it waits to be started again\n  hint:  'snug stop again'"); }));
  CHECK(containers.snug({"stop", "again"}).code == 0);
  CHECK(containers.snug({"ps", "-a", "--format", "{{.State}}"}).out == "exited\n");
}

TEST_SUITE_END();
