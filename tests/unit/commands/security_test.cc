#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "security.hh"
#include "snug/base/error.hh"

using namespace snug;
using snug::commands::add_security;
using plan::FilterChoice;

namespace {

plan::Spec spec(const std::string& text, const std::string& folder = "/tmp") {
  plan::Spec made;
  add_security(made, text, folder);
  return made;
}

}  // namespace

TEST_CASE("security options of docker and podman") {
  CHECK_FALSE(spec("no-new-privileges").new_privileges);
  CHECK_FALSE(spec("no-new-privileges:true").new_privileges);
  CHECK(spec("no-new-privileges=false").new_privileges);
  CHECK(spec("seccomp=unconfined").restraints.filter.kind == FilterChoice::Kind::none);
  CHECK(spec("seccomp:unconfined").restraints.filter.kind == FilterChoice::Kind::none);
  CHECK(spec("seccomp=default").restraints.filter.kind == FilterChoice::Kind::usual);
  CHECK_FALSE(spec("landlock=off").restraints.landlock);
  CHECK(spec("mask=/a:/b").restraints.mask == std::vector<std::string>{"/a", "/b"});
  CHECK(spec("unmask=ALL").restraints.unmask == std::vector<std::string>{"ALL"});
  CHECK(spec("unmask=/proc/keys").restraints.unmask == std::vector<std::string>{"/proc/keys"});
  CHECK(spec("systempaths=unconfined").restraints.unmask == std::vector<std::string>{"ALL"});
  for (const char* nothing : {"apparmor=unconfined", "label=disable"}) CHECK(spec(nothing) == plan::Spec{});
  for (const char* bad : {"", "seccomp", "seccomp=", "no-new-privileges=maybe", "landlock", "landlock=no", "mask=ALL", "mask=etc", "unmask=", "label=type:x", "selinux=off"})
    CHECK_THROWS_AS_MESSAGE(static_cast<void>(spec(bad)), Error, bad);
}

TEST_CASE("a profile is read where it lies, and kept") {
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / "snug-security-test";
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "p.json") << "{}";
  const FilterChoice choice = spec("seccomp=./p.json", folder.string()).restraints.filter;
  CHECK(spec("seccomp=p.json", folder.string()).restraints.filter == choice);
  CHECK(choice.kind == FilterChoice::Kind::profile);
  CHECK(choice.profile == "{}");
  CHECK(choice.path == (folder / "p.json").string());
  CHECK_THROWS_AS(static_cast<void>(spec("seccomp=./absent.json", folder.string())), Error);
  std::filesystem::remove_all(folder);
}
