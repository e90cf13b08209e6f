#include <grp.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <ctime>

#include "files.hh"
#include "runner.hh"
#include "snug/base/text.hh"
#include "snug/sys/process.hh"
#include "system.hh"

namespace snug::builtin {
namespace {

int tell_environment(Call& call) {
  const Options options(call, "+0iu:", {{"ignore-environment", 'i'}, {"unset", 'u'}});
  if (options.has('i'))
    for (auto& [name, variable] : call.session.variables) variable.exported = false;
  if (options.has('u'))
    for (const std::string& name : options.all('u')) call.session.unset(name);
  std::size_t at = 0;
  for (; at < options.operands().size(); ++at) {
    const std::string& word = options.operands()[at];
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) break;
    call.session.variables[word.substr(0, equals)] = {.value = word.substr(equals + 1), .exported = true};
  }
  if (at < options.operands().size()) return call.runner.run_words({options.operands().begin() + static_cast<std::ptrdiff_t>(at), options.operands().end()});
  for (const std::string& line : call.session.environment()) {
    call.out.put(options.has('0') ? line : call.out.name(line));
    call.out.put(options.has('0') ? std::string_view("\0", 1) : "\n");
  }
  return 0;
}

std::vector<gid_t> own_groups() {
  std::vector<gid_t> groups(65536);
  const int count = ::getgroups(static_cast<int>(groups.size()), groups.data());
  groups.resize(count < 0 ? 0 : static_cast<std::size_t>(count));
  const gid_t own = ::getegid();
  if (std::find(groups.begin(), groups.end(), own) == groups.end()) groups.insert(groups.begin(), own);
  return groups;
}

struct Identity {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;
};

// Of another user, by the root's own files.
Identity identity_of(const std::string& user, const Accounts& accounts) {
  Identity found{.uid = accounts.find_user(user), .groups = {}};
  const auto gid = accounts.find_login_group(found.uid);
  if (!gid) throw Failure(format("{} is no user here", quoted(user)));
  found.gid = *gid;
  found.groups = accounts.groups_of(accounts.user(found.uid));
  std::erase(found.groups, found.gid);
  found.groups.insert(found.groups.begin(), found.gid);
  return found;
}

int tell_identity(Call& call) {
  const Options options(call, "Ggnru", {{"user", 'u'}, {"group", 'g'}, {"groups", 'G'}, {"name", 'n'}, {"real", 'r'}});
  options.need(0, 1);
  const Accounts accounts;
  Identity own{options.has('r') ? ::getuid() : ::geteuid(), options.has('r') ? ::getgid() : ::getegid(), own_groups()};
  if (!options.operands().empty()) own = identity_of(options.operands()[0], accounts);
  const auto shown = [&](const std::string& name, unsigned id) { return options.has('n') ? call.out.name(name) : format("{}", id); };
  if (options.has('u')) return call.out.line(shown(accounts.user(own.uid), own.uid)), 0;
  if (options.has('g')) return call.out.line(shown(accounts.group(own.gid), own.gid)), 0;
  const auto full = [&](unsigned id, const std::string& name) { return name == format("{}", id) ? name : format("{}({})", id, call.out.name(name)); };
  std::string groups;
  for (const gid_t gid : own.groups)
    groups += format("{}{}", groups.empty() ? "" : options.has('G') ? " " : ",", options.has('G') ? shown(accounts.group(gid), gid) : full(gid, accounts.group(gid)));
  if (options.has('G')) call.out.line(groups);
  else call.out.line(format("uid={} gid={} groups={}", full(own.uid, accounts.user(own.uid)), full(own.gid, accounts.group(own.gid)), groups));
  return 0;
}

int tell_system(Call& call) {
  const Options options(call, "amnprsv");
  utsname names{};
  ::uname(&names);
  std::string line;
  const auto add = [&](bool wanted, std::string_view text) {
    if (wanted) line += format("{}{}", line.empty() ? "" : " ", text);
  };
  const bool all = options.has('a');
  add(all || options.has('s') || !options.last_of("amnprsv"), names.sysname);
  add(all || options.has('n'), names.nodename);
  add(all || options.has('r'), names.release);
  add(all || options.has('v'), names.version);
  add(all || options.has('m') || options.has('p'), names.machine);
  call.out.line(call.out.name(line));
  return 0;
}

int tell_hostname(Call& call) {
  Options(call, "").need(0, 0);
  utsname names{};
  ::uname(&names);
  call.out.line(call.out.name(names.nodename));
  return 0;
}

std::string iso_pattern(const std::string& precision) {
  if (precision.empty() || precision == "date") return "%Y-%m-%d";
  if (precision == "seconds") return "%Y-%m-%dT%H:%M:%S+00:00";
  if (precision == "minutes") return "%Y-%m-%dT%H:%M+00:00";
  if (precision == "ns") return "%Y-%m-%dT%H:%M:%S,%N+00:00";
  throw Failure(format("{} is none of date, minutes, seconds and ns", quoted(precision)), 2);
}

// strftime(3) does not know %N, of which %3N is the front.
std::string with_nanoseconds(std::string_view pattern, long nanoseconds) {
  std::string out;
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    const std::string_view rest = pattern.substr(at);
    const bool digits = rest.size() > 2 && rest[1] >= '1' && rest[1] <= '9' && rest[2] == 'N';
    if (rest.starts_with("%N") || (rest[0] == '%' && digits)) {
      out += format("{:09}", nanoseconds).substr(0, digits ? static_cast<std::size_t>(rest[1] - '0') : 9);
      at += digits ? 2 : 1;
    } else if (rest[0] == '%' && rest.size() > 1) {
      out.append(rest.substr(0, 2));
      ++at;
    } else {
      out += rest[0];
    }
  }
  return out;
}

// The root's own time zone is a file that strangers wrote, and is not read.
int tell_date(Call& call) {
  const Options options(call, "I?Rd:r:u", {{"date", 'd'}, {"reference", 'r'}, {"iso-8601", 'I'}, {"utc", 'u'}, {"rfc-email", 'R'}});
  options.need(0, 1);
  const bool chosen = !options.operands().empty();
  if (chosen && !options.operands()[0].starts_with('+')) throw Failure("the clock is the machine's, and is not set from here", 2);
  timespec time = parse_time(options.has('d') ? options.value('d') : "now");
  if (options.has('r')) {
    const auto status = find_stat(options.value('r'), true);
    if (!status) throw failure(options.value('r'), errno);
    time = status->st_mtim;
  }
  const std::string pattern = chosen              ? options.operands()[0].substr(1)
                              : options.has('R') ? "%a, %d %b %Y %H:%M:%S +0000"
                              : options.has('I') ? iso_pattern(options.value('I'))
                                                 : "%a %b %e %H:%M:%S UTC %Y";
  call.out.line(time_text(time.tv_sec, with_nanoseconds(pattern, time.tv_nsec).c_str()));
  return 0;
}

int sleep_for(Call& call) {
  const Options options(call, "+");
  options.need(1, SIZE_MAX);
  double seconds = 0;
  for (const std::string& word : options.operands()) {
    char* end = nullptr;
    double value = std::strtod(word.c_str(), &end);
    const std::string_view unit = end;
    if (end == word.c_str() || !std::isfinite(value) || value < 0 || unit.size() > 1 || (unit.size() == 1 && std::string_view("smhd").find(unit[0]) == std::string_view::npos))
      throw Failure(format("{} is no time such as 5, 0.2 or 3m", quoted(word)), 2);
    if (unit == "m") value *= 60;
    if (unit == "h") value *= 3600;
    if (unit == "d") value *= 86400;
    seconds += value;
  }
  seconds = std::min(seconds, 1e9);
  timespec left{static_cast<time_t>(seconds), static_cast<long>((seconds - std::floor(seconds)) * 1e9)};
  while (::nanosleep(&left, &left) != 0 && errno == EINTR) continue;
  return 0;
}

int measure_time(Call& call) {
  const Options options(call, "+p");
  options.need(1, SIZE_MAX);
  const std::uint64_t start = sys::monotonic_time();
  const int code = call.runner.run_words(options.operands());
  const double real = static_cast<double>(sys::monotonic_time() - start) / 1e9;
  rusage usage{};
  ::getrusage(RUSAGE_CHILDREN, &usage);
  const auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6; };
  Out errors(2);
  errors.put(format("real {:.3f}\nuser {:.3f}\nsys {:.3f}\n", real, seconds(usage.ru_utime), seconds(usage.ru_stime)));
  return code;
}

int find_programs(Call& call) {
  const Options options(call, "a");
  for (const std::string& name : options.operands()) {
    bool found = false;
    if (name.find('/') != std::string::npos) {
      found = !call.runner.find_program(name).empty();
      if (found) call.out.line(call.out.name(name));
    } else {
      for (const std::string& folder : split(call.session.value("PATH"), ':')) {
        const std::string path = folder.empty() ? "" : call.runner.find_program(join_path(folder, name));
        if (path.empty() || (found && !options.has('a'))) continue;
        call.out.line(call.out.name(path));
        found = true;
      }
    }
    // Programs first: it is those that scripts ask for.
    if ((!found || options.has('a')) && find_builtin(name)) {
      call.out.line(format("{}: a command of this shell", name));
      found = true;
    }
    if (!found) call.status = 1;
  }
  return call.status;
}

constexpr std::array builtins = std::to_array<Builtin>({
    {"date", "[-Ru] [-d TIME|-r FILE] [-I[seconds]] [+FORMAT]", "tell the time, in UTC; -d that one: @N or 2026-11-28 10:21:00, -r that of a file", tell_date},
    {"env", "[-i] [-u NAME] [NAME=VALUE...] [COMMAND [ARG...]]", "tell what programs are handed on, or do a command with it changed", tell_environment},
    {"hostname", "", "tell the name of the host", tell_hostname},
    {"id", "[-Ggnru] [USER]", "tell user and groups, or those that /etc/passwd and /etc/group give another", tell_identity},
    {"ip", "[-46] [-br] address|link|route|listeners [show] [[dev] NAME]", "tell the addresses, interfaces and routes of the network, and what listens", tell_network},
    {"ps", "[-Aaefw] [-p PID,...] [-u USER,...] [-C NAME,...] [-o FIELD,...] [--forest] | aux | axf",
     "list processes, with f or --forest below those that started them: pid ppid pgid sid user uid stat rss time start tty args comm", list_processes},
    {"sleep", "TIME...", "wait: 5, 0.2, 3m", sleep_for},
    {"time", "COMMAND [ARG...]", "tell how long a command took", measure_time},
    {"uname", "[-amnrsv]", "tell the kernel, which is the same inside and outside", tell_system},
    {"walls", "[PID]", "tell what stands around this shell: namespaces, ids, capabilities, restraints", tell_walls},
    {"which", "[-a] NAME...", "tell where programs are, or that a name is this shell's own; -a all that have it", find_programs},
});

}  // namespace

std::span<const Builtin> system_builtins() { return builtins; }

}  // namespace snug::builtin
