#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>

#include "files.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "table.hh"

namespace snug::builtin {
namespace {

// Gives mkdir(2)'s result; with `tells`, what was made is told.
int make_one(Call& call, const std::string& path, mode_t mode, bool tells) {
  const int result = ::mkdir(path.c_str(), mode);
  if (result == 0 && tells) call.out.line(call.out.name(format("created directory '{}'", path)));
  return result;
}

void make_with_parents(Call& call, const std::string& path, mode_t mode, bool tells) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const std::string parent = path.substr(0, slash);
    if (make_one(call, parent, 0777, tells) != 0 && errno != EEXIST) return call.complain(parent, errno);
  }
  if (make_one(call, path, mode, tells) != 0 && !(errno == EEXIST && is_folder(path))) call.complain(path, errno);
}

int make_folders(Call& call) {
  const Options options(call, "m:pv", {{"parents", 'p'}, {"mode", 'm'}, {"verbose", 'v'}});
  options.need(1, SIZE_MAX);
  const mode_t mode = options.has('m') ? parse_mode(options.value('m'), 0777, true) : 0777;
  for (const std::string& path : options.operands()) {
    if (options.has('p')) make_with_parents(call, path, mode, options.has('v'));
    else if (make_one(call, path, mode, options.has('v')) != 0) call.complain(path, errno);
    if (options.has('m') && call.status == 0) ::chmod(path.c_str(), mode);
  }
  return call.status;
}

int remove_folders(Call& call) {
  const Options options(call, "p");
  options.need(1, SIZE_MAX);
  for (std::string path : options.operands()) {
    if (::rmdir(path.c_str()) != 0) {
      call.complain(path, errno);
      continue;
    }
    while (options.has('p') && path.find('/') != std::string::npos) {
      path.erase(path.rfind('/'));
      if (path.empty() || ::rmdir(path.c_str()) != 0) break;
    }
  }
  return call.status;
}

int make_links(Call& call) {
  const Options options(call, "Tfnsv", {{"symbolic", 's'}, {"force", 'f'}, {"verbose", 'v'}, {"no-dereference", 'n'}, {"no-target-directory", 'T'}});
  options.need(1, SIZE_MAX);
  std::vector<std::string> sources = options.operands();
  std::string target = ".";
  if (sources.size() > 1) target = sources.back(), sources.pop_back();
  const auto status = find_stat(target, !options.has('n'));
  const bool into = status && S_ISDIR(status->st_mode) && !options.has('T');
  if (!into && sources.size() > 1) throw Failure(format("{} is no folder", quoted(target)));
  for (const std::string& source : sources) {
    const std::string link = into ? join_path(target, base_name(source)) : target;
    if (options.has('f')) ::unlink(link.c_str());
    const int result = options.has('s') ? ::symlink(source.c_str(), link.c_str()) : ::linkat(AT_FDCWD, source.c_str(), AT_FDCWD, link.c_str(), 0);
    if (result != 0) call.complain(link, errno);
    else if (options.has('v')) call.out.line(call.out.name(format("'{}' {} '{}'", link, options.has('s') ? "->" : "=>", source)));
  }
  return call.status;
}

int tell_base_name(Call& call) {
  const Options options(call, "");
  options.need(1, 2);
  std::string name(base_name(options.operands()[0]));
  if (options.operands().size() > 1 && name.ends_with(options.operands()[1]) && name != options.operands()[1]) name.resize(name.size() - options.operands()[1].size());
  call.out.line(call.out.name(name));
  return 0;
}

int tell_folder_name(Call& call) {
  const Options options(call, "");
  options.need(1, 1);
  std::string_view path = options.operands()[0];
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  const std::size_t slash = path.rfind('/');
  path = slash == std::string_view::npos ? "." : path.substr(0, std::max<std::size_t>(slash, 1));
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  call.out.line(call.out.name(path));
  return 0;
}

// The path with all links and dots resolved; the last name need not be there, or with `missing` any of them. "": it has none.
std::string resolve(const std::string& path, bool existing, bool missing) {
  std::string done = path.starts_with('/') ? "/" : current_folder();
  if (done.empty()) return "";
  std::string rest = path;
  for (unsigned links = 0; !rest.empty();) {
    const std::size_t slash = rest.find('/');
    const std::string name = rest.substr(0, slash);
    rest = slash == std::string::npos ? "" : rest.substr(slash + 1);
    if (name.empty() || name == ".") continue;
    if (name == "..") {
      done.erase(std::max<std::size_t>(done.rfind('/'), 1));
      continue;
    }
    const std::string next = join_path(done, name);
    const auto status = find_stat(next);
    const bool last = rest.find_first_not_of('/') == std::string::npos;
    if (!status && !missing && (existing || errno != ENOENT || !last)) return "";
    if (status && !missing && !last && !S_ISDIR(status->st_mode) && !S_ISLNK(status->st_mode)) return "";
    const std::string link = status && S_ISLNK(status->st_mode) ? link_of(next) : "";
    if (link.empty()) {
      done = next;
      continue;
    }
    constexpr unsigned most_links = 40;  // as the kernel has it
    if (++links > most_links) return "";
    rest = rest.empty() ? link : link + "/" + rest;
    if (link.starts_with('/')) done = "/";
  }
  return done;
}

int read_links(Call& call) {
  const Options options(call, "efmnqs", {{"canonicalize", 'f'}, {"canonicalize-existing", 'e'}, {"canonicalize-missing", 'm'}, {"no-newline", 'n'}});
  options.need(1, SIZE_MAX);
  const char how = options.last_of("efm");
  for (const std::string& path : options.operands()) {
    const std::string found = how ? resolve(path, how == 'e', how == 'm') : link_of(path);
    if (found.empty()) {
      call.status = 1;
      continue;
    }
    call.out.put(call.out.name(found));
    if (!options.has('n') || options.operands().size() > 1) call.out.put("\n");
  }
  return call.status;
}

constexpr std::array builtins = std::to_array<Builtin>({
    {"basename", "PATH [SUFFIX]", "tell the last name of a path", tell_base_name},
    {"chgrp", "[-Rh] GROUP PATH...", "change the group; -R of all below, too; -h of links themselves", change_owner},
    {"chmod", "[-Rcfv] MODE PATH...", "change the mode: 755, u+x,go-w, g=u; -R of all below, too, -v tell each, -c those that change", change_mode},
    {"chown", "[-Rh] USER[:[GROUP]] PATH...", "change the owner, with USER: the group of /etc/passwd; -R of all below, too; -h of links themselves", change_owner},
    {"cp", "[-HLPTadfinpruvx] SOURCE... TARGET | -t FOLDER SOURCE...",
     "copy; -r folders, -p mode, owner and times, -d links of both kinds as links, -a all of that, -L what links lead to, -n -i -u not, asked, newer over what is there", copy_files},
    {"df", "[-PTahik] [PATH...]", "tell the space of file systems; -i inodes, -h in round numbers, -T with their types, -P as POSIX has it", tell_space},
    {"dirname", "PATH", "tell the folder of a path", tell_folder_name},
    {"du", "[-abchkmsx] [-d DEPTH] [PATH...]", "tell what files take; -s sums, -c one of all, -a each file, -b bytes that they hold, -m -h in MiB or round numbers, -x stays in one file system", tell_sizes},
    {"find", "[-HLP] [PATH...] [TEST...]",
     "search: -name -iname -path -ipath -lname -type f,d,l -size -perm -links -inum -samefile -empty -user -group -uid -gid -nouser -nogroup -newer -newermt "
     "-[amc]time -[amc]min -executable -readable -writable -maxdepth -mindepth -xdev -depth -prune -quit -print -print0 -printf -ls -delete -exec ! -a -o ( )", find_files},
    {"ln", "[-Tfnsv] SOURCE... TARGET", "make links; -s symbolic ones, -f in place of what is there", make_links},
    {"ls", "[-1ACFLRSXacdhilnprstuv] [--color[=auto|always|never]] [--full-time] [--group-directories-first] [PATH...]",
     "list files; -l in full, -a hidden ones, -t by time, -S size, -X ending, -v version, -u -c other times, -R all below, -L what links lead to; times are UTC", list_files},
    {"mkdir", "[-pv] [-m MODE] PATH...", "make folders; -p with those above them", make_folders},
    {"mount", "[-t TYPE]", "list what is mounted", tell_mounts},
    {"mv", "[-Tfinuv] SOURCE... TARGET | -t FOLDER SOURCE...", "move or rename; -n -i -u not, asked, newer over what is there", move_files},
    {"readlink", "[-efmn] PATH...", "tell where a link leads; -f at the end, -e where that is, -m wherever it is", read_links},
    {"rm", "[-Idfirv] PATH...", "remove; -r with all below, -f also where nothing is, -i asked each time, -I once, -d empty folders", remove_files},
    {"rmdir", "[-p] PATH...", "remove empty folders", remove_folders},
    {"stat", "[-L] [-c FORMAT|--printf=FORMAT] PATH...", "tell all about files; -c %n %N %s %a %A %u %g %U %G %i %h %F %b %B %o %d %f %t %T %x %y %z %X %Y %Z", tell_stat},
    {"touch", "[-acm] [-r FILE|-d TIME|-t [[CC]YY]MMDDhhmm[.ss]] PATH...", "set the times of files, which are made; -c are not; TIME is @N or 2026-11-28 10:21:00, in UTC", touch},
});

}  // namespace

std::span<const Builtin> file_builtins() { return builtins; }

}  // namespace snug::builtin
