// Where the shell stands. The names that led there count, as they were typed: a link stays one, and .. goes back by name.

#include "folder.hh"

#include <unistd.h>

#include <cerrno>

#include "files.hh"
#include "session.hh"
#include "snug/base/text.hh"
#include "words.hh"

namespace snug::builtin {
namespace {

// Without . and .., by name. What stands in front of .. has to be a folder: otherwise a path that leads nowhere would lead somewhere.
std::string without_dots(const std::string& path) {
  std::string out;
  for (const std::string& name : split(path, '/')) {
    if (name.empty() || name == ".") continue;
    if (name != "..") {
      out += "/" + name;
      continue;
    }
    if (!out.empty() && !is_folder(out)) throw failure(path, find_stat(out, true) ? ENOTDIR : errno);
    out.erase(out.empty() ? 0 : out.rfind('/'));
  }
  return out.empty() ? "/" : out;
}

/// What `cd` is to do.
struct Way {
  std::string path;
  bool told = false;  ///< nobody typed it as it is
};

Way find_way(const Session& session, const std::vector<std::string>& operands) {
  const std::string path = operands.empty() ? session.value("HOME") : operands[0] == "-" ? session.value("OLDPWD") : operands[0];
  if (operands.empty() && path.empty()) throw Failure("HOME is not set");
  if (path.empty()) throw Failure(operands[0] == "-" ? "there is no folder to go back to" : "a folder without a name is none");
  if (operands.empty() || operands[0] == "-") return {path, !operands.empty()};
  const std::string first = path.substr(0, path.find('/'));
  if (first.empty() || first == "." || first == "..") return {path};
  for (const std::string& folder : split(session.value("CDPATH"), ':'))
    if (std::string found = join_path(folder, path); is_folder(found)) return {found, !folder.empty()};
  return {path};
}

}  // namespace

std::string logical_folder(const std::string& known) {
  const bool is_whole = known.starts_with('/') && (known + "/").find("/./") == std::string::npos && (known + "/").find("/../") == std::string::npos;
  const auto named = is_whole ? find_stat(known, true) : std::nullopt, here = find_stat(".");
  return named && here && named->st_dev == here->st_dev && named->st_ino == here->st_ino ? known : current_folder();
}

int change_folder(Call& call) {
  const Options options(call, "LP");
  options.need(0, 1);
  Session& session = call.session;
  const Way way = find_way(session, options.operands());
  const std::string before = logical_folder(session.value("PWD"));
  const bool physical = options.last_of("LP") == 'P' || (before.empty() && !way.path.starts_with('/'));
  const std::string path = physical ? way.path : without_dots(way.path.starts_with('/') ? way.path : join_path(before, way.path));
  if (::chdir(path.c_str()) != 0) throw failure(way.path, errno);
  session.set("OLDPWD", session.value("PWD"));
  session.set("PWD", physical ? current_folder() : path);
  if (way.told) call.out.line(call.out.name(session.value("PWD")));
  return 0;
}

int tell_folder(Call& call) {
  const Options options(call, "LP");
  options.need(0, 0);
  const std::string folder = options.last_of("LP") == 'P' ? current_folder() : logical_folder(call.session.value("PWD"));
  if (folder.empty()) throw Failure("the folder is not there any more, or lies outside of this root");
  call.out.line(call.out.name(folder));
  return 0;
}

}  // namespace snug::builtin
