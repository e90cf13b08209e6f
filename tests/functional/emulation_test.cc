#include <doctest/doctest.h>

#include <chrono>
#include <string>
#include <vector>

#include "containers.hh"
#include "snug/base/text.hh"

using namespace snug::test;

// Root with one id: what it is told, and that nothing comes of it.
namespace {

Result in_root(std::vector<std::string> options, const std::string& script) {
  options.insert(options.begin(), {program(), "run", "--userns", "single"});
  options.insert(options.end(), {small_root(), "sh", "-c", script});
  return run(options);
}

}  // namespace

TEST_SUITE_BEGIN("any");

TEST_CASE("root with one id: owners and users seem to change, and nothing is changed") {
  const Result told = in_root({}, "touch f && chown 5:6 f && stat -c %u:%g f && mknod d c 1 3 && mknod p p && test -p p && test ! -e d && chmod 4755 f && stat -c %a f");
  CHECK_MESSAGE(told.code == 0, told.err);
  CHECK(told.out == "0:0\n4755\n");
  CHECK(in_root({"--emulate-root", "static", "--nested"}, "touch f && chown 5 f").code == 0);
  CHECK(in_root({"-v", "/tmp:/outside:ro"}, "chown 5 /outside; echo $?").out == "0\n");  // told so there, too: the kernel is not asked
  for (const std::vector<std::string>& options : {std::vector<std::string>{"--emulate-root", "off"}, {"--nested"}, {"--security-opt", "seccomp=unconfined"},
                                                  {"--security-opt", "no-new-privileges=false"}}) {
    const Result refused = in_root(options, "touch f; chown 5 f");
    CHECK(refused.code == 1);
    CHECK_MESSAGE(refused.err.find("Invalid argument") != std::string::npos, refused.err);
  }
  const Result read_only = in_root({"--read-only", "--tmpfs", "/w"}, "touch /w/f; chown 5 /w/f");
  CHECK(read_only.code == 1);
  CHECK(in_root({"--emulate-root", "sometimes"}, "true").code == 125);
}

TEST_CASE("root with one id: exec is told the same as the container's command") {
  const Containers containers;
  REQUIRE(containers.run_detached("box", "exec sleep 86701").code == 0);
  const Result told = containers.snug({"exec", "box", "sh", "-c", "touch /f && chown 5 /f && stat -c %u /f"});
  CHECK_MESSAGE(told.out == "0\n", told.err);
}

TEST_CASE("root with one id: inspect and walls tell what it is told, whatever was asked for") {
  const Containers containers;
  const auto inspected = [&](const std::vector<std::string>& options) {
    std::vector<std::string> words{"create", "--name", "box", "--userns", "single"};
    words.insert(words.end(), options.begin(), options.end());
    for (const std::string& word : {small_root(), std::string("sleep"), std::string("86703")}) words.push_back(word);
    REQUIRE(containers.snug(words).code == 0);
    const std::vector<std::string> ask{"inspect", "--format", "{{.Restraints.Seccomp}}, {{.Restraints.EmulateRoot}}, {{.Restraints.UserNamespaces}}", "box"};
    CHECK(containers.snug({"inspect", "--format", "{{json .Restraints.EmulateRoot}} {{json .Restraints.Ulimits}}", "box"}).out == "null null\n");
    REQUIRE(containers.snug({"start", "box"}).code == 0);
    const std::string out = containers.snug(ask).out, told = containers.snug({"walls", "box"}).out;
    const std::string filter = out.substr(0, out.find(','));
    CHECK_MESSAGE(has(told, "what runs in the container is under: " + filter + "\n") == (filter != "unconfined"), told);
    CHECK(has(told, "none can be made: the kernel's limit in there is 0\n") == out.ends_with(" off\n"));
    CHECK(has(told, "session keyring\n  its own"));
    REQUIRE(containers.snug({"rm", "-f", "box"}).code == 0);
    return out;
  };
  CHECK(inspected({}) == "default + root, static, off\n");
  CHECK(inspected({"--emulate-root", "off"}) == "default, off, off\n");
  CHECK(inspected({"--emulate-root", "remembered"}) == "default + owners, remembered, off\n");
  CHECK(inspected({"--read-only"}) == "default, off, off\n");
  CHECK(inspected({"--security-opt", "seccomp=unconfined"}) == "unconfined, off, off\n");
  CHECK(inspected({"--nested"}) == "nested, off, open\n");
}

TEST_CASE("root with one id: of a container that is only woken, too") {
  const Containers containers;
  const Result told = containers.snug({"enter", "woken", "true"});
  REQUIRE_MESSAGE(told.code == 0, told.err);
  const std::string out = containers.snug({"inspect", "--format", "{{.Restraints.Seccomp}}, {{.Restraints.EmulateRoot}}", "woken"}).out;
  CHECK((out == "default + root, static\n" || out == "default, off\n"));  // with one id, or with more
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("ranges");

TEST_CASE("with more ids than one, the kernel changes owners") {
  const Result result = run({program(), "run", small_root(), "sh", "-c", "touch f; chown 5:6 f; stat -c %u:%g f"});
  CHECK_MESSAGE(result.out == "5:6\n", result.err);
}

TEST_SUITE_END();

TEST_SUITE_BEGIN("once");

TEST_CASE("a real Debian with one id: packages that give files away, add users and start programs as others are installed") {
  if (debian_root().empty()) return skip("no Debian root was made");
  const Result result = run({program(), "run", "--userns", "single", "--network", "host", "tar:" + debian_root() + ".tar", "sh", "-ec",
                             "apt-get update -q; rm /var/cache/man/index.db; apt-get install -yq --no-install-recommends openssh-server postgresql-common sudo man-db iputils-ping\n"
                             "dpkg --audit; grep -c '^sshd:\\|^postgres:' /etc/passwd; stat -c %a /usr/bin/ssh-agent; getcap /bin/ping; test -s /var/cache/man/index.db; useradd -m someone; test -d /home/someone\n"
                             "sudo -u someone sh -c 'touch /home/someone/file; echo $USER'; su someone -c 'test -e /home/someone/file; echo $USER'\n"
                             "tar -C / -cf /t.tar --owner=33 --group=44 home; mkdir /o; tar -C /o -xpf /t.tar --same-owner; test -e /o/home/someone/file\n"
                             "mknod /d b 8 0; test ! -e /d; mknod -m 600 /d b 8 0 2>&1 || echo whole"},
                            {.patience = std::chrono::seconds(240)});
  CHECK_MESSAGE(result.out.ends_with("\n2\n2755\n/bin/ping cap_net_raw=ep\nsomeone\nsomeone\nmknod: cannot set permissions of '/d': No such file or directory\nwhole\n"), result.out << result.err);
}

TEST_SUITE_END();
