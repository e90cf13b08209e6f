// The two ends of texts: head and tail.

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <ctime>
#include <deque>

#include "files.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "text.hh"

namespace snug::builtin {
namespace {

/// How much is wanted: "10", "-3", "+5", and of bytes also "2K".
struct Amount {
  char sign = 0;
  bool of_bytes = false;
  std::size_t number = 10;

  explicit Amount(const Options& options) {
    const char by = options.last_of("#nc");
    if (!by) return;
    of_bytes = by == 'c';
    std::string_view text = options.value(by);
    if (text.starts_with('+') || text.starts_with('-')) sign = text[0], text.remove_prefix(1);
    const auto size = text.ends_with('b') ? std::nullopt : parse_size(text);  // which is not 512 in that language
    if (!size) throw Failure(format("{} is no number", quoted(options.value(by))), 2);
    number = *size;
  }
};

// "==> NAME <==" where there is more than one.
void tell_name(Call& call, const Options& options, const std::string& name, bool& first) {
  if (options.has('q') || (options.operands().size() < 2 && !options.has('v'))) return;
  call.out.line(format("{}==> {} <==", std::exchange(first, false) ? "" : "\n", name == "-" ? "standard input" : call.out.name(name)));
}

void show_first_bytes(Call& call, int fd, std::size_t left) {
  std::array<char, 4096> buffer;
  while (left) {
    const std::size_t count = read_some(fd, buffer.data(), std::min(left, buffer.size()));
    if (!count) return;
    call.out.put({buffer.data(), count});
    left -= count;
  }
}

void show_first_lines(Call& call, int fd, std::size_t left) {
  if (left) for_each_whole_line(fd, [&](std::string_view line) { return call.out.put(line), --left > 0; });
}

// Keeps the last of what comes, and hands what is pushed out of it to `out`.
template <typename Put>
std::string last_bytes(int fd, std::size_t most, Put&& out) {
  std::string last;
  std::array<char, 32768> buffer;
  while (const std::size_t count = read_some(fd, buffer.data(), buffer.size())) {
    last.append(buffer.data(), count);
    if (last.size() <= most) continue;
    out(std::string_view(last).substr(0, last.size() - most));
    last.erase(0, last.size() - most);
  }
  return last;
}

template <typename Put>
std::deque<std::string> last_lines(int fd, std::size_t most, Put&& out) {
  std::deque<std::string> last;
  for_each_whole_line(fd, [&](std::string_view line) {
    last.emplace_back(line);
    if (last.size() > most) out(last.front()), last.pop_front();
    return true;
  });
  return last;
}

void copy_rest(Call& call, int fd) {
  std::array<char, 32768> buffer;
  while (const std::size_t count = read_some(fd, buffer.data(), buffer.size())) call.out.put({buffer.data(), count});
}

void show_from(Call& call, int fd, const Amount& amount) {
  std::size_t left = amount.number ? amount.number - 1 : 0;
  if (!amount.of_bytes) return for_each_whole_line(fd, [&](std::string_view line) { return left ? void(--left) : call.out.put(line), true; });
  std::array<char, 4096> buffer;
  while (left) {
    const std::size_t count = read_some(fd, buffer.data(), std::min(left, buffer.size()));
    if (!count) return;
    left -= count;
  }
  copy_rest(call, fd);
}

// Until a signal comes. A file that shrinks is read from its front again, and with -F one that takes the place of the first.
[[noreturn]] void follow(Call& call, int fd, const std::string& name, bool by_name) {
  constexpr timespec pause{0, 200'000'000};
  sys::Fd other;
  for (;;) {
    copy_rest(call, fd);
    call.out.flush();
    const auto status = sys::find_status(fd, "");
    if (status && S_ISREG(status->st_mode) && ::lseek(fd, 0, SEEK_CUR) > status->st_size) ::lseek(fd, 0, SEEK_SET);
    ::nanosleep(&pause, nullptr);
    const auto now = by_name && name != "-" ? find_stat(name, true) : std::nullopt;
    if (!now || !status || (now->st_dev == status->st_dev && now->st_ino == status->st_ino)) continue;
    if (sys::Fd next = sys::try_open(AT_FDCWD, name.c_str(), O_RDONLY | O_NONBLOCK | O_NOCTTY)) fd = next.get(), other = std::move(next);
  }
}

}  // namespace

int show_front(Call& call) {
  const Options options(call, "#c:n:qv", {{"lines", 'n'}, {"bytes", 'c'}, {"quiet", 'q'}, {"verbose", 'v'}});
  const Amount amount(options);
  const auto put = [&](std::string_view text) { call.out.put(text); };
  bool first = true;
  for_each_input(call, options.operands(), [&](int fd, const std::string& name) {
    tell_name(call, options, name, first);
    if (amount.sign == '-') amount.of_bytes ? static_cast<void>(last_bytes(fd, amount.number, put)) : static_cast<void>(last_lines(fd, amount.number, put));
    else amount.of_bytes ? show_first_bytes(call, fd, amount.number) : show_first_lines(call, fd, amount.number);
  });
  return call.status;
}

int show_end(Call& call) {
  // tail +3 FILE, as it was written once.
  if (call.words.size() > 1 && call.words[1].starts_with('+') && parse_number(call.words[1].substr(1))) call.words.insert(call.words.begin() + 1, "-n");
  const Options options(call, "#Fc:fn:qv", {{"lines", 'n'}, {"bytes", 'c'}, {"follow", 'f'}, {"quiet", 'q'}, {"verbose", 'v'}});
  const Amount amount(options);
  const bool follows = options.has('f') || options.has('F');
  if (follows && options.operands().size() > 1) throw Failure("one file at a time can be followed", 2);
  const auto drop = [](std::string_view) {};
  bool first = true;
  for_each_input(call, options.operands(), [&](int fd, const std::string& name) {
    tell_name(call, options, name, first);
    if (amount.sign == '+') show_from(call, fd, amount);
    else if (amount.of_bytes) call.out.put(last_bytes(fd, amount.number, drop));
    else
      for (const std::string& line : last_lines(fd, amount.number, drop)) call.out.put(line);
    const auto kind = sys::find_status(fd, "");
    if (follows && !(name == "-" && kind && S_ISFIFO(kind->st_mode))) follow(call, fd, name, options.has('F'));
  });
  return call.status;
}

}  // namespace snug::builtin
