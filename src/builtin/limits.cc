// What the shell and those that it starts may have: of files that they make, and of the machine.

#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/times.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "files.hh"
#include "snug/base/text.hh"
#include "words.hh"

namespace snug::builtin {
namespace {

constexpr mode_t all_permissions = 0777;

// "u=rwx,g=rx,o=".
std::string permission_words(mode_t permissions) {
  std::string text;
  for (const char who : {'u', 'g', 'o'}) {
    const unsigned shift = who == 'u' ? 6 : who == 'g' ? 3 : 0;
    text += format("{}{}=", text.empty() ? "" : ",", who);
    for (unsigned bit = 0; bit < 3; ++bit)
      if (permissions >> shift & (4U >> bit)) text += "rwx"[bit];
  }
  return text;
}

struct Limit {
  char letter;
  __rlimit_resource resource;
  rlim_t unit;
  std::string_view words;
};

constexpr std::array<Limit, 9> limits{{{'c', RLIMIT_CORE, 512, "core file, in blocks of 512 bytes"},
                                       {'d', RLIMIT_DATA, 1024, "data, in KiB"},
                                       {'f', RLIMIT_FSIZE, 512, "size of a file, in blocks of 512 bytes"},
                                       {'l', RLIMIT_MEMLOCK, 1024, "locked memory, in KiB"},
                                       {'n', RLIMIT_NOFILE, 1, "open descriptors"},
                                       {'s', RLIMIT_STACK, 1024, "stack, in KiB"},
                                       {'t', RLIMIT_CPU, 1, "time of the processor, in seconds"},
                                       {'u', RLIMIT_NPROC, 1, "processes of the user"},
                                       {'v', RLIMIT_AS, 1024, "memory, in KiB"}}};

const Limit& limit_of(char letter) {
  for (const Limit& each : limits)
    if (each.letter == letter) return each;
  return limit_of('f');
}

std::string limit_text(const Limit& limit, bool hard) {
  rlimit value{};
  if (::getrlimit(limit.resource, &value) != 0) throw failure(limit.words, errno);
  const rlim_t number = hard ? value.rlim_max : value.rlim_cur;
  return number == RLIM_INFINITY ? "unlimited" : format("{}", number / limit.unit);
}

void set_limit(const Limit& limit, const std::string& word, bool soft, bool hard) {
  rlimit value{};
  if (::getrlimit(limit.resource, &value) != 0) throw failure(limit.words, errno);
  const auto number = word == "unlimited" ? std::optional<std::uint64_t>(RLIM_INFINITY) : parse_number(word);
  if (!number || (word != "unlimited" && *number >= RLIM_INFINITY / limit.unit)) throw Failure(format("{} is no number, and not unlimited", quoted(word)), 2);
  const rlim_t wanted = word == "unlimited" ? RLIM_INFINITY : *number * limit.unit;
  if (hard) value.rlim_max = wanted;
  if (soft) value.rlim_cur = wanted;
  if (::setrlimit(limit.resource, &value) != 0) throw failure(limit.words, errno);
}

std::string time_words(clock_t ticks) {
  const double seconds = static_cast<double>(ticks) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  const long minutes = static_cast<long>(seconds) / 60;
  return format("{}m{:.2f}s", minutes, seconds - static_cast<double>(minutes * 60));
}

}  // namespace

// A number is what new files lack; words say what they may have.
int change_umask(Call& call) {
  const Options options(call, "S");
  options.need(0, 1);
  const mode_t permissions = ~current_mask() & all_permissions;
  if (options.operands().empty()) {
    call.out.line(options.has('S') ? permission_words(permissions) : format("{:04o}", ~permissions & all_permissions));
    return 0;
  }
  const std::string& mode = options.operands()[0];
  const bool is_number = mode.find_first_not_of("01234567") == std::string::npos;
  const mode_t parsed = parse_mode(mode, permissions, false) & all_permissions;
  ::umask(is_number ? parsed : ~parsed & all_permissions);
  return 0;
}

int change_limit(Call& call) {
  const Options options(call, "SHacdflnstuv");
  options.need(0, 1);
  const bool hard = options.has('H'), soft = options.has('S') || !hard;
  if (options.has('a')) {
    options.need(0, 0);
    for (const Limit& each : limits) call.out.line(format("-{}  {:<40}{}", each.letter, each.words, limit_text(each, !soft)));
    return 0;
  }
  const Limit& limit = limit_of(options.last_of("cdflnstuv"));
  if (options.operands().empty()) call.out.line(limit_text(limit, !soft));
  else set_limit(limit, options.operands()[0], soft, hard || !options.has('S'));
  return 0;
}

int tell_times(Call& call) {
  Options(call, "").need(0, 0);
  tms spent{};
  ::times(&spent);
  call.out.line(format("{} {}", time_words(spent.tms_utime), time_words(spent.tms_stime)));
  call.out.line(format("{} {}", time_words(spent.tms_cutime), time_words(spent.tms_cstime)));
  return 0;
}

}  // namespace snug::builtin
