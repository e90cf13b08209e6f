#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>

#include "files.hh"
#include "snug/base/text.hh"
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

/// Prints texts with what cat's options put in.
class Printing {
 public:
  Printing(Call& call, const Options& options)
      : call_(call), numbers_(options.has('n')), numbers_full_(options.has('b')), squeezes_(options.has('s')), visible_(options.last_of("vAet")),
        ends_(options.last_of("AEe")), tabs_(options.last_of("ATt")) {}

  [[nodiscard]] bool is_plain() const { return !(numbers_ || numbers_full_ || squeezes_ || visible_ || ends_ || tabs_); }

  void put(std::string_view line) {
    const bool whole = line.ends_with('\n'), empty = begins_ && line == "\n";
    if (squeezes_ && empty && empty_before_) return;
    empty_before_ = empty;
    if (begins_ && (numbers_full_ ? !empty : numbers_)) call_.out.put(format("{:6}\t", ++number_));
    line.remove_suffix(whole);
    const bool returns = ends_ && !visible_ && whole && line.ends_with('\r');
    line.remove_suffix(returns);
    call_.out.put(shown(line));
    if (whole) call_.out.put(format("{}{}\n", returns ? "^M" : "", ends_ ? "$" : ""));
    begins_ = whole;
  }

 private:
  [[nodiscard]] std::string shown(std::string_view line) const {
    std::string out;
    for (const char each : line) {
      const auto byte = static_cast<unsigned char>(each);
      const unsigned char low = byte & 127U;
      if (each == '\t') out += tabs_ ? "^I" : "\t";
      else if (!visible_) out += each;
      else out += format("{}{}{}", byte >= 128 ? "M-" : "", low < 32 || low == 127 ? "^" : "", static_cast<char>(low < 32 ? low + 64 : low == 127 ? '?' : low));
    }
    return out;
  }

  Call& call_;
  bool numbers_, numbers_full_, squeezes_, visible_, ends_, tabs_;
  bool begins_ = true, empty_before_ = false;  ///< the file before may have ended within a line
  std::size_t number_ = 0;
};

int concatenate(Call& call) {
  const Options options(call, "AETbenstuv", {{"number", 'n'}, {"number-nonblank", 'b'}, {"squeeze-blank", 's'}, {"show-all", 'A'}, {"show-ends", 'E'}, {"show-tabs", 'T'}, {"show-nonprinting", 'v'}});
  Printing printing(call, options);
  for_each_input(call, options.operands(), [&](int fd, const std::string& name) {
    if (is_output(fd)) return call.complain(format("{}: input file is output file", call.out.name(name)));
    if (printing.is_plain()) return copy_bytes(call, fd);
    for_each_whole_line(fd, [&](std::string_view line) { return printing.put(line), true; });
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
    {"cat", "[-AETbenstuv] [FILE...]", "print files; -n with numbers, -s no empty line twice, -v what a terminal acts on made visible, -T tabs, -E ends of lines, -A all three", concatenate},
    {"cut", "-f LIST [-d CHAR] [-s] | -c LIST [FILE...]", "print parts of lines: fields, or characters; LIST is 1,3-5", cut_lines},
    {"grep", "[-EFGHILRachilnoqrsvwx] [-ABCm N] [--color[=WHEN]] [--include=|--exclude=|--exclude-dir=GLOB] [--line-buffered] PATTERN|-e PATTERN|-f FILE [FILE...]",
     "print lines that match; -r all below, -R through links, too, -i any case, -v others, -n numbers, -l names, -F a text, -m N lines, -a of any file, -I of texts alone", search_text},
    {"head", "[-qv] [-n [-]N|-N|-c [-]N] [FILE...]", "print the first lines, or bytes: 2K, 1M; -n -N all but the last", show_front},
    {"less", "[-N] [FILE...]", "show texts page by page, -N with the numbers of lines: Space, b, arrows, g, G, /TEXT, n, :n, :p, q", show_pages},
    {"sort", "[-CVbcfhnrsu] [-k F[.C][,F[.C]]]... [-t CHAR] [-o FILE] [FILE...]",
     "sort lines; -n numbers, -h 2K before 1M, -V versions, -r backwards, -u each once, -k by fields, each with letters of its own: -k2,2n -k1; -c is it sorted", sort_lines},
    {"strings", "[-n N] [FILE...]", "print the texts in other files: N bytes or more, 4 by default", find_strings},
    {"tail", "[-Ffqv] [-n [+]N|-N|+N|-c [+]N] [FILE...]", "print the last lines, or bytes: 2K, 1M; +N from there on; -f goes on, -F with the next of that name", show_end},
    {"tee", "[-a] [FILE...]", "copy what comes to files, too; -a behind what they hold", tee},
    {"tr", "[-cds] SET [SET]", "replace characters; -d drops them, -s squeezes repeats, -c all others: a-z \\n [:upper:]", translate},
    {"uniq", "[-cdu] [FILE]", "print repeated lines once; -c with their number, -d those alone, -u the others", drop_repeats},
    {"wc", "[-clmw] [FILE...]", "count lines, words and bytes; -m characters", count},
    {"xxd", "[-bpu] [-c N] [-g N] [-l N] [-s [-]N] | -r [-p] [FILE]",
     "print bytes as numbers; -l so many, -s from there on, -N from the end, -c in a row, -g in a group, -b bits, -u in capitals, -p nothing else; -r makes bytes of them", dump_bytes},
});

}  // namespace

std::span<const Builtin> text_builtins() { return builtins; }

}  // namespace snug::builtin
