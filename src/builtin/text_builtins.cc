#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <ctime>
#include <deque>

#include "files.hh"
#include "snug/base/text.hh"
#include "snug/base/utf8.hh"
#include "snug/sys/file.hh"
#include "table.hh"
#include "text.hh"

namespace snug::builtin {
namespace {

void copy_bytes(Call& call, int fd) {
  std::array<char, 32768> buffer;
  while (const std::size_t count = read_some(fd, buffer.data(), buffer.size())) {
    call.out.put({buffer.data(), count});
    call.out.flush();
  }
}

// What a terminal could act on is shown as cat -v does, but for line feeds and tabs.
std::string visible(std::string_view line) {
  std::string out;
  for (const char each : line) {
    const auto byte = static_cast<unsigned char>(each);
    if (byte >= 128) out += "M-";
    const unsigned char low = byte & 127U;
    if (low == '\t' && byte < 128) out += '\t';
    else if (low < 32) out += format("^{}", static_cast<char>(low + 64));
    else out += low == 127 ? "^?" : std::string(1, static_cast<char>(low));
  }
  return out;
}

int concatenate(Call& call) {
  const Options options(call, "Abentuv");
  const bool plain = !options.has('n') && !options.has('b') && !options.has('v') && !options.has('A') && !options.has('e');
  std::size_t number = 0;
  for_each_input(call, options.operands(), [&](int fd, const std::string& name) {
    if (is_output(fd)) return call.complain(format("{}: input file is output file", call.out.name(name)));
    if (plain) return copy_bytes(call, fd);
    for_each_line(fd, [&](std::string_view line) {
      if (options.has('n') || (options.has('b') && !line.empty())) call.out.put(format("{:6}\t", ++number));
      call.out.put(options.has('v') || options.has('A') || options.has('e') ? visible(line) : std::string(line));
      call.out.line(options.has('A') || options.has('e') ? "$" : "");
      return true;
    });
  });
  return call.status;
}

// "==> NAME <==" where there is more than one.
void tell_name(Call& call, const Options& options, const std::string& name, bool& first) {
  if (options.has('q') || (options.operands().size() < 2 && !options.has('v'))) return;
  call.out.line(format("{}==> {} <==", std::exchange(first, false) ? "" : "\n", name == "-" ? "standard input" : call.out.name(name)));
}

int show_front(Call& call) {
  const Options options(call, "#c:n:qv", {{"lines", 'n'}, {"bytes", 'c'}});
  const char by = options.last_of("#nc");
  const long long most = by ? number_of(options.value(by)) : 10;
  if (most < 0) throw Failure("a number below zero is none of lines", 2);
  bool first = true;
  for_each_input(call, options.operands(), [&](int fd, const std::string& name) {
    tell_name(call, options, name, first);
    long long left = most;
    if (by == 'c') {
      std::array<char, 4096> buffer;
      while (left > 0) {
        const std::size_t count = read_some(fd, buffer.data(), static_cast<std::size_t>(std::min<long long>(left, buffer.size())));
        if (!count) break;
        call.out.put({buffer.data(), count});
        left -= static_cast<long long>(count);
      }
      return;
    }
    if (left > 0) for_each_line(fd, [&](std::string_view line) { return call.out.line(line), --left > 0; });
  });
  return call.status;
}

void show_last_bytes(Call& call, int fd, std::size_t most) {
  std::string last;
  std::array<char, 32768> buffer;
  while (const std::size_t count = read_some(fd, buffer.data(), buffer.size())) {
    last.append(buffer.data(), count);
    if (last.size() > most + buffer.size()) last.erase(0, last.size() - most);
  }
  call.out.put(std::string_view(last).substr(last.size() - std::min(last.size(), most)));
}

void show_last_lines(Call& call, int fd, std::size_t most) {
  std::deque<std::string> last;
  for_each_line(fd, [&](std::string_view line) {
    last.emplace_back(line);
    if (last.size() > most) last.pop_front();
    return true;
  });
  for (const std::string& line : last) call.out.line(line);
}

// Until a signal comes. A file that shrinks is read from its front again.
[[noreturn]] void follow(Call& call, int fd) {
  constexpr timespec pause{0, 200'000'000};
  for (;;) {
    copy_bytes(call, fd);
    call.out.flush();
    const auto status = sys::find_status(fd, "");
    if (status && S_ISREG(status->st_mode) && ::lseek(fd, 0, SEEK_CUR) > status->st_size) ::lseek(fd, 0, SEEK_SET);
    ::nanosleep(&pause, nullptr);
  }
}

int show_end(Call& call) {
  const Options options(call, "#Fc:fn:qv", {{"lines", 'n'}, {"bytes", 'c'}, {"follow", 'f'}});
  const char by = options.last_of("#nc");
  const std::string count = by ? options.value(by) : "10";
  const bool from_front = count.starts_with('+');
  const auto most = static_cast<std::size_t>(std::max<long long>(0, std::abs(number_of(count))));
  const bool follows = options.has('f') || options.has('F');
  if (follows && options.operands().size() > 1) throw Failure("one file at a time can be followed", 2);
  bool first = true;
  for_each_input(call, options.operands(), [&](int fd, const std::string& name) {
    tell_name(call, options, name, first);
    if (from_front && by == 'c') {
      std::size_t skipped = most ? most - 1 : 0;
      std::array<char, 4096> buffer;
      while (skipped)
        if (const std::size_t got = read_some(fd, buffer.data(), std::min(skipped, buffer.size()))) skipped -= got;
        else break;
      copy_bytes(call, fd);
    } else if (from_front) {
      std::size_t number = 0;
      for_each_line(fd, [&](std::string_view line) { return ++number >= most ? call.out.line(line) : void(), true; });
    } else {
      by == 'c' ? show_last_bytes(call, fd, most) : show_last_lines(call, fd, most);
    }
    if (follows) follow(call, fd);
  });
  return call.status;
}

struct Counts {
  std::uint64_t lines = 0, words = 0, bytes = 0, characters = 0;
};

Counts count_text(int fd) {
  Counts counts;
  bool in_word = false;
  std::array<char, 32768> buffer;
  while (const std::size_t count = read_some(fd, buffer.data(), buffer.size())) {
    counts.bytes += count;
    for (const char each : std::string_view(buffer.data(), count)) {
      const bool blank = each == ' ' || (each >= '\t' && each <= '\r');
      counts.lines += each == '\n';
      counts.words += !blank && !in_word;
      counts.characters += (static_cast<unsigned char>(each) & 0xc0U) != 0x80;
      in_word = !blank;
    }
  }
  return counts;
}

int count(Call& call) {
  const Options options(call, "clmw");
  const bool all = !options.last_of("clmw");
  Counts sum;
  const std::size_t width = all || options.operands().size() > 1 ? 7 : 0;
  const auto tell = [&](const Counts& counts, const std::string& name) {
    std::string line;
    const auto add = [&](bool wanted, std::uint64_t number) {
      if (wanted) line += format("{}{:>{}}", line.empty() ? "" : " ", number, width);
    };
    add(all || options.has('l'), counts.lines);
    add(all || options.has('w'), counts.words);
    add(options.has('m'), counts.characters);
    add(all || options.has('c'), counts.bytes);
    call.out.line(name == "-" ? line : line + " " + call.out.name(name));
  };
  for_each_input(call, options.operands(), [&](int fd, const std::string& name) {
    const Counts counts = count_text(fd);
    tell(counts, name);
    sum = {sum.lines + counts.lines, sum.words + counts.words, sum.bytes + counts.bytes, sum.characters + counts.characters};
  });
  if (options.operands().size() > 1) tell(sum, "total");
  return call.status;
}

int tee(Call& call) {
  const Options options(call, "ai");
  std::vector<sys::Fd> files;
  for (const std::string& path : options.operands()) {
    files.push_back(sys::try_open(AT_FDCWD, path.c_str(), O_WRONLY | O_CREAT | O_NOCTTY | (options.has('a') ? O_APPEND : O_TRUNC), 0666));
    if (!files.back()) call.complain(path, errno);
  }
  std::array<char, 32768> buffer;
  while (const std::size_t size = read_some(0, buffer.data(), buffer.size())) {
    call.out.put({buffer.data(), size});
    call.out.flush();
    for (std::size_t at = 0; at < files.size(); ++at)
      if (files[at])
        if (const int error = sys::write_all(files[at].get(), {buffer.data(), size})) call.complain(options.operands()[at], error), files[at].reset();
  }
  return call.status;
}

constexpr std::array builtins = std::to_array<Builtin>({
    {"cat", "[-bnvA] [FILE...]", "print files; -n with numbers, -v with what a terminal acts on made visible", concatenate},
    {"cut", "-f LIST [-d CHAR] [-s] | -c LIST [FILE...]", "print parts of lines: fields, or characters; LIST is 1,3-5", cut_lines},
    {"grep", "[-EFHLcehilnoqrsvwx] [-ABC N] [--color[=WHEN]] PATTERN [FILE...]",
     "print lines that match; -r all below, -i any case, -v others, -n numbers, -l names, -F a text", search_text},
    {"head", "[-n N|-N|-c N] [FILE...]", "print the first lines, or bytes", show_front},
    {"less", "[-N] [FILE...]", "show texts page by page, -N with the numbers of lines: Space, b, arrows, g, G, /TEXT, n, :n, :p, q", show_pages},
    {"sort", "[-bfnru] [-k N] [-t CHAR] [FILE...]", "sort lines; -n numbers, -r backwards, -u each once, -k by a field", sort_lines},
    {"strings", "[-n N] [FILE...]", "print the texts in other files: N bytes or more, 4 by default", find_strings},
    {"tail", "[-f] [-n [+]N|-N|-c [+]N] [FILE...]", "print the last lines, or bytes; +N from there on; -f goes on", show_end},
    {"tee", "[-a] [FILE...]", "copy what comes to files, too; -a behind what they hold", tee},
    {"tr", "[-cds] SET [SET]", "replace characters; -d drops them, -s squeezes repeats, -c all others: a-z \\n [:upper:]", translate},
    {"uniq", "[-cdu] [FILE]", "print repeated lines once; -c with their number, -d those alone, -u the others", drop_repeats},
    {"wc", "[-clmw] [FILE...]", "count lines, words and bytes; -m characters", count},
    {"xxd", "[-p] [-c N] [-l N] [-s N] | -r [-p] [FILE]", "print bytes as numbers; -l so many, -s from there on, -c in a row, -p nothing else; -r makes bytes of them", dump_bytes},
});

}  // namespace

std::span<const Builtin> text_builtins() { return builtins; }

}  // namespace snug::builtin
