#pragma once

#include <sys/stat.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "call.hh"
#include "snug/sys/fd.hh"

namespace snug::builtin {

// What commands that work on files share. Nothing here waits for the far end of a pipe that strangers made.

/// The folder that this process stands in; "" where it is gone or lies outside of the root.
[[nodiscard]] std::string current_folder();

[[nodiscard]] std::string join_path(std::string_view folder, std::string_view name);

/// The last name of a path, without slashes at the end; "/" of the root.
[[nodiscard]] std::string_view base_name(std::string_view path);

/// Lists what a folder holds, sorted, without . and ..; throws Failure.
[[nodiscard]] std::vector<std::string> list_folder(const std::string& path);

/// lstat(2), or with `follows` stat(2); nothing with errno set.
[[nodiscard]] std::optional<struct stat> find_stat(const std::string& path, bool follows = false);

/// Whether there is a folder at `path`, or behind the link there.
[[nodiscard]] bool is_folder(const std::string& path);

/// The folders that a walk is in: a link that leads back to one of them would have it go round for ever.
class Above {
 public:
  /// Does `work` below the folder. Throws Failure, and does nothing, where that is among those above.
  void enter(const std::string& path, const struct stat& folder, const std::function<void()>& work);

 private:
  std::vector<std::pair<dev_t, ino_t>> folders_;
};

/// Where a symbolic link leads; "" where it is none.
[[nodiscard]] std::string link_of(const std::string& path);

/// Opens a file to be read; "-" is standard input. Throws Failure.
[[nodiscard]] sys::Fd open_input(const std::string& path);

/// Takes the carriage returns away from the ends of lines, where the first line has one: a script that was written on Windows.
[[nodiscard]] std::string without_returns(std::string text);

/// Hands each of the files to `work`, or standard input where there are none; what cannot be read is told, and passed over.
void for_each_input(Call& call, const std::vector<std::string>& paths, const std::function<void(int fd, const std::string& name)>& work);

/// Whether there is something to read in the file that standard output writes to: what is read would never end.
[[nodiscard]] bool is_output(int fd);

/// Reads bytes; 0 at the end. Throws Failure.
[[nodiscard]] std::size_t read_some(int fd, char* buffer, std::size_t size);

/// Hands each line to `work`, with its line feed, which the last of a file may lack, until that gives false. Throws Failure.
void for_each_whole_line(int fd, const std::function<bool(std::string_view line)>& work);

/// The same without line feeds.
void for_each_line(int fd, const std::function<bool(std::string_view line)>& work);

/// Gives all lines of the files, or of standard input, without their line feeds.
[[nodiscard]] std::vector<std::string> lines_of_inputs(Call& call, const std::vector<std::string>& paths);

/// Reads the one character that an option names: itself, \t or \0. Throws Failure.
[[nodiscard]] char one_character(const std::string& text);

/// Compares names in which numbers count as such, as `sort -V` and `ls -v` of GNU do: below, at or above 0. Pure.
[[nodiscard]] int compare_versions(std::string_view one, std::string_view other);  // versions.cc

/// "-rw-r--r--".
[[nodiscard]] std::string mode_text(mode_t mode);

/// What new files lack of what they are given.
[[nodiscard]] mode_t current_mask();

/// Reads 0755 or u+x,go-w, which changes `mode`; +w, of nobody in particular, gives what `mask` does not take. Throws Failure.
[[nodiscard]] mode_t parse_mode(std::string_view text, mode_t mode, bool folder, mode_t mask = 0);

/// "4.0K", as ls -h writes a size.
[[nodiscard]] std::string human_size(std::uint64_t bytes);

/// "2026-11-28 10:21", in UTC: no file of the root is asked what time it is here.
[[nodiscard]] std::string time_text(std::int64_t seconds, const char* pattern = "%Y-%m-%d %H:%M");

/// Reads @N, 2026-11-28 or 2026-11-28 10:21:00.5, in UTC, or "now". Throws Failure.
[[nodiscard]] timespec parse_time(const std::string& text);  // times.cc

/// "2026-11-28 10:21:00.000000000 +0000".
[[nodiscard]] std::string moment_text(const timespec& time);

/// The names of users and groups, of the root's own /etc/passwd and /etc/group.
class Accounts {
 public:
  [[nodiscard]] std::string user(uid_t uid) const { return name_of(users(), uid); }
  [[nodiscard]] std::string group(gid_t gid) const { return name_of(groups(), gid); }
  /// Reads a name or a number. Throws Failure.
  [[nodiscard]] uid_t find_user(std::string_view name) const { return id_of(users(), name, "user"); }
  [[nodiscard]] gid_t find_group(std::string_view name) const { return id_of(groups(), name, "group"); }
  /// The group that /etc/passwd gives a user; nothing where it does not list that user.
  [[nodiscard]] std::optional<gid_t> find_login_group(uid_t uid) const;
  /// The groups that /etc/group lists a user in.
  [[nodiscard]] std::vector<gid_t> groups_of(std::string_view user) const;

 private:
  using Names = std::map<unsigned, std::string>;
  [[nodiscard]] const Names& users() const;
  [[nodiscard]] const Names& groups() const;
  [[nodiscard]] static std::string name_of(const Names& names, unsigned id);
  [[nodiscard]] static unsigned id_of(const Names& names, std::string_view name, std::string_view what);
  mutable std::optional<Names> users_, groups_;
};

/// The home folder of a user, of the root's own /etc/passwd.
[[nodiscard]] std::optional<std::string> home_of(const std::string& user);

// Commands that have a file of their own.
[[nodiscard]] int list_files(Call& call);     // ls.cc
[[nodiscard]] int find_files(Call& call);     // find.cc
[[nodiscard]] int tell_stat(Call& call);      // stat.cc
[[nodiscard]] int tell_sizes(Call& call);     // sizes.cc: du
[[nodiscard]] int tell_space(Call& call);     // sizes.cc: df
[[nodiscard]] int tell_mounts(Call& call);    // sizes.cc: mount
[[nodiscard]] int copy_files(Call& call);     // copy.cc
[[nodiscard]] int move_files(Call& call);     // copy.cc
[[nodiscard]] int touch(Call& call);          // times.cc
[[nodiscard]] int remove_files(Call& call);   // remove.cc
[[nodiscard]] int change_mode(Call& call);    // owners.cc
[[nodiscard]] int change_owner(Call& call);   // owners.cc

/// Asks on standard error, and reads the answer on standard input: whether it is yes.
[[nodiscard]] bool agrees(Call& call, std::string_view question);

/// Tells that the call made or changed something, on standard output: "'a' -> 'b'".
void tell_pair(Call& call, std::string_view what, const std::string& from, const std::string& to);

/// Removes a file, or with `recursive` a tree; what cannot be removed is told.
struct RemoveChoice {
  bool recursive = false, quiet = false, asks = false, verbose = false;
};
void remove_entry(Call& call, const std::string& path, const RemoveChoice& choice);

}  // namespace snug::builtin
