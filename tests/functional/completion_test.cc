#include <doctest/doctest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "containers.hh"
#include "harness.hh"
#include "snug/base/text.hh"

using namespace snug::test;
using snug::format;

namespace {

/// A container that runs, one that does not, images, and files inside whose names are meant for a shell that is not careful.
class Store : public Containers {
 public:
  Store() {
    const std::string odd = folder() + "/root/odd";
    std::filesystem::copy(small_root(), folder() + "/root", std::filesystem::copy_options::recursive | std::filesystem::copy_options::copy_symlinks);
    for (const char* name : {"/sub", "/.hidden"}) std::filesystem::create_directories(odd + name);
    std::filesystem::create_directory_symlink("sub", odd + "/link");
    for (const char* name : {"a$(touch pwned)b", "c; touch pwned; 'd", "`touch pwned`", "t:1", "x\ny", "x\x1b[31m"})
      shell_output(format(": >{}", snug::shell_quoted(format("{}/{}", odd, name))));
    std::filesystem::create_directories(folder() + "/my folder");
    const std::string root = folder() + "/root";
    REQUIRE(snug({"run", "-d", "--userns", "single", "--name", "web", root, "sleep", "600"}).code == 0);
    REQUIRE(snug({"create", "--userns", "single", "--name", "sleepy", root}).code == 0);
    has_ports = snug({"port", "add", "sleepy", "8089:80"}).code == 0 && snug({"port", "add", "sleepy", "8053:53/udp"}).code == 0;
    REQUIRE(snug({"network", "create", "inner"}).code == 0);
    write_index();
  }

  bool has_ports = false;  ///< which takes a network with a way out

 private:
  // As another tool might have written it: the first name is none.
  void write_index() const {
    const std::string images = store() + "/images";
    std::filesystem::create_directories(images);
    shell_output(format("echo '{{\"imageLayoutVersion\":\"1.0.0\"}}' >{}/oci-layout", images));
    std::string manifests;
    for (const char* name : {"$(touch pwned)", "docker.io/library/debian:12", "quay.io/people/tool:latest"})
      manifests += format("{}{{\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\",\"digest\":\"sha256:{:064}\",\"size\":1,"
                          "\"annotations\":{{\"org.opencontainers.image.ref.name\":\"{}\"}}}}",
                          manifests.empty() ? "" : ",", manifests.size(), name);
    shell_output(format("echo '{{\"schemaVersion\":2,\"manifests\":[{}]}}' >{}/index.json", manifests, images));
  }
};

struct Shell {
  std::string name;
  std::vector<std::string> options;
  std::string preparation;
};

const std::vector<Shell> shells{
    {"bash", {"--norc", "--noprofile", "-i"}, "source <(snug completion bash)"},
    {"zsh", {"-f", "-i"}, "bindkey -e; autoload -U compinit; compinit -D -u; source <(snug completion zsh)"},
    {"fish", {"--no-config", "-i"}, "snug completion fish | source"},
};

/// A shell on a terminal, in the folder of the store.
class Typist {
 public:
  Typist(const Shell& shell, const Store& store) : out_(store.folder() + "/out"), terminal_(words(shell, store), 24, 200) {
    REQUIRE_MESSAGE(terminal_.expect("> "), terminal_.seen());
    enter(shell.preparation);
  }

  /// The words that a line is for the shell once Tab was pressed behind it, each in angle brackets.
  std::string become(const std::string& line) {
    enter(line + "\t\x01printf '<%s>' \x05 >out");
    return read_file(out_);
  }

 private:
  // The quotes keep the echo of the line apart from what it says.
  void enter(const std::string& line) {
    terminal_.send(line + "; echo @do''ne@\r");
    REQUIRE_MESSAGE(terminal_.expect("@done@"), terminal_.seen());
  }

  static std::vector<std::string> words(const Shell& shell, const Store& store) {
    const std::string programs = std::filesystem::path(program()).parent_path();
    std::vector<std::string> words{"env", "-C", store.folder(), "HOME=" + store.folder(), "PS1=> ", "LC_ALL=C.UTF-8", store.environment(),
                                   format("PATH={}:/usr/local/bin:/usr/bin:/bin", programs), shell.name};
    words.insert(words.end(), shell.options.begin(), shell.options.end());
    return words;
  }

  std::string out_;
  Terminal terminal_;
};

bool is_installed(const std::string& program) { return run({"sh", "-c", "command -v " + program}).code == 0; }

// What `snug completion line` says besides its two first lines, without what the words are.
std::string offered(const Store& store, const std::string& line) {
  const Result result = store.snug({"completion", "line", "snug " + line});
  CHECK_MESSAGE(result.code == 0, result.err);
  CHECK(result.err.empty());
  std::string words;
  const auto lines = snug::lines(result.out);
  for (std::size_t at = 2; at < lines.size(); ++at) words += format("{}{}", at > 2 ? " " : "", lines[at].substr(0, lines[at].find('\t')));
  return words;
}

void check_what_is_asked_for(const Store& store) {
  CHECK(offered(store, "rm ") == "web sleepy");
  CHECK(offered(store, "rm web ") == "sleepy");
  CHECK(offered(store, "rmi debian:12 ") == "quay.io/people/tool:latest");
  CHECK(offered(store, "network rm inner ").empty());
  CHECK(offered(store, "walls --compare web hos") == "host");
  CHECK(offered(store, "walls we") == "web");
  CHECK(offered(store, "walls host hos").empty());
  CHECK(offered(store, "exec ") == "web");
  CHECK(offered(store, "start ") == "sleepy");
  CHECK(offered(store, "rmi ") == "debian:12 quay.io/people/tool:latest");
  CHECK(offered(store, "inspect d") == "debian:12");
  CHECK(offered(store, "run q") == "quay.io/people/tool:latest");
  CHECK(offered(store, "cp s") == "sleepy:");
  for (const char* name : {"web", "sleepy"}) {
    CHECK(offered(store, format("cp {}:/odd/s", name)) == format("{}:/odd/sub/", name));
    CHECK(offered(store, format("cp . {}:odd/l", name)) == format("{}:odd/link/", name));
    CHECK(offered(store, format("cp {}:/odd/x", name)).empty());
    CHECK(offered(store, format("cp {}:/odd/.", name)) == format("{}:/odd/.hidden/", name));
    CHECK(offered(store, format("cp {}:/odd/t:", name)) == format("{}:/odd/t:1", name));
    CHECK(offered(store, format("cp {}:/nothing/", name)).empty());
    CHECK(offered(store, format("enter {} ls -l /odd/s", name)) == "/odd/sub/");
  }
  CHECK(offered(store, "cp nobody:/").empty());
  CHECK(offered(store, "port ") == "add rm web sleepy");
  for (const char* line : {"port add ", "port rm ", "network connect inner ", "network disconnect inner ", "network allow ", "network denied ", "network deny "}) CHECK_MESSAGE(offered(store, line) == "web sleepy", line);
  if (!store.has_ports) skip("no port can be published here");
  else
    for (const char* line : {"port rm sleepy ", "port sleepy "}) CHECK_MESSAGE(offered(store, line) == "80/tcp 53/udp", line);
  for (const char* line : {"port add sleepy ", "port rm sleepy 80 ", "network create ", "network ls ", "network prune ", "network connect inner web ", "network allow web "}) CHECK_MESSAGE(offered(store, line).empty(), line);
  for (const char* line : {"network rm ", "network inspect ", "network inspect other ", "network connect ", "network disconnect ", "run --network i"}) CHECK_MESSAGE(offered(store, line) == "inner", line);
  for (const char* option : {"--network ", "--pid ", "--userns="}) CHECK_MESSAGE(offered(store, format("run {}container:", option)) == format("{}container:web", option == std::string_view("--userns=") ? option : ""), option);
  CHECK(offered(store, "network c") == "connect create");
  CHECK(store.snug({"completion", "words", "stop", ""}).out == format("none 0\n\nweb\t{}/root\n", store.folder()));
  CHECK(store.snug({"completion", "words", "debug", "./"}).out.starts_with("folders "));
  CHECK(store.snug({"completion", "line"}).code == 125);
  CHECK(store.snug({"completion", "tcsh"}).code == 125);
}

void check(const Shell& shell, const Store& store) {
  Typist typist(shell, store);
  CHECK(typist.become("snug ru") == "<snug><run>");
  CHECK(typist.become("snug run --netw") == "<snug><run><--network>");
  CHECK(typist.become("snug run --network=pri") == "<snug><run><--network=private>");
  CHECK(typist.become("snug run --network container:w") == "<snug><run><--network><container:web>");
  CHECK(typist.become("snug rm sl") == "<snug><rm><sleepy>");
  CHECK(typist.become("snug rmi debian:") == "<snug><rmi><debian:12>");
  CHECK(typist.become("snug port ad") == "<snug><port><add>");
  CHECK(typist.become("snug network rm in") == "<snug><network><rm><inner>");
  for (const char* line : {"snug run -v my", "snug run --volume=my", "snug run dir:my"}) {
    const std::string folder = typist.become(line);  // zsh takes the slash away before a blank
    CHECK_MESSAGE((folder.ends_with("my folder/>") || folder.ends_with("my folder>")), folder);
  }
  CHECK(typist.become("snug cp we") == "<snug><cp><web:>");
  CHECK(typist.become("snug cp web:/od") == "<snug><cp><web:/odd/>");
  CHECK(typist.become("snug cp web:/odd/a") == "<snug><cp><web:/odd/a$(touch pwned)b>");
  CHECK(typist.become("snug cp web:/odd/c") == "<snug><cp><web:/odd/c; touch pwned; 'd>");
  CHECK(typist.become("snug cp \"web:/odd/a") == "<snug><cp><web:/odd/a$(touch pwned)b>");
  CHECK(typist.become("snug cp 'web:/odd/c") == "<snug><cp><web:/odd/c; touch pwned; 'd>");
  CHECK(typist.become("snug cp web:/odd/\\`") == "<snug><cp><web:/odd/`touch pwned`>");
  CHECK_FALSE(std::filesystem::exists(store.folder() + "/pwned"));
}

void check_prompt(const Store& store) {
  Terminal terminal({"env", "-C", store.folder(), store.environment(), "XDG_STATE_HOME=" + store.folder(), program()}, 24, 200);
  REQUIRE_MESSAGE(terminal.expect(" up> "), terminal.seen());
  terminal.send("rm sl\t");
  CHECK_MESSAGE(terminal.expect("sleepy "), terminal.seen());
  terminal.send("\x15port rm sl\t");
  CHECK_MESSAGE(terminal.expect("port rm sleepy "), terminal.seen());
  terminal.send("\x15network disc\tin\t");
  CHECK_MESSAGE(terminal.expect("network disconnect inner "), terminal.seen());
  terminal.send("\x15rmi deb\t");
  CHECK_MESSAGE(terminal.expect("debian:12 "), terminal.seen());
  for (const char* name : {"web", "sleepy"}) {
    terminal.send(format("\x15"
                         "cp {}:/odd/c\t",
                         name));
    CHECK_MESSAGE(terminal.expect(":/odd/c\\;\\ touch\\ pwned\\;\\ \\'d "), terminal.seen());
  }
  terminal.send("\x15\x04");
  CHECK(terminal.wait() == 0);
}

}  // namespace

TEST_SUITE_BEGIN("any");

TEST_CASE("the prompt and bash, zsh and fish complete by one table, names from strangers too, and execute nothing of them") {
  const Store store;
  check_what_is_asked_for(store);
  check_prompt(store);
  for (const Shell& shell : shells) {
    INFO(shell.name);
    if (is_installed(shell.name))
      check(shell, store);
    else
      skip(shell.name + " is not installed");
  }
}

TEST_SUITE_END();
