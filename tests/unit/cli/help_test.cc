#include <doctest/doctest.h>

#include <array>

#include "snug/base/text.hh"
#include "snug/cli/help.hh"

using namespace snug;

namespace {

constexpr std::array options = std::to_array<cli::Option>({
    {.name = "volume",
     .letter = 'v',
     .argument = "SOURCE:TARGET[:OPTION,...]",
     .help = "a help text that is so long that it has to go on on the next line of the page",
     .repeatable = true},
    {.name = "all", .letter = 'a', .help = "everything"},
    {.name = "secret", .help = "not to be seen", .hidden = true},
});
const cli::Command make{.name = "make", .summary = "make a thing", .operands = "[THING]", .options = options};
const cli::Command see{.name = "see", .summary = "see a thing"};
constexpr std::array table{&make, &see};

}  // namespace

TEST_CASE("help lists options by name, 80 columns wide") {
  const std::string text = cli::render_help(make);
  CHECK(text ==
        "Usage: snug make [OPTION...] [THING]\n"
        "\n"
        "make a thing\n"
        "\n"
        "Options:\n"
        "  -a, --all                   everything\n"
        "      --help                  print this text\n"
        "  -v, --volume SOURCE:TARGET[:OPTION,...]\n"
        "                              a help text that is so long that it has to go on\n"
        "                              on the next line of the page\n");
}

TEST_CASE("the overview has a line for each command") {
  const std::string text = cli::render_overview("About.", table);
  CHECK(text.find("  make  make a thing\n  see   see a thing\n") != std::string::npos);
}

TEST_CASE("the tables are lines of five fields") {
  CHECK(cli::render_tables(table) ==
        "make\t-\t-\t[THING]\tmake a thing\n"
        "make\t-a\t--all\t-\teverything\n"
        "make\t-\t--help\t-\tprint this text\n"
        "make\t-v\t--volume\tSOURCE:TARGET[:OPTION,...]\ta help text that is so long that it has to go on on "
        "the next "
        "line of the page\n"
        "see\t-\t-\t-\tsee a thing\n"
        "see\t-\t--help\t-\tprint this text\n");
}
