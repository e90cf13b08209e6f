#include "store_place.hh"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <optional>

#include "account.hh"
#include "filesystem.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::probe {
namespace {

using sys::Fd;

struct Local {
  std::string path, type, refusal;
};

std::string replaced(std::string text, std::string_view what, const std::string& by) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) text.replace(at, what.size(), by);
  return text;
}

std::string local_path(const CallerEnvironment& environment, HostId uid) {
  const std::string number = format("{}", uid.value);
  std::string path = environment.data_local ? environment.data_local() : std::string();
  if (path.empty()) return "/var/tmp/snug-" + number;
  while (path.size() > 1 && path.ends_with('/')) path.pop_back();
  path = replaced(std::move(path), "$UID", number);
  if (path.find("$USER") == std::string::npos) return path;
  const std::string name = find_account(uid, {0}, {}).name;
  return replaced(std::move(path), "$USER", name.empty() ? number : name);
}

// Where others may rename what is the caller's, one folder is as good as another to them. `folder` has no links in it.
std::optional<std::string> find_danger(const std::string& folder, HostId uid) {
  for (std::size_t end = 0;; end = folder.find('/', end + 1)) {
    const std::string above = folder.substr(0, std::max<std::size_t>(end, 1));
    const auto status = sys::find_status(AT_FDCWD, above.c_str());
    if (!status) return errno_text(errno);
    if (status->st_uid != 0 && status->st_uid != uid.value) return format("{} belongs to uid {}", quoted(above), status->st_uid);
    if ((status->st_mode & (S_IWGRP | S_IWOTH)) != 0 && (status->st_mode & S_ISVTX) == 0) return format("{} can be changed by others", quoted(above));
    if (end == std::string::npos) return {};
  }
}

std::optional<std::string> find_fault(const Fd& folder, HostId uid) {
  const auto status = sys::find_status(folder.get(), "");
  if (!status) return errno_text(errno);
  if (status->st_uid != uid.value) return format("it belongs to uid {}", status->st_uid);
  if ((status->st_mode & 077) != 0) return "it is open to others";
  return {};
}

bool can_hold(const Filesystem& filesystem) { return filesystem.takes_upper && filesystem.name != "tmpfs"; }

// Looks at it by descriptor: in /var/tmp others make names as well.
Local find_local(std::string path, HostId uid, bool may_make) {
  const std::size_t slash = path.rfind('/');
  const std::string name = path.substr(slash + 1);
  std::string above = path.substr(0, std::max<std::size_t>(slash, 1));
  // Without links, as paths of the store are compared with others.
  if (std::array<char, PATH_MAX> real; ::realpath(above.c_str(), real.data())) above = real.data();
  path = (above == "/" ? "" : above) + "/" + name;
  const auto refuse = [&](const std::string& why) { return Local{path, {}, format("{}: {}", path, why)}; };
  const Fd parent = sys::try_open(AT_FDCWD, above.c_str(), O_PATH | O_DIRECTORY);
  if (!parent) return refuse(errno_text(errno));
  if (const auto danger = find_danger(above, uid)) return refuse(*danger);
  const bool is_there = sys::find_status(parent.get(), name.c_str()).has_value();
  if (const Filesystem around = filesystem_of_file(parent.get()); !is_there && !can_hold(around)) return refuse(format("it would lie on {}", around.name));
  if (may_make && ::mkdirat(parent.get(), name.c_str(), 0700) != 0 && errno != EEXIST) return refuse(errno_text(errno));
  const Fd folder = sys::try_open(parent.get(), name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  if (!folder) return refuse(errno == ENOTDIR || errno == ELOOP ? "it is no folder" : errno_text(errno));
  if (const auto fault = find_fault(folder, uid)) return refuse(*fault);
  const Filesystem filesystem = filesystem_of_file(folder.get());
  if (!can_hold(filesystem)) return refuse(format("it lies on {}", filesystem.name));
  return {path, filesystem.name, {}};
}

bool has_entries(const std::string& path) {
  const Fd folder = sys::try_open(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY);
  return folder && !sys::list_folder(folder.get()).empty();
}

// What would seem to be gone if snug looked elsewhere.
bool holds_something(const std::string& store) { return has_entries(store + "/images/blobs/sha256") || has_entries(store + "/containers"); }

}  // namespace

StorePlace find_store_place(const std::string& data_folder, const CallerEnvironment& environment, HostId uid) {
  const auto status = sys::find_status(AT_FDCWD, data_folder.c_str());
  if (status ? !S_ISDIR(status->st_mode) : errno == ENOTDIR)
    throw Error(format("{} cannot be the folder of snug's data: there is a file in its place or above it", quoted(data_folder)), "move it away, or name another folder in XDG_DATA_HOME");
  const Filesystem filesystem = filesystem_at(data_folder);
  StorePlace place{.path = data_folder, .type = filesystem.name, .takes_upper = filesystem.takes_upper, .replaced = {}, .replaced_type = {}, .no_local = {}};
  if (filesystem.takes_upper) return place;
  const std::string path = local_path(environment, uid);
  const bool stays = holds_something(data_folder);
  Local local = path.starts_with('/') && path.size() > 1 ? find_local(path, uid, !stays) : Local{path, {}, format("{} is no absolute path", quoted(path))};
  if (stays && !holds_something(local.path)) local.refusal = "there are images or containers in it already";
  if (!local.refusal.empty()) {
    place.no_local = local.refusal;
    return place;
  }
  return {.path = local.path, .type = local.type, .takes_upper = true, .replaced = data_folder, .replaced_type = filesystem.name, .no_local = {}};
}

}  // namespace snug::probe
