#include <fcntl.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <cstdint>

#include "files.hh"
#include "snug/base/text.hh"

namespace snug::builtin {
namespace {

std::string type_of(const struct stat& status) {
  if (S_ISDIR(status.st_mode)) return "directory";
  if (S_ISLNK(status.st_mode)) return "symbolic link";
  if (S_ISCHR(status.st_mode)) return "character special file";
  if (S_ISBLK(status.st_mode)) return "block special file";
  if (S_ISFIFO(status.st_mode)) return "fifo";
  if (S_ISSOCK(status.st_mode)) return "socket";
  return status.st_size ? "regular file" : "regular empty file";
}

std::string field(char letter, const std::string& path, const struct stat& status, const Accounts& accounts) {
  switch (letter) {
    case 'n': return path;
    case 'N': return S_ISLNK(status.st_mode) ? format("'{}' -> '{}'", path, link_of(path)) : format("'{}'", path);
    case 'B': return "512";
    case 'o': return format("{}", status.st_blksize);
    case 's': return format("{}", status.st_size);
    case 'b': return format("{}", status.st_blocks);
    case 'a': return format("{:o}", status.st_mode & 07777U);
    case 'A': return mode_text(status.st_mode);
    case 'f': return format("{:x}", status.st_mode);
    case 'u': return format("{}", status.st_uid);
    case 'g': return format("{}", status.st_gid);
    case 'U': return accounts.user(status.st_uid);
    case 'G': return accounts.group(status.st_gid);
    case 'i': return format("{}", status.st_ino);
    case 'h': return format("{}", status.st_nlink);
    case 'd': return format("{}", status.st_dev);
    case 't': return format("{:x}", major(status.st_rdev));
    case 'T': return format("{:x}", minor(status.st_rdev));
    case 'F': return type_of(status);
    case 'X': return format("{}", status.st_atim.tv_sec);
    case 'Y': return format("{}", status.st_mtim.tv_sec);
    case 'Z': return format("{}", status.st_ctim.tv_sec);
    case 'x': return moment_text(status.st_atim);
    case 'y': return moment_text(status.st_mtim);
    case 'z': return moment_text(status.st_ctim);
    case '%': return "%";
    default: throw Failure(format("%{} is not among the fields here", printable(std::string(1, letter))), 2);
  }
}

std::string filled(const Out& out, const std::string& pattern, const std::string& path, const struct stat& status, const Accounts& accounts) {
  std::string text;
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    if (pattern[at] == '%' && at + 1 < pattern.size()) text += out.name(field(pattern[++at], path, status, accounts));
    else text += pattern[at];
  }
  return text;
}

constexpr char printed = '=';  // --printf has no letter

// \n, \t, \0 and \\ of --printf.
std::string unescaped_text(const std::string& text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    static constexpr std::string_view letters = "nt0\\";
    if (text[at] != '\\' || at + 1 >= text.size()) {
      out += text[at];
      continue;
    }
    const std::size_t found = letters.find(text[++at]);
    if (found == std::string_view::npos) throw Failure(format("\\{} is no escape here: \\n \\t \\0", printable(text.substr(at, 1))), 2);
    out += std::string_view("\n\t\0\\", 4)[found];
  }
  return out;
}

void tell(Call& call, const std::string& path, const struct stat& status, const Accounts& accounts) {
  const std::string link = S_ISLNK(status.st_mode) ? " -> " + call.out.name(link_of(path)) : "";
  const bool device = S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode);
  call.out.line(format("  File: {}{}", call.out.name(path), link));
  call.out.line(format("  Size: {:<15} Blocks: {:<10} IO Block: {:<6} {}", status.st_size, status.st_blocks, status.st_blksize, type_of(status)));
  call.out.line(format("Device: {},{:<12} Inode: {:<11} Links: {}{}", major(status.st_dev), minor(status.st_dev), status.st_ino, status.st_nlink,
                       device ? format("     Device type: {},{}", major(status.st_rdev), minor(status.st_rdev)) : ""));
  call.out.line(format("Access: ({:04o}/{})  Uid: ({:>5}/{:>8})   Gid: ({:>5}/{:>8})", status.st_mode & 07777U, mode_text(status.st_mode), status.st_uid,
                       call.out.name(accounts.user(status.st_uid)), status.st_gid, call.out.name(accounts.group(status.st_gid))));
  call.out.line("Access: " + moment_text(status.st_atim));
  call.out.line("Modify: " + moment_text(status.st_mtim));
  call.out.line("Change: " + moment_text(status.st_ctim));
}

}  // namespace

int tell_stat(Call& call) {
  const Options options(call, "Lc:=:", {{"format", 'c'}, {"printf", printed}, {"dereference", 'L'}});
  options.need(1, SIZE_MAX);
  const Accounts accounts;
  for (const std::string& path : options.operands()) {
    const auto status = find_stat(path, options.has('L'));
    if (!status) call.complain(path, errno);
    else if (options.has(printed)) call.out.put(filled(call.out, unescaped_text(options.value(printed)), path, *status, accounts));
    else if (options.has('c')) call.out.line(filled(call.out, options.value('c'), path, *status, accounts));
    else tell(call, path, *status, accounts);
  }
  return call.status;
}

}  // namespace snug::builtin
