#include <doctest/doctest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "images.hh"
#include "snug/base/text.hh"

using namespace snug::test;
namespace fs = std::filesystem;

namespace {

// The values of a name in JSON as snug prints it, one a line, in their order.
std::vector<std::string> values_of(const std::string& json, const std::string& name) {
  std::vector<std::string> values;
  const std::string key = "\"" + name + "\": \"";
  for (std::size_t at = json.find(key); at != std::string::npos; at = json.find(key, at + 1))
    values.push_back(json.substr(at + key.size(), json.find('"', at + key.size()) - at - key.size()));
  return values;
}

/// A store with two images that share a layer, put there by skopeo as into any OCI layout.
struct Store : Data {
  Store() {
    const fs::path tree = folder() + "/tree";
    fs::create_directories(tree / "etc");
    shell_output("echo one >" + (tree / "etc/one").string());
    make_image(layout(), "one", {tree}, {"--config.cmd", "sh", "--config.label", "kind=first", "--created", "2020-01-01T00:00:00Z"});
    shell_output("umoci tag --image " + layout() + ":one two");
    shell_output("echo two >" + (tree / "etc/two").string() + " && umoci insert --rootless --image " + layout() + ":two " + (tree / "etc/two").string() + " /etc/two && umoci config --created 2021-01-01T00:00:00Z --image " + layout() + ":two");
    fs::create_directories(store() + "/images");
    shell_output("chmod -R go= " + folder() + "/data");
    for (const char* name : {"one", "two"}) copy_in(name, std::string("docker.io/library/") + name + ":latest");
  }

  [[nodiscard]] std::string layout() const { return folder() + "/layout"; }
  void copy_in(const std::string& tag, const std::string& name) const {
    shell_output("skopeo --insecure-policy copy -q oci:" + layout() + ":" + tag + " oci:" + store() + "/images:" + name);
  }
  [[nodiscard]] std::string out(const std::vector<std::string>& words) const {
    const Result result = snug(words);
    CHECK_MESSAGE(result.code == 0, result.err);
    return result.out;
  }
  [[nodiscard]] std::size_t blobs() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(store() + "/images/blobs/sha256"), fs::directory_iterator()));
  }
};

}  // namespace

TEST_SUITE_BEGIN("any");

TEST_CASE("images that skopeo wrote into the store are listed, and filtered") {
  const Store store;
  const std::string table = store.out({"images"});
  CHECK_MESSAGE(table.starts_with("REPOSITORY  TAG     IMAGE ID"), table);
  CHECK(table.find("one         latest") != std::string::npos);
  CHECK(table.find("two         latest") != std::string::npos);
  const auto ids = values_of(store.out({"images", "--json"}), "Id");
  REQUIRE(ids.size() == 2);
  CHECK(store.out({"images", "-q", "--filter", "label=kind=first", "one"}) == ids.back().substr(7, 12) + "\n");
  CHECK(store.out({"images", "-q", "--filter", "label=kind=other"}).empty());
  CHECK(values_of(store.out({"images", "--json", "--filter", "before=two"}), "Id").size() == 1);
  CHECK(values_of(store.out({"images", "--json", "--filter", "reference=tw*"}), "Id").size() == 1);
  CHECK(store.out({"images", "--format", "{{.Repository}}:{{.Tag}} {{.ID}}", "one"}) == "one:latest " + ids.back().substr(7, 12) + "\n");
  CHECK(store.out({"images", "--digests"}).starts_with("REPOSITORY  TAG     DIGEST "));
  CHECK(values_of(store.out({"images", "--json", "--filter", "until=2020-06-01T00:00:00Z"}), "Name") == std::vector<std::string>{"docker.io/library/one:latest"});
  CHECK(values_of(store.out({"images", "--json", "--filter", "until=1h"}), "Id").size() == 2);
  CHECK(store.out({"images", "-n", "one"}).starts_with("one "));
  CHECK(store.snug({"images", "--filter", "colour=red"}).err.find("there is no filter 'colour'") != std::string::npos);
}

TEST_CASE("an image has names, and goes with the last of them") {
  const Store store;
  const std::size_t all = store.blobs();
  CHECK(store.snug({"tag", "one", "localhost/mine:1"}).code == 0);
  CHECK(store.snug({"tag", "one", "localhost/a:1", "localhost/b:1@sha256:" + std::string(64, '0')}).code == 125);
  CHECK(store.snug({"rmi", "a:1"}).code == 1);
  for (const std::string& name : {std::string(64, 'a'), std::string("sha256:abc"), std::string("sha512:abc")}) CHECK(has(store.snug({"tag", "one", name}).err, "would be taken for an id"));
  CHECK(store.snug({"tag", "one", "localhost/a:1", "localhost/b:1"}).code == 0);
  CHECK(store.out({"rmi", "a:1", "b:1"}) == "Untagged: localhost/a:1\nUntagged: localhost/b:1\n");
  const std::string image = store.out({"inspect", "mine:1"});
  CHECK(has(image, "\"RepoTags\": [\n      \"one:latest\",\n      \"localhost/mine:1\"\n    ]"));
  CHECK(has(image, "\"Cmd\": [\n        \"sh\"\n      ]"));
  CHECK(store.out({"inspect", "-f", "{{.Architecture}} {{json .Config.Cmd}}", "mine:1"}) == "amd64 [\"sh\"]\n");
  const std::string whole = values_of(image, "Id").at(0), id = whole.substr(7, 12);
  CHECK(store.snug({"rmi", id}).err.find("has 2 names") != std::string::npos);
  CHECK(store.out({"rmi", "mine:1"}) == "Untagged: localhost/mine:1\n");
  CHECK(store.blobs() == all);
  CHECK(store.out({"rmi", "one"}) == "Untagged: one:latest\nDeleted: " + whole + "\n");
  CHECK(store.blobs() == all - 2);  // its documents: the layer is the other's too
  const Result again = store.snug({"rmi", "one", "two"});
  CHECK(again.code == 1);
  CHECK(again.err.find("there is no image 'one'") != std::string::npos);
  CHECK(store.blobs() == 0);
  store.copy_in("one", "docker.io/library/one:latest");
  const Result some = store.snug({"inspect", "nosuch", "one"});
  CHECK(some.code == 1);
  CHECK(has(some.err, "no image 'nosuch'"));
  CHECK(values_of(some.out, "Id").at(0) == whole);
  for (const char* name : {"one", "library/one", "library/one:latest", "docker.io/library/one", "docker.io/*/o*"}) CHECK_MESSAGE(has(store.out({"images", name}), "one"), name);
  for (const char* kind : {"image", "container"}) CHECK(store.snug({"inspect", "--type", kind, "nosuch"}).code == 1);
  const Result none = store.snug({"inspect", "nosuch", "neither"});
  CHECK(none.code == 1);
  CHECK(none.out.empty());
  CHECK(has(none.err, "image 'neither'\n"));
  CHECK(store.snug({"inspect", "nosuch"}).err == "snug: there is no container and no image 'nosuch'\n  hint:  'snug ps --all' and 'snug images' list those that are there\n");
  CHECK(has(store.snug({"inspect", "--type", "image", "nosuch"}).err, "there is no image 'nosuch'"));
  CHECK(has(store.snug({"inspect", "--type", "container", "nosuch"}).err, "there is no container 'nosuch'"));
}

TEST_CASE("what skopeo copies out of the store is what it copied in") {
  const Store store;
  const std::string digest = values_of(store.out({"inspect", "two"}), "Digest").at(0);
  const std::string seen = shell_output("skopeo inspect oci:" + store.store() + "/images:docker.io/library/two:latest");
  CHECK_MESSAGE(has(seen, digest), seen);
}

TEST_CASE("history tells the steps, the last one first") {
  const Store store;
  const std::string json = store.out({"history", "--json", "two"});
  CHECK(values_of(json, "CreatedBy") == std::vector<std::string>{"umoci config", "umoci insert", "umoci config", "umoci insert"});
  CHECK(values_of(json, "Layer").at(0).empty());
  CHECK(store.out({"history", "two"}).starts_with("LAYER"));
  CHECK(store.out({"history", "--format", "{{.CreatedBy}}", "two"}) == "umoci config\numoci insert\numoci config\numoci insert\n");
  const std::string exact = store.out({"history", "--human=false", "two"});
  CHECK_MESSAGE(has(exact, "Z  umoci config  0\n"), exact);
}

TEST_CASE("what a stranger wrote into an image does nothing to a terminal, and is what it is elsewhere") {
  const Store store;
  shell_output("umoci config --image " + store.layout() + ":one --author \"$(printf '\\033]0;x\\007me')\" --history.created_by \"$(printf 'a\\tb')\"");
  store.copy_in("one", "docker.io/library/odd:1");
  CHECK(store.out({"inspect", "-f", "{{.Author}}", "odd:1"}) == "\x1b]0;x\x07me\n");
  CHECK(store.out({"history", "--format", "{{.CreatedBy}}", "odd:1"}).starts_with("a\\tb\n"));
  CHECK(has(store.out({"history", "--format", "json", "odd:1"}), R"("CreatedBy":"a\tb")"));
  Terminal terminal({"env", store.environment(), program(), "inspect", "-f", "{{.Author}}", "odd:1"}, 24, 80);
  CHECK_MESSAGE(terminal.expect("\\x1b]0;x\\x07me"), terminal.seen());
  CHECK(terminal.wait() == 0);
}

TEST_CASE("gc removes what no image has, keeps what one has, and mends what is damaged") {
  const Store store;
  const std::size_t all = store.blobs();
  shell_output("echo junk >" + store.store() + "/images/blobs/sha256/" + std::string(64, '0'));
  CHECK(store.out({"gc", "--dry-run"}) == "would remove 1 blob, 0 layers and 0 unfinished things: 5B\n");
  CHECK(store.blobs() == all + 1);
  CHECK(store.out({"gc"}) == "removed 1 blob, 0 layers and 0 unfinished things: 5B\n");
  shell_output("echo half >" + store.store() + "/images/blobs/sha256/.abc.123");  // a document that was being written
  CHECK(store.out({"gc", "--check"}) == "removed 0 blobs, 0 layers and 1 unfinished thing: 5B\n");
  CHECK(store.out({"gc", "--check"}) == "removed 0 blobs, 0 layers and 0 unfinished things: 0B\n");
  const std::string layer = values_of(store.out({"inspect", "two"}), "Digest").back();
  shell_output("chmod u+w " + store.store() + "/images/blobs/sha256/* && printf x | dd conv=notrunc status=none bs=1 of=" + store.store() + "/images/blobs/sha256/" + layer.substr(7));
  CHECK(store.snug({"gc", "--check", "--dry-run"}).code == 1);
  const Result checked = store.snug({"gc", "--check"});
  CHECK(checked.code == 1);
  const std::string& found = checked.out;
  // Nobody else has it.
  CHECK_MESSAGE(found.find("the blob " + layer + " is damaged; kept as ") != std::string::npos, found);
  CHECK(fs::exists(store.store() + "/images/blobs/sha256/" + layer.substr(7) + ".damaged"));
  CHECK_MESSAGE(found.find("'two:latest' lacks the blob") != std::string::npos, found);
  CHECK_MESSAGE(found.find("'one:latest' lacks") == std::string::npos, found);
  CHECK_MESSAGE(found.find("'snug rmi docker.io/library/two:latest' removes it") != std::string::npos, found);
  store.copy_in("two", "docker.io/library/two:latest");
  CHECK(store.out({"gc", "--check"}).starts_with("removed 0 blobs"));
  shell_output("truncate -s 0 " + store.store() + "/images/oci-layout");
  CHECK(has(store.out({"gc", "--check"}), "oci-layout does not say what it should; written anew"));
  CHECK(store.out({"gc", "--check"}).starts_with("removed 0 blobs"));
}

TEST_CASE("a document that was changed is not believed, and the message names it and the remedy") {
  const Store store;
  const std::string id = values_of(store.out({"inspect", "one"}), "Id").at(0), blobs = store.store() + "/images/blobs/sha256/";
  shell_output("chmod u+w " + blobs + "* && sed -i s/first/worse/ " + blobs + id.substr(7));
  const Result result = store.snug({"inspect", "one"});
  CHECK(result.code != 0);
  CHECK_MESSAGE(has(result.err, "the blob " + id + " is damaged"), result.err);
  CHECK_MESSAGE(has(result.err, "'snug rmi docker.io/library/one:latest' removes it"), result.err);
  CHECK(store.snug({"inspect", "two"}).code == 0);
}

TEST_CASE("what came from no registry is never thrown away, whatever part of it is damaged") {
  for (const bool manifest : {false, true}) {
    const Store store;
    const std::string image = store.out({"inspect", "two"}), blobs = store.store() + "/images/blobs/sha256/";
    const std::string id = values_of(image, "Id").at(0), digest = values_of(image, "Digest").at(0), layer = values_of(image, "Digest").back();
    const std::string document = blobs + (manifest ? digest : id).substr(7), other = blobs + layer.substr(7);
    shell_output("chmod u+w " + blobs + "* && truncate -s 1 " + document + " " + other);
    const std::string found = store.snug({"gc", "--check"}).out;
    CHECK_MESSAGE(!has(found, "removed, 'snug pull'"), found);
    CHECK(fs::exists(document + ".damaged"));
    CHECK(fs::exists(other + ".damaged"));
  }
}

TEST_CASE("an image of a registry that has lost a document keeps no other, and is told with what brings it anew") {
  for (const bool manifest : {false, true}) {
    const Store store;
    const std::string image = store.out({"inspect", "two"}), images = store.store() + "/images/";
    const std::string id = values_of(image, "Id").at(0), digest = values_of(image, "Digest").at(0);
    shell_output("cd " + images + " && sed -i 's|\"org.opencontainers.image.ref.name\"|\"snug.origin\":\"registry\",&|g' index.json");
    fs::remove(images + "blobs/sha256/" + (manifest ? digest : id).substr(7));
    CHECK(has(store.out({"images"}), "one"));
    const Result lost = store.snug({"inspect", "two"});
    CHECK(lost.code == 1);
    CHECK_MESSAGE(has(lost.err, "snug pull"), lost.err);
    CHECK(store.snug({"gc", "--check"}).code == 1);
    CHECK(store.snug({"inspect", "one"}).code == 0);
  }
}

TEST_CASE("a local image that has lost its manifest with the index keeps all that may be its") {
  const Store store;
  const std::string image = store.out({"inspect", "two"}), blobs = store.store() + "/images/blobs/sha256/";
  const std::string manifest = blobs + values_of(image, "Digest").at(0).substr(7), layer = blobs + values_of(image, "Digest").back().substr(7);
  REQUIRE(store.snug({"tag", "one", "three"}).code == 0);  // the index before is kept with each change
  shell_output("chmod u+w " + manifest + " && truncate -s 3 " + manifest + " && rm " + store.store() + "/images/index.json");
  for (int round = 0; round < 2; ++round) {
    const Result checked = store.snug({"gc", "--check"});
    CHECK_MESSAGE(checked.code == 1, checked.out);
    CHECK(fs::exists(layer));
    CHECK_MESSAGE(fs::exists(manifest + ".damaged"), checked.out);
  }
  CHECK(store.snug({"rmi", "-f", "two"}).code == 0);
  CHECK(store.snug({"gc"}).code == 0);
  CHECK_FALSE(fs::exists(layer));
  CHECK_FALSE(fs::exists(manifest + ".damaged"));
}

TEST_CASE("what cannot be read is told with the way to read it, and the rest is checked all the same") {
  const Store store;
  const std::string image = store.out({"inspect", "two"}), blobs = store.store() + "/images/blobs/sha256/";
  const std::string layer = blobs + values_of(image, "Digest").back().substr(7), shared = blobs + values_of(store.out({"inspect", "one"}), "Digest").back().substr(7);
  REQUIRE(layer != shared);
  shell_output("chmod 0 " + layer + " && chmod u+w " + shared + " && truncate -s 1 " + shared + " && mkdir " + blobs + std::string(64, '0'));
  shell_output("cd " + store.store() + "/images && rm oci-layout && mkdir oci-layout");
  const Result checked = store.snug({"gc", "--check"});
  CHECK(checked.code == 1);
  CHECK_MESSAGE(has(checked.out, "cannot be read: cannot open the blob"), checked.out);
  CHECK(has(checked.out, "'chmod u+r " + layer + "' may help"));
  CHECK(has(checked.out, "the blob sha256:" + std::string(64, '0') + " cannot be read"));
  CHECK(has(checked.out, "move '" + blobs + std::string(64, '0') + "' away, and check again"));
  CHECK(has(checked.out, "oci-layout cannot be read"));
  CHECK(fs::exists(shared + ".damaged"));
}

TEST_CASE("gc --check sees an unpacked layer that has lost something, or another's folder, and the next start mends it") {
  const Store store;
  REQUIRE(store.snug({"load", "-q", "-i", store.layout()}).code == 0);
  const std::string layers = shell_output("ls -d " + store.store() + "/layers/*/sha256-*");
  REQUIRE(snug::lines(layers).size() == 2);
  const std::string first(snug::lines(layers)[0]), second(snug::lines(layers)[1]);
  CHECK(store.snug({"gc", "--check"}).code == 0);
  const auto broken = [&](const std::string& script, std::size_t faults) {
    shell_output(script);
    const Result dry = store.snug({"gc", "--check", "--dry-run"});
    CHECK_MESSAGE(dry.code == 1, script << dry.out);
    const Result mended = store.snug({"gc", "--check"});
    CHECK_MESSAGE(mended.code == 0, script << mended.out);
    CHECK_MESSAGE(has(mended.out, "the next start unpacks it anew"), mended.out);
    CHECK(snug::lines(mended.out).size() == faults + 1);
    REQUIRE(store.snug({"load", "-q", "-i", store.layout()}).code == 0);
    CHECK(store.snug({"gc", "--check"}).code == 0);
  };
  broken("rm -r " + first + "/root/*", 1);
  broken("touch " + first + "/root/new", 1);
  broken("rm -r " + first + "/root", 1);
  broken("rm " + second + "/account-*", 1);
  broken("cd " + second + " && for file in account-*; do rm $file; mkdir $file; done", 1);
  broken("mv " + first + " " + first + "x; mv " + second + " " + first + "; mv " + first + "x " + second, 2);
}

TEST_CASE("what gc --check looks at is no other before it has looked, and what it does not wait for is a FIFO") {
  const Store store;
  const std::string images = store.store() + "/images/", blobs = images + "blobs/sha256/", none(64, '0');
  fs::remove(images + "oci-layout");
  const Result missing = store.snug({"gc", "--check", "--dry-run"});
  CHECK(missing.code == 1);
  CHECK_MESSAGE(has(missing.out, "oci-layout does not say what it should"), missing.out);
  CHECK_FALSE(fs::exists(images + "oci-layout"));
  CHECK(has(store.out({"gc", "--check"}), "oci-layout does not say what it should; written anew"));

  shell_output("mkfifo " + blobs + none);
  CHECK(has(store.snug({"gc", "--check", "--dry-run"}).out, "the blob sha256:" + none + " cannot be read: '" + blobs + none + "' is no file"));
  fs::remove(blobs + none);
  shell_output("echo junk >" + blobs + none);  // damaged, and nobody's
  CHECK(has(store.out({"gc", "--check"}), "the blob sha256:" + none + " is damaged; removed, for no image has it"));

  fs::remove(images + "index.json");
  const Result lost = store.snug({"gc", "--check", "--dry-run"});
  CHECK(lost.code == 1);
  CHECK_MESSAGE(has(lost.out, "index.json' is missing; 'snug gc --check' makes it anew"), lost.out);
}

TEST_CASE("what was put aside stays as long as an image misses it") {
  const Store store;
  const std::string layer = values_of(store.out({"inspect", "two"}), "Digest").back(), aside = store.store() + "/images/blobs/sha256/" + layer.substr(7) + ".damaged";
  shell_output("cd " + store.store() + "/images/blobs/sha256 && chmod u+w * && echo x >>" + layer.substr(7));
  CHECK(store.snug({"gc", "--check"}).code == 1);
  CHECK(store.snug({"gc"}).code == 0);
  CHECK(fs::exists(aside));
  CHECK(has(store.out({"df"}), "Unfinished  1"));
  CHECK(store.snug({"rmi", "two"}).code == 0);
  CHECK_FALSE(fs::exists(aside));
}

TEST_CASE("a damaged image keeps no other, and can be removed") {
  const Store store;
  const std::string id = values_of(store.out({"inspect", "one"}), "Id").at(0);
  shell_output("chmod u+w " + store.store() + "/images/blobs/sha256/* && truncate -s 0 " + store.store() + "/images/blobs/sha256/" + id.substr(7));
  const Result kept = store.snug({"gc"});
  CHECK_MESSAGE(has(kept.err, "no blob and no layer is removed while an image is damaged"), kept.err);
  CHECK(has(store.out({"rmi", "two"}), "Deleted: "));
  CHECK(has(store.out({"rmi", "one"}), "Untagged: one:latest"));
  CHECK(store.blobs() == 0);
}

TEST_CASE("without its index a store is damaged, and nothing of it is swept out") {
  const Store store;
  const std::size_t all = store.blobs();
  fs::remove(store.store() + "/images/index.json");
  CHECK(store.snug({"gc"}).code == 125);
  CHECK(store.snug({"rmi", "nothing"}).code == 1);
  CHECK(store.blobs() == all);
  const Result made = store.snug({"gc", "--check"});
  CHECK_MESSAGE(has(made.out, "made anew with 2 images, 2 of which have lost their names"), made.out);
  CHECK_MESSAGE(!has(made.out, "index.json.damaged"), made.out);
  CHECK(made.code == 1);
  CHECK(store.blobs() == all);
}

TEST_CASE("rmi passes over what is not there, and leaves blobs, where it is told so") {
  const Store store;
  const std::size_t all = store.blobs();
  for (const char* option : {"-i", "-f"}) CHECK(store.out({"rmi", option, "nothing"}).empty());
  CHECK(has(store.out({"rmi", "--ignore", "--no-prune", "nothing", "two"}), "Untagged: two:latest"));
  CHECK(store.blobs() == all);
  CHECK(store.snug({"gc"}).code == 0);
  CHECK(store.blobs() < all);
}

TEST_CASE("rmi takes all images or some") {
  const Store store;
  CHECK(has(store.snug({"rmi", "--all", "one"}).err, "cannot be used together"));
  CHECK(store.blobs() > 0);
  CHECK(store.snug({"rmi", "--all"}).code == 0);
  CHECK(store.blobs() == 0);
}

TEST_CASE("an id may be that of several images, which go together") {
  const Store store;
  shell_output("umoci config --no-history --manifest.annotation a=b --image " + store.layout() + ":one --tag other");
  store.copy_in("other", "docker.io/library/other:latest");
  const std::string id = values_of(store.out({"inspect", "one"}), "Id").at(0);
  REQUIRE(values_of(store.out({"inspect", "other"}), "Id").at(0) == id);
  CHECK(has(store.snug({"rmi", id}).err, "has 2 names: docker.io/library/one:latest, docker.io/library/other:latest"));
  CHECK(store.out({"rmi", "-f", id}) == "Untagged: one:latest\nUntagged: other:latest\nDeleted: " + id + "\n");
  CHECK(store.snug({"inspect", id}).code == 1);
}

TEST_CASE("what lost its name shares an id with what has one, and goes alone") {
  const Store store;
  shell_output("umoci config --no-history --manifest.annotation a=b --image " + store.layout() + ":one --tag other");
  const std::string id = values_of(store.out({"inspect", "one"}), "Id").at(0);
  store.copy_in("other", "docker.io/library/other:latest");
  REQUIRE(store.snug({"tag", "other", "one"}).code == 0);  // what was called so has no name now
  REQUIRE(store.snug({"rmi", "other"}).code == 0);
  const std::string nameless = store.out({"images", "-q", "--filter", "dangling=true"});
  CHECK(nameless.starts_with("sha256:"));
  CHECK(values_of(store.out({"inspect", id.substr(7, 12)}), "Id").at(0) == id);
  CHECK(has(store.out({"inspect", "-f", "{{json .RepoTags}}", id}), "one:latest"));
  CHECK(store.snug({"rmi", nameless.substr(0, nameless.size() - 1)}).code == 0);
  CHECK(store.out({"images", "-q", "--no-trunc", "one"}) == id + "\n");
  store.copy_in("one", "docker.io/library/other:latest");
  REQUIRE(store.snug({"tag", "one", "other"}).code == 0);
  CHECK(store.snug({"rmi", "one"}).code == 0);
  CHECK(store.out({"rmi", id}).starts_with("Untagged: other:latest\nDeleted: sha256:"));  // and the nameless stays
  CHECK(store.out({"images", "-aq", "--no-trunc"}) == values_of(store.out({"inspect", "two"}), "Id").at(0) + "\n" + id + "\n");
}

TEST_CASE("what others write into the store is found by short names, and kept whole") {
  const Store store;
  store.copy_in("one", "short:1");
  CHECK(has(store.out({"images", "docker.io/library/short"}), "short"));
  CHECK(store.snug({"inspect", "short:1"}).code == 0);
  store.copy_in("one", "quay.io/me/untagged");
  CHECK(store.snug({"inspect", "quay.io/me/untagged"}).code == 0);
  CHECK(store.out({"rmi", "quay.io/me/untagged:latest"}) == "Untagged: quay.io/me/untagged:latest\n");
  CHECK(store.snug({"tag", "two", "docker.io/library/short:1"}).code == 0);  // which is what the name means from now on
  CHECK(store.out({"inspect", "-f", "{{.Id}}", "short:1"}) == store.out({"inspect", "-f", "{{.Id}}", "two"}));
  CHECK(store.out({"rmi", "short:1"}) == "Untagged: short:1\n");
  CHECK(store.out({"inspect", "-f", "{{.Id}}", "short:1"}) == store.out({"inspect", "-f", "{{.Id}}", "one"}));
  CHECK(store.out({"rmi", "short:1"}) == "Untagged: short:1\n");
  shell_output("cd " + store.folder() + " && umoci config --architecture arm64 --image layout:one --tag arm && cat >list.py <<'END'\n"
               "import json, hashlib\nblobs = 'layout/blobs/sha256/'\nindex = json.load(open('layout/index.json'))\nlist = []\n"
               "for one in index['manifests']:\n    if one['annotations']['org.opencontainers.image.ref.name'] in ('one', 'arm'):\n"
               "        config = json.load(open(blobs + json.load(open(blobs + one['digest'][7:]))['config']['digest'][7:]))\n"
               "        list.append({'mediaType': one['mediaType'], 'digest': one['digest'], 'size': one['size'], 'platform': {'os': 'linux', 'architecture': config['architecture']}})\n"
               "text = json.dumps({'schemaVersion': 2, 'mediaType': 'application/vnd.oci.image.index.v1+json', 'manifests': list}).encode()\nhex = hashlib.sha256(text).hexdigest()\n"
               "open(blobs + hex, 'wb').write(text)\n"
               "index['manifests'].append({'mediaType': 'application/vnd.oci.image.index.v1+json', 'digest': 'sha256:' + hex, 'size': len(text), 'annotations': {'org.opencontainers.image.ref.name': 'list'}})\n"
               "json.dump(index, open('layout/index.json', 'w'))\nEND\npython3 list.py && skopeo --insecure-policy copy -q --all oci:layout:list oci:" + store.store() + "/images:localhost/list:1");
  const std::size_t all = store.blobs();
  CHECK(store.snug({"gc", "--check", "--blobs"}).code == 0);
  CHECK(store.blobs() == all);
  shell_output("cd " + store.store() + "/images/blobs/sha256 && for config in $(grep -l arm64 *); do for manifest in $(grep -l $config *); do echo x >>$manifest; done; done");
  const std::string told = store.snug({"gc", "--check"}).out;
  CHECK_MESSAGE((has(told, ".damaged'") && !has(told, "no image has it") && has(told, "removed 0 blobs")), told);
  shell_output("cd " + store.store() + "/images/blobs/sha256 && for one in *; do ! grep -q arm64 $one || echo x >>$one; done");  // config, list
  CHECK(has(store.snug({"gc", "--check"}).out, ".damaged'"));
  CHECK(store.snug({"rmi", "list:1"}).code == 0);
  CHECK(store.blobs() < all);
}

TEST_CASE("on a full disk an image can be removed, and then there is room") {
  const Store store;
  const std::string disk = store.folder() + "/disk", walls = "unshare --user --map-root-user --mount ";
  if (run({"sh", "-c", walls + "true"}).code != 0) return skip("no user namespace for a small disk");
  fs::create_directories(disk);
  const std::string snug_there = "env XDG_DATA_HOME=" + disk + "/data " + program();
  const std::string said = shell_output(walls + "sh -ec '" + "mount -t tmpfs -o size=4m,mode=700 disk " + disk + "; " + snug_there + " pull -q --no-unpack oci:" + store.layout() + ":one; " +
                                        snug_there + " pull -q --no-unpack oci:" + store.layout() + ":two; head -c 9M /dev/zero >" + disk + "/fill 2>&- || echo full; " + snug_there + " rmi --all; " +
                                        snug_there + " images -q; ls -A " + disk + "/data/snug/images/blobs/sha256; ls " + disk + "/data/snug/locks'");
  CHECK_MESSAGE(has(said, "full\n"), said);
  CHECK_MESSAGE(said.ends_with("\nreserve\nstore\n"), said);
  CHECK(snug::lines(said).size() == 2 + 1 + 4 + 2);
}

TEST_CASE("an index that was cut off costs no image, and no name but the last") {
  const Store store;
  CHECK(store.snug({"tag", "one", "three"}).code == 0);
  CHECK(store.snug({"tag", "two", "four"}).code == 0);
  shell_output("truncate -s 20 " + store.store() + "/images/index.json");
  const Result list = store.snug({"images"});
  CHECK(list.code == 125);
  CHECK(list.err.find("index.json' is damaged") != std::string::npos);
  CHECK(list.err.find("gc --check") != std::string::npos);
  CHECK(store.out({"gc", "--check"}).find("made anew with 3 images, 0 of which have lost their names") != std::string::npos);
  for (const char* name : {"one", "two", "three"}) CHECK(store.snug({"inspect", name}).code == 0);
  CHECK(store.snug({"inspect", "four"}).code != 0);
}

TEST_CASE("containers and images are inspected side by side, in their order") {
  const Store store;
  REQUIRE(store.snug({"create", "--name", "box", "--userns", "single", "one", "sh"}).code == 0);
  const Result some = store.snug({"inspect", "two", "box", "nosuch", "one"});
  CHECK(some.code == 1);
  CHECK_MESSAGE(has(some.err, "there is no container and no image 'nosuch'"), some.err);
  const auto ids = values_of(some.out, "Id");
  REQUIRE(ids.size() == 3);
  CHECK(store.out({"inspect", "-f", "{{.Id}}", "two", "box", "one"}) == ids[0] + "\n" + ids[1] + "\n" + ids[2] + "\n");
  CHECK(ids[1] == values_of(store.out({"inspect", "box"}), "Id").at(0));
  CHECK(has(store.snug({"inspect", "--type", "foo", "box"}).err, "--type 'foo': there is no such kind"));
  CHECK(store.snug({"inspect", "--type", "image", "box", "one"}).code == 1);
}

TEST_CASE("inspect shows what docker knows of an image and snug has no use for") {
  const Data data;
  const std::string layout = data.folder() + "/layout";
  make_odd_image(layout, "odd", {}, R"({"Healthcheck":{"Test":["CMD","true"]},"OnBuild":["RUN x"],"Shell":["/bin/ash"]})");
  REQUIRE(data.snug({"pull", "-q", "--no-unpack", "oci:" + layout + ":odd"}).code == 0);
  CHECK(data.snug({"inspect", "-f", "{{json .Config.Healthcheck}} {{json .Config.OnBuild}} {{json .Config.Shell}}", "layout:odd"}).out == "{\"Test\":[\"CMD\",\"true\"]} [\"RUN x\"] [\"/bin/ash\"]\n");
}

TEST_CASE("a store that others may read is refused") {
  const Store store;
  shell_output("chmod 755 " + store.store() + "/images");
  const Result result = store.snug({"tag", "one", "x"});
  CHECK(result.code == 125);
  CHECK_MESSAGE(result.err.find("is open to others") != std::string::npos, result.err);
}

TEST_CASE("commands on images leave nothing where there is no store") {
  const Data data;
  CHECK(data.snug({"images"}).out == "REPOSITORY  TAG  IMAGE ID  CREATED  SIZE\n");
  CHECK(data.snug({"gc"}).code == 0);
  CHECK(data.snug({"rmi", "x"}).code == 1);
  CHECK_FALSE(fs::exists(data.store()));
}

TEST_SUITE_END();
