#include "progress.hh"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>

#include "snug/base/text.hh"
#include "snug/base/time.hh"
#include "snug/commands/output.hh"
#include "snug/sys/process.hh"

namespace snug::image_commands {
namespace {

using State = transport::Progress::State;

constexpr std::uint64_t between_draws = 100'000'000, second = 1'000'000'000;

bool is_over(State state) { return state == State::done || state == State::present; }
bool moves(State state) { return state == State::copying || state == State::unpacking || state == State::compressing; }

std::pair<std::size_t, std::size_t> terminal_size() {
  winsize size{};
  const bool known = ::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0;
  return known ? std::pair<std::size_t, std::size_t>{size.ws_row, size.ws_col} : std::pair<std::size_t, std::size_t>{24, 80};
}

}  // namespace

Screen error_screen(bool quiet) {
  Screen screen{.kind = ::isatty(STDERR_FILENO) ? Screen::Kind::live : Screen::Kind::lines, .write = commands::say, .size = terminal_size, .now = sys::monotonic_time};
  if (quiet) screen.kind = Screen::Kind::none;
  return screen;
}

void ProgressDisplay::show(const image::Descriptor& blob, State state, std::uint64_t bytes) {
  if (screen_.kind == Screen::Kind::none) return;
  const std::lock_guard lock(mutex_);
  const std::size_t count = lines_.size();
  Line& line = line_of(blob);
  const bool is_new = line.state != state || lines_.size() != count;
  const std::uint64_t now = screen_.now();
  if (state == State::compressed) return forget(blob);
  if ((state == State::copying || state == State::compressing) && (is_new || bytes < line.bytes)) {  // the speed is that of what comes now
    line.began_at = now;
    line.began_with = bytes;
  }
  line.state = state;
  line.bytes = bytes;
  if (screen_.kind == Screen::Kind::lines) {
    if (is_new && is_over(state)) screen_.write(render(line) + "\n");
  } else if (is_new || now - drawn_at_ >= between_draws) {
    drawn_at_ = now;
    draw();
  }
}

void ProgressDisplay::tell(std::string_view lines) {
  const std::lock_guard lock(mutex_);
  screen_.kind == Screen::Kind::live ? draw(lines) : screen_.write(lines);
}

ProgressDisplay::Line& ProgressDisplay::line_of(const image::Descriptor& blob) {
  const auto found = std::find_if(lines_.begin(), lines_.end(), [&](const Line& line) { return line.digest == blob.digest; });
  if (found != lines_.end()) return *found;
  return lines_.emplace_back(Line{.digest = blob.digest, .size = blob.size});
}

void ProgressDisplay::forget(const image::Descriptor& blob) {
  std::erase_if(lines_, [&](const Line& line) { return line.digest == blob.digest; });
  if (screen_.kind == Screen::Kind::live) draw();
}

void ProgressDisplay::draw(std::string_view above) {
  const auto [rows, columns] = screen_.size();
  const std::vector<std::string> lines = live_lines(rows);
  std::string text = drawn_ > 0 ? format("\x1b[{}A\r", std::min(drawn_, rows - 1)) : "\r";
  if (!above.empty()) text.append("\x1b[J").append(above);
  for (const std::string& line : lines) text += line.substr(0, columns - 1) + "\x1b[K\n";
  screen_.write(text + "\x1b[J");
  drawn_ = lines.size();
}

std::vector<std::string> ProgressDisplay::live_lines(std::size_t rows) const {
  std::vector<std::string> lines;
  const std::size_t most = rows > 2 ? rows - 1 : 1;  // the cursor stands in the one below
  if (lines_.size() <= most) {
    for (const Line& line : lines_) lines.push_back(render(line));
    return lines;
  }
  for (const Line& line : lines_)
    if (moves(line.state) && lines.size() + 1 < most) lines.push_back(render(line));
  const auto over = std::count_if(lines_.begin(), lines_.end(), [](const Line& line) { return is_over(line.state); });
  lines.push_back(format("{} of {} layers done", over, lines_.size()));
  return lines;
}

std::string ProgressDisplay::render(const Line& line) const {
  const std::string size = render_size(line.size), begin = line.digest.brief() + ": ";
  switch (line.state) {
    case State::waiting: return begin + "waiting";
    case State::unpacking: return begin + "unpacking " + size;
    case State::done: return begin + "done, " + size;
    case State::present: return begin + "already there, " + size;
    case State::compressing:
    case State::compressed:
    case State::copying: break;
  }
  std::string text = format("{}{}{} / {}", begin, line.state == State::compressing ? "compressing " : "", render_size(line.bytes), size);
  const std::uint64_t time = screen_.now() - line.began_at;
  if (time >= second / 2) text += format(", {}/s", render_size(static_cast<std::uint64_t>(static_cast<double>(line.bytes - line.began_with) * second / static_cast<double>(time))));
  return text;
}

}  // namespace snug::image_commands
