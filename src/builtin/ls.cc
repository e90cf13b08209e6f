#include <sys/ioctl.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "files.hh"
#include "snug/base/text.hh"
#include "snug/base/utf8.hh"

namespace snug::builtin {
namespace {

struct Entry {
  std::string name, path;
  struct stat status {};
};

std::size_t columns_of_terminal() {
  winsize size{};
  return ::ioctl(1, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

// As of GNU ls without LS_COLORS.
std::string_view colour_of(mode_t mode) {
  if (S_ISDIR(mode)) return "\033[01;34m";
  if (S_ISLNK(mode)) return "\033[01;36m";
  if (S_ISSOCK(mode)) return "\033[01;35m";
  if (S_ISFIFO(mode)) return "\033[33m";
  if (S_ISCHR(mode) || S_ISBLK(mode)) return "\033[01;33m";
  return mode & 0111U ? "\033[01;32m" : "";
}

class Lister {
 public:
  explicit Lister(Call& call)
      : call_(call),
        options_(call, "1ACFLRSXacdhilnprstuv*?=<",
                 {{"all", 'a'}, {"almost-all", 'A'}, {"human-readable", 'h'}, {"recursive", 'R'}, {"reverse", 'r'}, {"directory", 'd'}, {"inode", 'i'}, {"size", 's'},
                  {"classify", 'F'}, {"dereference", 'L'}, {"numeric-uid-gid", 'n'}, {"full-time", full_time}, {"group-directories-first", folders_first}, {"color", colour_letter}}),
        colour_(wants_colour(call, options_, "always")) {}

  int run() {
    std::vector<std::string> operands = options_.operands();
    if (operands.empty()) operands.emplace_back(".");
    std::vector<Entry> files, folders;
    for (const std::string& path : operands) {
      Entry entry{.name = path, .path = path};
      const bool follows = options_.has('L') || follows_to_folders();
      // A link that leads nowhere is listed itself; what may not be looked at is not.
      if (!look(entry, follows) && !(follows && (errno == ENOENT || errno == ELOOP) && look(entry, false))) {
        const int error = errno;
        call_.complain(path, error);
        if (error != EACCES) call_.status = 2;  // else as of a folder that may not be read
        continue;
      }
      if (follows && !options_.has('L') && !S_ISDIR(entry.status.st_mode)) static_cast<void>(look(entry, false));
      const bool folder = !options_.has('d') && S_ISDIR(entry.status.st_mode);
      (folder ? folders : files).push_back(std::move(entry));
    }
    sort(files);
    sort(folders);
    show(files);
    const bool heading = operands.size() > 1 || options_.has('R');
    bool first = files.empty();
    for (const Entry& folder : folders) show_folder(folder.path, heading, first);
    return call_.status;
  }

 private:
  static constexpr char full_time = '=', folders_first = '<';  // have no letters

  [[nodiscard]] bool is_long() const { return options_.has('l') || options_.has('n') || options_.has(full_time); }

  // A link on the command line is followed to a folder, but for -l and -F it is what is looked at.
  [[nodiscard]] bool follows_to_folders() const { return !options_.has('d') && !options_.has('F') && !is_long(); }

  static bool look(Entry& entry, bool follows) {
    const auto status = find_stat(entry.path, follows);
    if (status) entry.status = *status;
    return status.has_value();
  }

  // The time that is shown and sorted by.
  [[nodiscard]] const timespec& moment_of(const struct stat& status) const {
    const char which = options_.last_of("cu");
    return which == 'u' ? status.st_atim : which == 'c' ? status.st_ctim : status.st_mtim;
  }

  static std::string_view extension_of(std::string_view name) {
    const std::size_t dot = name.rfind('.');
    return dot == std::string_view::npos ? "" : name.substr(dot);
  }

  void sort(std::vector<Entry>& entries) const {
    char by = options_.last_of("StXv");
    if (!by && options_.last_of("cu") && !is_long()) by = 't';
    std::stable_sort(entries.begin(), entries.end(), [&](const Entry& a, const Entry& b) {
      const timespec &one = moment_of(a.status), &other = moment_of(b.status);
      if (by == 'S' && a.status.st_size != b.status.st_size) return a.status.st_size > b.status.st_size;
      if (by == 't' && one.tv_sec != other.tv_sec) return one.tv_sec > other.tv_sec;
      if (by == 't' && one.tv_nsec != other.tv_nsec) return one.tv_nsec > other.tv_nsec;
      if (const int difference = by == 'X' ? extension_of(a.name).compare(extension_of(b.name)) : 0) return difference < 0;
      if (const int difference = by == 'v' ? compare_versions(a.name, b.name) : 0) return difference < 0;
      return a.name < b.name;
    });
    if (options_.has('r')) std::reverse(entries.begin(), entries.end());
    if (options_.has(folders_first)) std::stable_partition(entries.begin(), entries.end(), [](const Entry& each) { return S_ISDIR(each.status.st_mode); });
  }

  void show_folder(const std::string& path, bool heading, bool& first) {
    std::vector<std::string> names;
    try {
      names = list_folder(path);
    } catch (const Failure& problem) {
      call_.complain(problem.message());
      return;
    }
    if (options_.has('a')) names.insert(names.begin(), {".", ".."});
    std::vector<Entry> entries;
    for (const std::string& name : names) {
      if (name[0] == '.' && !options_.has('a') && !options_.has('A')) continue;
      Entry entry{.name = name, .path = join_path(path, name)};
      const bool leads = !options_.has('L') || look(entry, true);
      if (!leads) call_.complain(entry.path, errno);  // and is listed itself
      if ((options_.has('L') && leads) || look(entry, false)) entries.push_back(std::move(entry));
      else if (errno != ENOENT) call_.complain(entry.path, errno);  // else it has just gone
    }
    sort(entries);
    if (heading) call_.out.line(format("{}{}:", std::exchange(first, false) ? "" : "\n", call_.out.name(path)));
    if (is_long() || options_.has('s')) tell_total(entries);
    show(entries);
    if (!options_.has('R')) return;
    for (const Entry& entry : entries) {
      if (!S_ISDIR(entry.status.st_mode) || entry.name == "." || entry.name == "..") continue;
      try {
        above_.enter(entry.path, entry.status, [&] { show_folder(entry.path, heading, first); });
      } catch (const Failure& problem) {
        call_.complain(problem.message());
      }
    }
  }

  void tell_total(const std::vector<Entry>& entries) {
    std::uint64_t blocks = 0;
    for (const Entry& entry : entries) blocks += static_cast<std::uint64_t>(entry.status.st_blocks);
    call_.out.line("total " + space_of(blocks));
  }

  [[nodiscard]] std::string space_of(std::uint64_t blocks) const { return options_.has('h') ? human_size(blocks * 512) : format("{}", blocks / 2); }

  // What -i and -s put in front.
  [[nodiscard]] std::string front_of(const Entry& entry) const {
    std::string front = options_.has('i') ? format("{:>{}} ", entry.status.st_ino, is_long() ? 8 : 0) : "";
    if (options_.has('s')) front += format("{:>4} ", space_of(static_cast<std::uint64_t>(entry.status.st_blocks)));
    return front;
  }

  void show(const std::vector<Entry>& entries) {
    if (is_long()) return show_long(entries);
    std::vector<std::string> words;
    for (const Entry& entry : entries) words.push_back(front_of(entry) + name_of(entry));
    const char way = options_.last_of("1C");
    if (way == 'C' || (call_.out.is_terminal() && !way)) return show_columns(words);
    for (const std::string& word : words) call_.out.line(word);
  }

  std::string name_of(const Entry& entry) const {
    const mode_t mode = entry.status.st_mode;
    std::string name = call_.out.name(entry.name);
    if (const std::string_view colour = colour_ ? colour_of(mode) : ""; !colour.empty()) name = format("{}{}\033[0m", colour, name);
    if (S_ISDIR(mode) && options_.last_of("Fp")) return name + "/";
    if (!options_.has('F')) return name;
    if (S_ISLNK(mode) && !is_long()) return name + "@";
    if (S_ISFIFO(mode)) return name + "|";
    if (S_ISSOCK(mode)) return name + "=";
    return S_ISREG(mode) && (mode & 0111U) ? name + "*" : name;
  }

  // Colours take no columns; what a name has of them is escaped.
  static std::size_t width_of(std::string_view word) {
    std::size_t width = 0;
    for (std::size_t escape; (escape = word.find('\033')) != std::string_view::npos; word.remove_prefix(word.find('m', escape) + 1)) width += display_width(word.substr(0, escape));
    return width + display_width(word);
  }

  std::string time_of(const struct stat& status) const {
    const timespec& time = moment_of(status);
    return options_.has(full_time) ? moment_text(time) : time_text(time.tv_sec);
  }

  void show_columns(const std::vector<std::string>& words) {
    std::size_t widest = 0;
    for (const std::string& word : words) widest = std::max(widest, width_of(word));
    const std::size_t across = std::max<std::size_t>(1, columns_of_terminal() / (widest + 2));
    const std::size_t rows = (words.size() + across - 1) / across;
    for (std::size_t row = 0; row < rows; ++row) {
      std::string line;
      for (std::size_t at = row; at < words.size(); at += rows)
        line += words[at] + (at + rows < words.size() ? std::string(widest + 2 - width_of(words[at]), ' ') : "");
      call_.out.line(line);
    }
  }

  void show_long(const std::vector<Entry>& entries) {
    std::vector<std::array<std::string, 4>> cells;
    std::array<std::size_t, 4> widths{};
    for (const Entry& entry : entries) {
      const struct stat& status = entry.status;
      const bool device = S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode);
      const auto size = static_cast<std::uint64_t>(status.st_size);
      cells.push_back({format("{}", status.st_nlink), options_.has('n') ? format("{}", status.st_uid) : call_.out.name(accounts_.user(status.st_uid)),
                       options_.has('n') ? format("{}", status.st_gid) : call_.out.name(accounts_.group(status.st_gid)),
                       device ? format("{}, {}", major(status.st_rdev), minor(status.st_rdev)) : options_.has('h') ? human_size(size) : format("{}", size)});
      for (std::size_t at = 0; at < 4; ++at) widths[at] = std::max(widths[at], cells.back()[at].size());
    }
    for (std::size_t at = 0; at < entries.size(); ++at) {
      const Entry& entry = entries[at];
      const std::string link = S_ISLNK(entry.status.st_mode) ? " -> " + call_.out.name(link_of(entry.path)) : "";
      call_.out.line(format("{}{} {:>{}} {:<{}} {:<{}} {:>{}} {} {}{}", front_of(entry), mode_text(entry.status.st_mode), cells[at][0], widths[0], cells[at][1], widths[1],
                            cells[at][2], widths[2], cells[at][3], widths[3], time_of(entry.status), name_of(entry), link));
    }
  }

  Call& call_;
  Above above_;  ///< with -R
  Options options_;
  bool colour_;
  Accounts accounts_;
};

}  // namespace

int list_files(Call& call) { return Lister(call).run(); }

}  // namespace snug::builtin
