// What files and file systems take: du, df, mount.

#include <stdlib.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <set>

#include "files.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::builtin {
namespace {

class Measure {
 public:
  explicit Measure(Call& call) : call_(call), options_(call, "abchkmsxd:", {{"max-depth", 'd'}, {"summarize", 's'}, {"human-readable", 'h'}, {"bytes", 'b'}, {"total", 'c'}, {"all", 'a'}, {"one-file-system", 'x'}}) {
    if (options_.has('d')) depth_ = number_of(options_.value('d'));
    if (options_.has('s')) depth_ = 0;
  }

  int run() {
    std::vector<std::string> paths = options_.operands();
    if (paths.empty()) paths.emplace_back(".");
    std::uint64_t all = 0;
    for (const std::string& path : paths) {
      device_.reset();
      all += measure(path, 0);
    }
    if (options_.has('c')) tell(all, "total");
    return call_.status;
  }

 private:
  // In bytes.
  std::uint64_t measure(const std::string& path, long long depth) {
    const auto status = find_stat(path);
    if (!status) return call_.complain(path, errno), 0;
    if (!device_) device_ = status->st_dev;
    if (options_.has('x') && status->st_dev != *device_) return 0;
    const bool folder = S_ISDIR(status->st_mode);
    if (!folder && status->st_nlink > 1 && !seen_.emplace(status->st_dev, status->st_ino).second) return 0;
    std::uint64_t size = options_.has('b') ? static_cast<std::uint64_t>(status->st_size) : static_cast<std::uint64_t>(status->st_blocks) * 512;
    if (folder) {
      try {
        for (const std::string& name : list_folder(path)) size += measure(join_path(path, name), depth + 1);
      } catch (const Failure& problem) {
        call_.complain(problem.message());
      }
    }
    if (depth <= depth_ && (folder || depth == 0 || options_.has('a')))
      tell(size, path);
    return size;
  }

  void tell(std::uint64_t size, const std::string& name) {
    const char unit = options_.last_of("bhkm");
    const std::uint64_t bytes = unit == 'b' ? 1 : unit == 'm' ? 1024 * 1024 : 1024;
    call_.out.line(format("{}\t{}", unit == 'h' ? human_size(size) : format("{}", (size + bytes - 1) / bytes), call_.out.name(name)));
  }

  Call& call_;
  Options options_;
  long long depth_ = INT64_MAX;
  std::optional<dev_t> device_;
  std::set<std::pair<dev_t, ino_t>> seen_;  ///< files with more than one name
};

/// A line of /proc/self/mountinfo.
struct MountLine {
  std::string source, target, type, options;
};

// "\040" is a blank.
std::string unescaped_octal(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const bool octal = text[at] == '\\' && at + 3 < text.size() && text.substr(at + 1, 3).find_first_not_of("01234567") == std::string_view::npos;
    out += octal ? static_cast<char>((text[at + 1] - '0') * 64 + (text[at + 2] - '0') * 8 + text[at + 3] - '0') : text[at];
    if (octal) at += 3;
  }
  return out;
}

std::vector<MountLine> read_mounts() {
  constexpr const char* path = "/proc/self/mountinfo";
  const auto text = sys::find_file_text(path, std::size_t{16} << 20U);
  if (!text) throw Failure("/proc is not mounted here, and nothing else tells of mounts");
  std::vector<MountLine> mounts;
  for (const std::string_view line : lines(*text)) {
    const std::vector<std::string> fields = split(line, ' ');
    const auto dash = static_cast<std::size_t>(std::find(fields.begin(), fields.end(), "-") - fields.begin());
    if (fields.size() < 7 || dash + 3 >= fields.size()) continue;
    const std::string& own = fields[dash + 3];  // of the file system: "rw,size=64k", of which the mount has said the first
    const std::size_t comma = own.find(',');
    mounts.push_back({unescaped_octal(fields[dash + 2]), unescaped_octal(fields[4]), fields[dash + 1], fields[5] + (comma == std::string::npos ? "" : own.substr(comma))});
  }
  return mounts;
}

std::string portion(std::uint64_t used, std::uint64_t all) { return all ? format("{}%", (used * 100 + all - 1) / all) : "-"; }

std::vector<std::string> row_of(const MountLine& mount, const Options& options, const struct statvfs& space, const Out& out) {
  std::uint64_t all = space.f_files, unused = space.f_ffree, available = space.f_ffree;
  const auto size = [&](std::uint64_t blocks) {
    const std::uint64_t bytes = blocks * space.f_frsize;
    return options.last_of("hk") == 'h' ? human_size(bytes) : format("{}", bytes / 1024);
  };
  std::vector<std::string> row{out.name(mount.source)};
  if (options.has('T')) row.push_back(out.name(mount.type));
  if (options.has('i')) {
    row.insert(row.end(), {format("{}", all), format("{}", all - unused), format("{}", available)});
  } else {
    all = space.f_blocks, unused = space.f_bfree, available = space.f_bavail;
    row.insert(row.end(), {size(all), size(all - unused), size(available)});
  }
  row.push_back(portion(all - unused, all - unused + available));
  row.push_back(out.name(mount.target));
  return row;
}

// The mount that a path lies on: of those in front of it the last of the longest.
MountLine find_mount(const std::vector<MountLine>& mounts, const std::string& path) {
  char* real = ::realpath(path.c_str(), nullptr);
  const std::string whole = real ? real : path;
  ::free(real);
  MountLine best{.source = "-", .target = "/", .type = {}, .options = {}};
  for (const MountLine& each : mounts) {
    const bool above = each.target == "/" || whole == each.target || whole.starts_with(each.target + "/");
    if (above && each.target.size() >= best.target.size()) best = each;
  }
  return best;
}

}  // namespace

int tell_sizes(Call& call) { return Measure(call).run(); }

int tell_space(Call& call) {
  const Options options(call, "ahikPT", {{"human-readable", 'h'}, {"print-type", 'T'}, {"portability", 'P'}, {"inodes", 'i'}, {"all", 'a'}});
  const std::vector<MountLine> all = read_mounts();
  std::vector<std::pair<MountLine, std::string>> wanted;
  for (const std::string& path : options.operands()) wanted.emplace_back(find_mount(all, path), path);
  if (options.operands().empty())
    for (const MountLine& each : all) wanted.emplace_back(each, each.target);
  const bool posix = options.has('P') && !options.has('i');
  const char* unit = options.has('i') ? "Inodes" : options.last_of("hk") == 'h' ? "Size" : posix ? "1024-blocks" : "1K-blocks";
  std::vector<std::vector<std::string>> rows{{"Filesystem", unit, "Used", "Available", posix ? "Capacity" : "Use%", "Mounted on"}};
  if (options.has('T')) rows[0].insert(rows[0].begin() + 1, "Type");
  for (const auto& [mount, path] : wanted) {
    struct statvfs space {};
    if (::statvfs(path.c_str(), &space) != 0) call.complain(path, errno);
    else if (space.f_blocks || options.has('a') || !options.operands().empty()) rows.push_back(row_of(mount, options, space, call.out));
  }
  call.out.put(render_columns(rows));
  return call.status;
}

int tell_mounts(Call& call) {
  const Options options(call, "t:");
  if (!options.operands().empty()) throw Failure("nothing is mounted from here: 'snug run -v' and '--tmpfs' do");
  for (const MountLine& each : read_mounts())
    if (!options.has('t') || each.type == options.value('t')) call.out.line(call.out.name(format("{} on {} type {} ({})", each.source, each.target, each.type, each.options)));
  return 0;
}

}  // namespace snug::builtin
