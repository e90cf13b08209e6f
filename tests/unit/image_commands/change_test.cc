#include "change.hh"

#include <doctest/doctest.h>

#include "snug/base/error.hh"

using namespace snug;
using image_commands::apply_change;
using Words = std::vector<std::string>;

namespace {

image::Process changed(const std::vector<std::string>& instructions) {
  image::Process process;
  for (const std::string& instruction : instructions) apply_change(process, instruction);
  return process;
}

std::string refused(const std::string& instruction) {
  try {
    static_cast<void>(changed({instruction}));
  } catch (const UsageError& error) {
    return error.message();
  }
  return "taken";
}

}  // namespace

TEST_CASE("instructions change what an image wants to run") {
  CHECK(changed({R"(CMD ["a", "b c"])"}).command == Words{"a", "b c"});
  CHECK(changed({"cmd  echo \"x\" $HOME "}).command == Words{"/bin/sh", "-c", "echo \"x\" $HOME"});
  CHECK(changed({"CMD [not json"}).command == Words{"/bin/sh", "-c", "[not json"});
  CHECK(changed({"CMD=/bin/bash"}).command == Words{"/bin/sh", "-c", "/bin/bash"});
  CHECK(changed({R"(ENTRYPOINT ["e"])"}).entrypoint == Words{"e"});
  CHECK(changed({"ENV A=1 B=\"b b\" C=c\\ c D='d\\'", "ENV A=2", "ENV E e and more"}).env == Words{"B=b b", "C=c c", "D=d\\", "A=2", "E=e and more"});
  CHECK(changed({"LABEL a=1 b=", "LABEL a=2"}).labels == std::map<std::string, std::string>{{"a", "2"}, {"b", ""}});
  CHECK(changed({"EXPOSE 80 53/udp 80/tcp"}).ports == Words{"80/tcp", "53/udp"});
  CHECK(changed({"EXPOSE 100-102/udp"}).ports == Words{"100/udp", "101/udp", "102/udp"});
  CHECK(changed({"VOLUME /a /b", R"(VOLUME ["/c d", "/a"])"}).volumes == Words{"/a", "/b", "/c d"});
  CHECK(changed({"USER me:us"}).user == "me:us");
  CHECK(changed({"STOPSIGNAL SIGQUIT"}).stop_signal == "SIGQUIT");
  CHECK(changed({"WORKDIR /a", "WORKDIR b"}).workdir == "/a/b");
  CHECK(changed({"WORKDIR a", "WORKDIR /c"}).workdir == "/c");
}

TEST_CASE("an entry point takes away the command that was there, and several lines are several instructions") {
  const auto changed = [](const Words& changes) {
    image::Process process{.entrypoint = Words{"old"}, .command = Words{"arg"}};
    image_commands::apply_changes(process, changes);
    return std::pair(process.entrypoint, process.command);
  };
  using Both = std::pair<std::optional<Words>, std::optional<Words>>;
  CHECK((changed({R"(ENTRYPOINT ["e"])"}) == Both{Words{"e"}, {}}));
  CHECK((changed({R"(CMD ["c"])"}) == Both{Words{"old"}, Words{"c"}}));
  CHECK((changed({R"(CMD ["c"])", R"(ENTRYPOINT ["e"])"}) == Both{Words{"e"}, Words{"c"}}));
  CHECK((changed({"USER me"}) == Both{Words{"old"}, Words{"arg"}}));
  image::Process process;
  image_commands::apply_changes(process, Words{"ENV A=1\n\nENV B=2 \\\n C=3\n"});
  CHECK(process.env == Words{"A=1", "B=2", "C=3"});
  CHECK_THROWS_AS(image_commands::apply_changes(process, Words{""}), UsageError);
}

TEST_CASE("what is no instruction is refused by its name") {
  CHECK(refused("RUN rm") == "'RUN' is no change");
  CHECK(refused("") == "'' is no change");
  CHECK(refused("CMD") == "CMD says nothing");
  CHECK(refused("USER  ") == "USER says nothing");
  CHECK(refused("ENV A") == "'A' has no value");
  CHECK(refused("ENV A=1 B") == "'B' is no NAME=VALUE");
  CHECK(refused("ENV A=\"1") == "the quote \" is not closed in 'A=\"1'");
  CHECK(refused("EXPOSE 0") == "'0' is no port");
  CHECK(refused("EXPOSE 99999") == "'99999' is no port");
  CHECK(refused("EXPOSE 80/icmp") == "'80/icmp' is no port");
  CHECK(refused("EXPOSE 81-80") == "'81-80' is no port");
  CHECK(refused("STOPSIGNAL SIGNOPE") == "'SIGNOPE' is no signal");
  CHECK(refused(R"(CMD ["a", 1])") == R"('["a", 1]' is no list of texts alone)");
}
