#include "progress.hh"

#include <doctest/doctest.h>

#include <algorithm>

using namespace snug;
using namespace snug::image_commands;
using State = transport::Progress::State;

namespace {

constexpr std::uint64_t second = 1'000'000'000;

/// What a display wrote at each time.
struct Seen {
  std::vector<std::string> writes;
  std::uint64_t now = second;
  std::size_t rows = 24, columns = 80;

  ProgressDisplay display(Screen::Kind kind) {
    return ProgressDisplay({kind, [this](std::string_view text) { writes.emplace_back(text); }, [this] { return std::pair(rows, columns); }, [this] { return now; }});
  }
  [[nodiscard]] std::size_t lines() const { return static_cast<std::size_t>(std::count(writes.back().begin(), writes.back().end(), '\n')); }
  [[nodiscard]] bool shows(const std::string& text) const { return writes.back().find(text) != std::string::npos; }
};

image::Descriptor blob(char letter) { return {.media_type = {}, .digest = {"sha256", std::string(64, letter)}, .size = 2'000'000}; }

}  // namespace

TEST_CASE("on a terminal each layer has a line, drawn in its place, with its speed") {
  Seen seen;
  ProgressDisplay display = seen.display(Screen::Kind::live);
  display.show(blob('a'), State::waiting, 0);
  display.show(blob('b'), State::waiting, 0);
  CHECK(seen.writes.back() == "\x1b[1A\raaaaaaaaaaaa: waiting\x1b[K\nbbbbbbbbbbbb: waiting\x1b[K\n\x1b[J");
  display.show(blob('a'), State::copying, 100'000);
  CHECK(seen.shows("\x1b[2A\raaaaaaaaaaaa: 100kB / 2.00MB\x1b[K\n"));
  const std::size_t count = seen.writes.size();
  display.show(blob('a'), State::copying, 200'000);
  CHECK(seen.writes.size() == count);  // it is no more than so many times a second
  seen.now += second;
  display.show(blob('a'), State::copying, 600'000);
  CHECK(seen.shows("aaaaaaaaaaaa: 600kB / 2.00MB, 500kB/s"));
  display.show(blob('a'), State::unpacking, 2'000'000);
  CHECK(seen.shows("aaaaaaaaaaaa: unpacking 2.00MB"));
  display.show(blob('a'), State::done, 2'000'000);
  display.show(blob('b'), State::present, 2'000'000);
  CHECK(seen.shows("aaaaaaaaaaaa: done, 2.00MB\x1b[K\nbbbbbbbbbbbb: already there, 2.00MB"));
}

TEST_CASE("a notice stands above the lines, and stays") {
  Seen seen;
  ProgressDisplay display = seen.display(Screen::Kind::live);
  display.tell("first\n");
  CHECK(seen.writes.back() == "\r\x1b[Jfirst\n\x1b[J");
  display.show(blob('a'), State::waiting, 0);
  display.show(blob('b'), State::waiting, 0);
  display.tell("notice\n");
  CHECK(seen.writes.back() == "\x1b[2A\r\x1b[Jnotice\naaaaaaaaaaaa: waiting\x1b[K\nbbbbbbbbbbbb: waiting\x1b[K\n\x1b[J");
  display.show(blob('a'), State::done, 2'000'000);
  CHECK(seen.shows("\x1b[2A\raaaaaaaaaaaa: done"));
  Seen other;
  ProgressDisplay plain = other.display(Screen::Kind::lines);
  plain.tell("notice\n");
  CHECK(other.writes == std::vector<std::string>{"notice\n"});
}

TEST_CASE("more layers than rows show those that move, and no line is wider than the terminal") {
  Seen seen;
  seen.rows = 5;
  ProgressDisplay display = seen.display(Screen::Kind::live);
  for (char letter = 'a'; letter <= 'j'; ++letter) display.show(blob(letter), State::waiting, 0);
  CHECK(seen.lines() == 1);
  CHECK(seen.shows("0 of 10 layers done"));
  for (char letter = 'a'; letter <= 'j'; ++letter) display.show(blob(letter), letter < 'c' ? State::done : State::copying, 0);
  CHECK(seen.lines() == 4);
  CHECK(seen.shows("cccccccccccc: 0B / 2.00MB"));
  CHECK(seen.shows("2 of 10 layers done"));
  seen.columns = 10;
  display.show(blob('j'), State::done, 0);
  CHECK(seen.shows("cccccccccc") == false);
}

TEST_CASE("elsewhere a layer is one line, when it is done; or nothing") {
  Seen seen;
  ProgressDisplay display = seen.display(Screen::Kind::lines);
  for (const State state : {State::waiting, State::copying, State::unpacking, State::done, State::done}) display.show(blob('a'), state, 0);
  CHECK(seen.writes == std::vector<std::string>{"aaaaaaaaaaaa: done, 2.00MB\n"});
  Seen nothing;
  ProgressDisplay quiet = nothing.display(Screen::Kind::none);
  quiet.show(blob('a'), State::done, 0);
  CHECK(nothing.writes.empty());
}

TEST_CASE("what is compressed first has a line as long as that takes, and none of its own after") {
  Seen seen;
  ProgressDisplay display = seen.display(Screen::Kind::live);
  display.show(blob('a'), State::compressing, 100'000);
  CHECK(seen.shows("aaaaaaaaaaaa: compressing 100kB / 2.00MB"));
  display.show(blob('a'), State::compressed, 2'000'000);
  CHECK(seen.lines() == 0);
  display.show(blob('b'), State::copying, 100'000);
  CHECK(seen.lines() == 1);
  Seen other;
  ProgressDisplay plain = other.display(Screen::Kind::lines);
  plain.show(blob('a'), State::compressing, 100'000);
  plain.show(blob('a'), State::compressed, 2'000'000);
  CHECK(other.writes.empty());
}
