// What is read of one process alone. Its root is never walked: what is told of its mounts comes from the two tables of mounts, the process's
// and ours.

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>
#include <utility>

#include "halves.hh"
#include "parse.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/base/time.hh"
#include "snug/plan/limits.hh"
#include "snug/probe/machine.hh"
#include "snug/sys/file.hh"
#include "snug/sys/process.hh"
#include "trial.hh"

namespace snug::probe {
namespace {

std::optional<std::string> text_of(const std::string& path) {
  try {
    return sys::find_file_text(path.c_str(), std::size_t{16} << 20U);
  } catch (const Error&) {
    return {};  // it has ended while it was read
  }
}

std::string joined(const std::string& folder, std::string_view rest) {
  if (rest.empty()) return folder;
  return folder == "/" ? std::string(rest) : folder + std::string(rest);
}

/// What the reader itself has, which that of others is held against.
struct Own {
  std::vector<SeenMount> mounts = parse_seen_mounts(text_of("/proc/self/mountinfo").value_or(""));
  std::vector<bool> hidden = find_hidden(mounts);
  std::vector<plan::ResourceLimit> limits = plan::parse_limits(text_of("/proc/self/limits").value_or(""));
};

// The path at which what `mount` shows is seen here: through the mount of the same file system that begins nearest to it, where no later mount
// hides the place. Where there are none but `hidden` ones, the path that one of them has.
std::string find_origin(const SeenMount& mount, const Own& own, bool hidden) {
  std::string found;
  std::size_t longest = 0;
  for (std::size_t at = 0; at < own.mounts.size(); ++at) {
    const SeenMount& each = own.mounts[at];
    if (each.device != mount.device || !lies_in(mount.root, each.root) || each.root.size() < longest || own.hidden[at] != hidden) continue;
    const std::string path = joined(each.target, std::string_view(mount.root).substr(each.root == "/" ? (mount.root == "/" ? 1 : 0) : each.root.size()));
    const auto lies_over = [&](const SeenMount& later) { return later.parent == each.id && lies_in(path, later.target); };
    if (!hidden && std::any_of(own.mounts.begin(), own.mounts.end(), lies_over)) continue;
    found = path;
    longest = each.root.size();
  }
  return found;
}

/// Where a mount's files are to be found here. The same few are mounted in many containers: each is looked for once.
class Origins {
 public:
  struct Origin {
    std::string path, hidden_path;  ///< the second where there is no first
    plan::LiveMount::What what = plan::LiveMount::What::unknown;
  };
  explicit Origins(const Own& own) : own_(own) {}
  [[nodiscard]] const Origin& of(const SeenMount& mount);

 private:
  const Own& own_;
  std::map<std::pair<std::string, std::string>, Origin> known_;  ///< by device and root
};

// A file system that answers from elsewhere might not answer at all, and is not asked.
plan::LiveMount::What kind_of(const std::string& type, const std::string& origin) {
  static constexpr std::array<std::string_view, 13> at_hand{"btrfs", "devpts", "devtmpfs", "erofs", "ext2", "ext3", "ext4", "f2fs", "overlay", "squashfs", "tmpfs", "xfs", "zfs"};
  if (origin.empty() || std::find(at_hand.begin(), at_hand.end(), type) == at_hand.end()) return plan::LiveMount::What::unknown;
  const auto status = sys::find_status(AT_FDCWD, origin.c_str());
  if (!status) return plan::LiveMount::What::unknown;
  switch (status->st_mode & S_IFMT) {
    case S_IFDIR: return plan::LiveMount::What::folder;
    case S_IFSOCK: return plan::LiveMount::What::socket;
    case S_IFCHR:
    case S_IFBLK: return plan::LiveMount::What::device;
    default: return plan::LiveMount::What::file;
  }
}

const Origins::Origin& Origins::of(const SeenMount& mount) {
  const auto [place, is_new] = known_.try_emplace({mount.device, mount.root});
  Origin& origin = place->second;
  if (!is_new) return origin;
  origin.path = find_origin(mount, own_, false);
  if (origin.path.empty()) origin.hidden_path = find_origin(mount, own_, true);
  origin.what = kind_of(mount.type, origin.path);
  return origin;
}

void read_mounts(plan::Insides& insides, std::string_view theirs, Origins& origins) {
  constexpr std::size_t most = 1000;
  std::vector<SeenMount> seen = parse_seen_mounts(theirs);
  if (seen.size() > most) insides.more_mounts = seen.size() - most, seen.resize(most);
  const std::vector<bool> hidden = find_hidden(seen);
  insides.mounts.emplace().reserve(seen.size());
  for (std::size_t at = 0; at < seen.size(); ++at) {
    const SeenMount& each = seen[at];
    const Origins::Origin& origin = origins.of(each);
    insides.mounts->push_back({.target = each.target, .type = each.type, .source = each.source, .options = each.options, .origin = origin.path, .what = origin.what,
                               .covered = hidden[at], .hidden_origin = origin.hidden_path});
  }
}

/// A file of a cgroup, and how its number reads.
struct Limit {
  const char* file;
  const char* name;
  std::string (*render)(std::uint64_t);
};

constexpr std::array<Limit, 2> limit_files{{{"memory.max", "memory", [](std::uint64_t bytes) { return render_size(bytes); }},
                                            {"pids.max", "processes", [](std::uint64_t count) { return format("{}", count); }}}};

// "50000 100000": so much of each period.
std::optional<double> parse_share(std::string_view text) {
  const auto words = split(trimmed(text), ' ');
  if (words.size() != 2) return {};
  const auto part = parse_number(words[0]), whole = parse_number(words[1]);
  if (!part || !whole || *whole == 0) return {};
  return static_cast<double>(*part) / static_cast<double>(*whole);
}

/// The limits of cgroups, each of which is asked once.
class Cgroups {
 public:
  /// What holds for the cgroup in `folder`; its file system begins behind the first `top` letters.
  [[nodiscard]] std::vector<std::string> limits(const std::string& folder, std::size_t top) {
    const Least& least = least_of(folder, top);
    std::vector<std::string> found;
    for (std::size_t at = 0; at < limit_files.size(); ++at)
      if (least.numbers[at]) found.push_back(format("{} {}", limit_files[at].name, limit_files[at].render(*least.numbers[at])));
    if (least.share) found.push_back(format("{:.2f} processors", *least.share));
    return found;
  }

 private:
  struct Least {
    std::array<std::optional<std::uint64_t>, limit_files.size()> numbers;
    std::optional<double> share;
  };

  template <typename Value>
  static void lower(std::optional<Value>& least, const std::optional<Value>& other) {
    if (other && (!least || *other < *least)) least = other;
  }

  // What holds for a cgroup holds for all below it: the smallest on the way up.
  const Least& least_of(const std::string& folder, std::size_t top) {
    const auto [place, is_new] = known_.try_emplace(folder);
    Least& least = place->second;
    if (!is_new || folder.size() <= top) return least;
    least = least_of(folder.substr(0, folder.rfind('/')), top);
    for (std::size_t at = 0; at < limit_files.size(); ++at)
      lower(least.numbers[at], parse_number(trimmed(text_of(format("{}/{}", folder, limit_files[at].file)).value_or(""))));
    lower(least.share, parse_share(text_of(folder + "/cpu.max").value_or("")));
    return least;
  }

  std::map<std::string, Least> known_;
};

std::string limit_word(std::uint64_t value) { return value == RLIM_INFINITY ? "unlimited" : format("{}", value); }

// Of the limits of a process those that were set for it: what it has as the reader has it came to both from the same place. What is unlimited
// limits nothing.
std::vector<std::string> find_set(const std::vector<plan::ResourceLimit>& theirs, const std::vector<plan::ResourceLimit>& ours) {
  std::vector<std::string> found;
  for (const plan::ResourceLimit& each : theirs) {
    if (each.hard == RLIM_INFINITY && each.soft == RLIM_INFINITY) continue;
    if (std::find(ours.begin(), ours.end(), each) != ours.end()) continue;
    found.push_back(format("{} {}", each.name, limit_word(each.soft)) + (each.hard == each.soft ? "" : ":" + limit_word(each.hard)));
  }
  return found;
}

// Everybody may read them, of everybody; the file is empty of a process that has ended.
void read_limits(plan::Insides& insides, const std::string& folder, const Own& own) {
  const auto theirs = text_of(folder + "/limits");
  if (theirs && !theirs->empty()) insides.limits = find_set(plan::parse_limits(*theirs), own.limits);
}

/// What was found out for one process, and holds for others.
struct Known {
  const Own& own;
  Origins origins{own};
  Cgroups cgroups = {};
};

plan::Insides read_one(const plan::LiveProcess& process, Known& known) {
  plan::Insides insides;
  const std::string folder = format("/proc/{}", process.pid);
  if (const auto theirs = text_of(folder + "/mountinfo"); theirs && !theirs->empty()) read_mounts(insides, *theirs, known.origins);
  read_limits(insides, folder, known.own);
  if (!insides.limits) return insides;
  const std::string cgroup = process.cgroup.empty() ? parse_cgroup(text_of(folder + "/cgroup").value_or("")) : process.cgroup;
  if (!cgroup.starts_with('/') || cgroup.find("/..") != std::string::npos) return insides;
  for (const SeenMount& mount : known.own.mounts)
    if (mount.type == "cgroup2" && mount.root == "/") {
      const auto whole = known.cgroups.limits(joined(mount.target, cgroup == "/" ? "" : cgroup), mount.target.size());
      insides.limits->insert(insides.limits->begin(), whole.begin(), whole.end());
    }
  return insides;
}

}  // namespace

plan::Insides read_insides(const plan::LiveProcess& process) {
  const Own own;
  Known known{own};
  plan::Insides insides = read_one(process, known);
  if (const auto text = text_of(format("/proc/{}/uid_map", process.pid))) insides.uids = parse_id_map(*text);
  if (const auto text = text_of(format("/proc/{}/gid_map", process.pid))) insides.gids = parse_id_map(*text);
  return insides;
}

std::vector<plan::Insides> read_insides(std::span<const plan::LiveProcess* const> processes) {
  const Own own;
  std::vector<plan::Insides> insides(processes.size());
  constexpr std::size_t few = 20;
  in_halves(processes.size() > few, [&](std::size_t half) {
    Known known{own};
    for (std::size_t at = half; at < processes.size(); at += 2) insides[at] = read_one(*processes[at], known);
  });
  return insides;
}

// /proc/sys/user shows everybody the limits of the namespace that he is in.
std::optional<std::uint64_t> read_namespaces_limit(const std::string& path, std::uint64_t inode) {
  const sys::Fd space = sys::try_open(AT_FDCWD, path.c_str(), O_RDONLY), own = sys::try_open(AT_FDCWD, "/proc/self/ns/user", O_RDONLY);
  const auto theirs = sys::find_status(space.get(), ""), ours = sys::find_status(own.get(), "");
  if (!space || !own || !theirs || !ours || (inode != 0 && theirs->st_ino != inode)) return {};
  const auto read = [] { return text_of("/proc/sys/user/max_user_namespaces").value_or(""); };
  if (theirs->st_ino == ours->st_ino) return parse_number(trimmed(read()));  // nobody enters the one that he is in
  sys::FdPair answer = sys::make_pipe();
  const auto tell = [&] {
    if (const int error = sys::hide_from_tracers()) return error;
    if (const int error = sys::leave_streams()) return error;
    if (const int error = sys::close_all_but({space.get(), answer.second.get()})) return error;
    if (::setns(space.get(), CLONE_NEWUSER) != 0) return errno;
    if (const int error = sys::hide_from_tracers()) return error;  // other rights have undone it
    return sys::write_all(answer.second.get(), read());
  };
  const int error = try_in_child({}, 0, tell);
  answer.second.reset();
  return error ? std::nullopt : parse_number(trimmed(sys::read_all(answer.first.get())));
}

std::vector<std::string> read_listeners(pid_t pid) {
  std::vector<std::string> addresses;
  const sys::Fd folder = sys::try_open(AT_FDCWD, format("/proc/{}/fd", pid).c_str(), O_RDONLY | O_DIRECTORY);
  if (!folder) return addresses;
  std::vector<std::string> sockets;
  try {
    for (const sys::Entry& entry : sys::list_folder(folder.get()))
      if (auto link = sys::find_link(folder.get(), entry.name.c_str())) sockets.push_back(*std::move(link));
  } catch (const Error&) {  // it has just ended
    return addresses;
  }
  for (const char* table : {"/proc/self/net/tcp", "/proc/self/net/tcp6"})
    for (const Listener& each : parse_listeners(text_of(table).value_or("")))
      if (std::find(sockets.begin(), sockets.end(), format("socket:[{}]", each.inode)) != sockets.end()) addresses.push_back(each.address);
  return addresses;
}

}  // namespace snug::probe
