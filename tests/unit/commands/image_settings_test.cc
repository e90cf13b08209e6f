#include <doctest/doctest.h>

#include <string>

#include "image_settings.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"

using namespace snug;
using commands::take_image_settings;

namespace {

using Words = std::vector<std::string>;

plan::Spec combined(plan::Spec spec, const image::Process& image) {
  take_image_settings(spec, image);
  return spec;
}

std::string refusal(const image::Process& image) {
  try {
    static_cast<void>(combined({}, image));
  } catch (const Error& error) {
    return error.message();
  }
  return "taken";
}

}  // namespace

TEST_CASE("entrypoint and command of image and command line combine by docker's rules") {
  struct Row {
    std::optional<Words> image_entrypoint, image_command, entrypoint;
    Words command, started;
  };
  const Words none;
  for (const Row& row : {Row{{}, {}, {}, {}, {}},
                         Row{{}, Words{"bash"}, {}, {}, {"bash"}},
                         Row{{}, Words{"bash"}, {}, {"ls", "-l"}, {"ls", "-l"}},
                         Row{Words{"/e", "x"}, {}, {}, {}, {"/e", "x"}},
                         Row{Words{"/e", "x"}, Words{"c"}, {}, {}, {"/e", "x", "c"}},
                         Row{Words{"/e", "x"}, Words{"c"}, {}, {"d", "f"}, {"/e", "x", "d", "f"}},
                         Row{Words{"/e"}, Words{"c"}, Words{"/o"}, {}, {"/o"}},
                         Row{Words{"/e"}, Words{"c"}, Words{"/o"}, {"d"}, {"/o", "d"}},
                         Row{Words{"/e"}, Words{"c"}, none, {}, {}},
                         Row{Words{"/e"}, Words{"c"}, none, {"d"}, {"d"}},
                         Row{Words{""}, Words{"c"}, {}, {}, {"c"}},
                         Row{none, none, {}, {"d"}, {"d"}}}) {
    const plan::Spec spec = combined({.command = row.command, .entrypoint = row.entrypoint}, {.entrypoint = row.image_entrypoint, .command = row.image_command});
    Words started = spec.entrypoint.value_or(none);
    started.insert(started.end(), spec.command.begin(), spec.command.end());
    CHECK(started == row.started);
  }
}

TEST_CASE("variables: the image's come first, and what is none is left out") {
  const plan::Spec spec = combined({.env = {{"A", "typed"}}}, {.env = {"PATH=/opt", "A=image", "A=twice", "B", "=x", "C=", "N=a\nb=c"}});
  CHECK(spec.env == std::vector<plan::Variable>{{"PATH", "/opt"}, {"A", "image"}, {"A", "twice"}, {"C", ""}, {"N", "a\nb=c"}, {"A", "typed"}});
}

TEST_CASE("work folder: the typed one wins, and the image's is clean") {
  CHECK(combined({.workdir = "/typed"}, {.workdir = "/image"}).workdir == "/typed");
  CHECK(combined({}, {.workdir = "/a/./b//../c"}).workdir == "/a/c");
  CHECK(combined({}, {.workdir = "/../.."}).workdir == "/");
  CHECK_FALSE(combined({}, {}).workdir);
  CHECK(refusal({.workdir = "a/b"}) == "its WorkingDir 'a/b' is no path from the root on");
  CHECK(combined({.workdir = "/typed"}, {.workdir = "a/b"}).workdir == "/typed");
}

TEST_CASE("user: the typed one wins, and with keep-id the caller is meant") {
  CHECK(combined({.user = plan::UserChoice{"5", ""}}, {.user = "web"}).user == plan::UserChoice{"5", ""});
  CHECK(combined({}, {.user = "web"}).user == plan::UserChoice{"web", "", true});
  CHECK(combined({}, {.user = "1000:50"}).user == plan::UserChoice{"1000", "50", true});
  CHECK(combined({}, {.user = ":50"}).user == plan::UserChoice{"0", "50", true});
  CHECK(combined({}, {.user = "a:b:c"}).user == plan::UserChoice{"a", "b:c", true});
  CHECK_FALSE(combined({}, {}).user);
  CHECK_FALSE(combined({.id_map = {.mode = plan::IdMapChoice::Mode::keep_id}}, {.user = "web"}).user);
}

TEST_CASE("volumes are folders inside and nothing else; ports and labels are notes") {
  const plan::Spec spec = combined({}, {.stop_signal = "SIGQUIT", .labels = {{"a", "b"}}, .volumes = {"/data", "../..", "x", "/data/", "/../../etc", "/"}, .ports = {"99999/tcp"}});
  CHECK(spec.own_folders == Words{"/data", "/etc", "/"});
  CHECK(spec.notes == plan::ImageNotes{{{"a", "b"}}, "SIGQUIT", {"99999/tcp"}});
  CHECK(spec.volumes.empty());
  CHECK(spec.devices.empty());
  Words many;
  for (int at = 0; at < 300; ++at) many.push_back(format("/{}", at));
  CHECK(refusal({.volumes = many}) == "it has 300 Volumes; more than 256 are not made");
}

TEST_CASE("a zero byte would end a text for the kernel alone: it is refused") {
  const std::string zero("a\0b", 3);
  CHECK(refusal({.entrypoint = Words{zero}}) == "a zero byte stands in its Entrypoint");
  CHECK(refusal({.command = Words{"sh", zero}}) == "a zero byte stands in its Cmd");
  CHECK(refusal({.env = {"A=" + zero}}) == "a zero byte stands in its Env");
  CHECK(refusal({.workdir = "/" + zero}) == "a zero byte stands in its WorkingDir");
  CHECK(refusal({.user = zero}) == "a zero byte stands in its User");
  CHECK(refusal({.volumes = {"/" + zero}}) == "a zero byte stands in its Volumes");
}
