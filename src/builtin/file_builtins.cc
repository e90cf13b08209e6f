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

void make_with_parents(Call& call, const std::string& path, mode_t mode) {
  for (std::size_t slash = path.find('/', 1); slash != std::string::npos; slash = path.find('/', slash + 1)) {
    const std::string parent = path.substr(0, slash);
    if (::mkdir(parent.c_str(), 0777) != 0 && errno != EEXIST) return call.complain(parent, errno);
  }
  const auto is_folder = [&] {
    const auto status = find_stat(path, true);
    return status && S_ISDIR(status->st_mode);
  };
  if (::mkdir(path.c_str(), mode) != 0 && !(errno == EEXIST && is_folder())) call.complain(path, errno);
}

int make_folders(Call& call) {
  const Options options(call, "m:pv", {{"parents", 'p'}, {"mode", 'm'}});
  options.need(1, SIZE_MAX);
  const mode_t mode = options.has('m') ? parse_mode(options.value('m'), 0777, true) : 0777;
  for (const std::string& path : options.operands()) {
    if (options.has('p')) make_with_parents(call, path, mode);
    else if (::mkdir(path.c_str(), mode) != 0) call.complain(path, errno);
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
  const Options options(call, "Tfnsv", {{"symbolic", 's'}, {"force", 'f'}});
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
  }
  return call.status;
}

int touch(Call& call) {
  const Options options(call, "acmr:", {{"no-create", 'c'}, {"reference", 'r'}});
  options.need(1, SIZE_MAX);
  std::array<timespec, 2> times{timespec{0, UTIME_NOW}, timespec{0, UTIME_NOW}};
  if (options.has('r')) {
    const auto like = find_stat(options.value('r'), true);
    if (!like) throw failure(options.value('r'), errno);
    times = {like->st_atim, like->st_mtim};
  }
  if (options.has('a') && !options.has('m')) times[1].tv_nsec = UTIME_OMIT;
  if (options.has('m') && !options.has('a')) times[0].tv_nsec = UTIME_OMIT;
  for (const std::string& path : options.operands()) {
    if (!options.has('c') && !find_stat(path, true))
      if (!sys::try_open(AT_FDCWD, path.c_str(), O_WRONLY | O_CREAT | O_NONBLOCK | O_NOCTTY, 0666)) {
        call.complain(path, errno);
        continue;
      }
    if (::utimensat(AT_FDCWD, path.c_str(), times.data(), 0) != 0 && !(errno == ENOENT && options.has('c'))) call.complain(path, errno);
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
  call.out.line(call.out.name(path));
  return 0;
}

int read_links(Call& call) {
  const Options options(call, "f");
  options.need(1, SIZE_MAX);
  for (const std::string& path : options.operands()) {
    std::array<char, 4096> buffer;
    const std::string found = options.has('f') ? (::realpath(path.c_str(), buffer.data()) ? buffer.data() : "") : link_of(path);
    if (found.empty()) call.status = 1;
    else call.out.line(call.out.name(found));
  }
  return call.status;
}

constexpr std::array builtins = std::to_array<Builtin>({
    {"basename", "PATH [SUFFIX]", "tell the last name of a path", tell_base_name},
    {"chgrp", "[-Rh] GROUP PATH...", "change the group; -R of all below, too", change_owner},
    {"chmod", "[-R] MODE PATH...", "change the mode: 755, u+x,go-w; -R of all below, too", change_mode},
    {"chown", "[-Rh] USER[:GROUP] PATH...", "change the owner; -R of all below, too; -h of links themselves", change_owner},
    {"cp", "[-adfprv] SOURCE... TARGET", "copy; -r folders, -p mode, owner and times, -a all of that, -d links as links", copy_files},
    {"df", "[-ahi] [PATH...]", "tell the space of file systems; -i inodes, -h in round numbers", tell_space},
    {"dirname", "PATH", "tell the folder of a path", tell_folder_name},
    {"du", "[-ahsx] [-d DEPTH] [PATH...]", "tell what files take; -s sums, -a each file, -x stays in one file system", tell_sizes},
    {"find", "[PATH...] [TEST...]", "search: -name -iname -path -type -size -user -perm -newer -empty -links -maxdepth -mindepth -xdev -print0 -delete -exec ! -o", find_files},
    {"ln", "[-sfn] SOURCE... TARGET", "make links; -s symbolic ones, -f in place of what is there", make_links},
    {"ls", "[-1AaCdFhilnRrSt] [--color[=auto|always|never]] [--full-time] [PATH...]", "list files; -l in full, -a hidden ones, -t by time, -S by size, -R all below; times are UTC", list_files},
    {"mkdir", "[-p] [-m MODE] PATH...", "make folders; -p with those above them", make_folders},
    {"mount", "", "list what is mounted", tell_mounts},
    {"mv", "[-fnv] SOURCE... TARGET", "move or rename; -n not over what is there", move_files},
    {"readlink", "[-f] PATH...", "tell where a link leads; -f at the end", read_links},
    {"rm", "[-frv] PATH...", "remove; -r with all below, -f also where nothing is", remove_files},
    {"rmdir", "[-p] PATH...", "remove empty folders", remove_folders},
    {"stat", "[-L] [-c FORMAT] PATH...", "tell all about files; -c %n %s %a %A %u %g %U %G %i %h %F %y", tell_stat},
    {"touch", "[-acm] [-r FILE] PATH...", "set the times of files, which are made; -c are not", touch},
});

}  // namespace

std::span<const Builtin> file_builtins() { return builtins; }

}  // namespace snug::builtin
