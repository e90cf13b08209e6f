#include <algorithm>
#include <cstdint>

#include "files.hh"
#include "snug/base/text.hh"
#include "text.hh"

namespace snug::builtin {
namespace {

/// 1,3-5,7-
struct Ranges {
  std::vector<std::pair<std::size_t, std::size_t>> all;

  explicit Ranges(const std::string& list) {
    for (const std::string& part : split(list, ',')) {
      const std::size_t dash = part.find('-');
      const auto first = dash == 0 ? std::optional<std::uint64_t>(1) : parse_number(part.substr(0, dash));
      const bool open = dash != std::string::npos && dash + 1 == part.size();
      const auto last = dash == std::string::npos ? first : open ? std::optional<std::uint64_t>(SIZE_MAX) : parse_number(part.substr(dash + 1));
      if (!first || !last || *first == 0 || *last < *first || part == "-") throw Failure(format("{} is no list such as 1,3-5", quoted(list)), 2);
      all.emplace_back(*first, *last);
    }
  }

  [[nodiscard]] bool has(std::size_t number) const {
    return std::any_of(all.begin(), all.end(), [&](const auto& range) { return number >= range.first && number <= range.second; });
  }
};

std::string cut_fields(const std::string& line, const Ranges& ranges, char separator) {
  std::string out;
  std::size_t number = 0;
  bool any = false;
  for (const std::string& field : split(line, separator)) {
    if (!ranges.has(++number)) continue;
    if (std::exchange(any, true)) out += separator;
    out += field;
  }
  return out;
}

std::string cut_characters(const std::string& line, const Ranges& ranges, bool bytes) {
  std::string out;
  std::size_t number = 0;
  for (const char each : line) {
    number += bytes || (static_cast<unsigned char>(each) & 0xc0U) != 0x80;
    if (ranges.has(number)) out += each;
  }
  return out;
}

}  // namespace

int drop_repeats(Call& call) {
  const Options options(call, "cdiu");
  options.need(0, 1);
  const std::vector<std::string> all = lines_of_inputs(call, options.operands());
  const auto lowered = [&](std::string line) {
    if (options.has('i'))
      for (char& each : line)
        if (each >= 'A' && each <= 'Z') each = static_cast<char>(each + 32);
    return line;
  };
  for (std::size_t at = 0, end = 0; at < all.size(); at = end) {
    for (end = at + 1; end < all.size() && lowered(all[end]) == lowered(all[at]);) ++end;
    if ((options.has('d') && end - at == 1) || (options.has('u') && end - at > 1)) continue;
    call.out.line(options.has('c') ? format("{:7} {}", end - at, all[at]) : all[at]);
  }
  return call.status;
}

int cut_lines(Call& call) {
  const Options options(call, "b:c:d:f:s", {{"fields", 'f'}, {"delimiter", 'd'}, {"characters", 'c'}});
  const char by = options.last_of("bcf");
  if (!by) throw Failure("-f or -c is needed", 2);
  const Ranges ranges(options.value(by));
  const char separator = options.has('d') ? one_character(options.value('d')) : '\t';
  for_each_input(call, options.operands(), [&](int fd, const std::string&) {
    for_each_line(fd, [&](std::string_view text) {
      const std::string line(text);
      if (by != 'f') call.out.line(cut_characters(line, ranges, by == 'b'));
      else if (line.find(separator) != std::string::npos) call.out.line(cut_fields(line, ranges, separator));
      else if (!options.has('s')) call.out.line(line);
      return true;
    });
  });
  return call.status;
}

}  // namespace snug::builtin
