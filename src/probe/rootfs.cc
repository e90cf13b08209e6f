#include "rootfs.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "account.hh"
#include "parse.hh"
#include "snug/base/error.hh"
#include "snug/base/spell.hh"
#include "snug/base/text.hh"
#include "snug/probe/host.hh"
#include "snug/sys/file.hh"
#include "snug/sys/mount.hh"
#include "terminfo.hh"
#include "view.hh"

namespace snug::probe {
namespace {

using sys::Fd;

// Whatever links led there: with --rw it would be no container of its own.
bool is_host_root(int folder) {
  const auto here = sys::find_status(folder, ""), root = sys::find_status(AT_FDCWD, "/");
  return here && root && here->st_dev == root->st_dev && here->st_ino == root->st_ino;
}

// What skopeo and podman write as dir:, and snug as well; its blobs are no root.
bool is_image_folder(int folder) {
  const auto manifest = sys::find_status(folder, "manifest.json");
  if (!manifest || !S_ISREG(manifest->st_mode)) return false;
  const Fd version = sys::try_open(folder, "version", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  constexpr std::string_view words = "Directory Transport Version: ";
  std::array<char, words.size()> start{};
  return version && ::read(version.get(), start.data(), start.size()) == static_cast<ssize_t>(start.size()) && std::string_view(start.data(), start.size()) == words;
}

// The folder that stands where `path` was looked for, and is called nearly so; as it was `given`.
std::string find_meant(const std::string& path, const std::string& given) {
  const auto last_name = [](const std::string& text) { return text.substr(0, text.find_last_not_of('/') + 1).rfind('/') + 1; };
  const std::size_t name = last_name(path), shown = last_name(given);
  const Fd folder = sys::try_open(AT_FDCWD, name ? path.substr(0, name).c_str() : ".", O_RDONLY | O_DIRECTORY);
  if (!folder) return {};
  std::vector<std::string> names;
  for (sys::Entry& entry : sys::list_folder(folder.get())) {
    const auto status = sys::find_status(folder.get(), entry.name.c_str());
    if (status && (S_ISDIR(status->st_mode) || S_ISLNK(status->st_mode))) names.push_back(std::move(entry.name));
  }
  const auto nearest = find_nearest(path.substr(name, path.find_last_not_of('/') + 1 - name), names);
  return nearest ? format("did you mean {}?", quoted(given.substr(0, shown) + *nearest)) : "";
}

Fd open_root(const plan::Rootfs& rootfs, const std::string& path) {
  Fd root = sys::try_open(AT_FDCWD, path.c_str(), O_PATH | O_DIRECTORY);
  const int error = errno;
  const std::string what = format("use {} as root file system", quoted(rootfs.given.empty() ? path : rootfs.given));
  if (root && rootfs.kind == plan::Rootfs::Kind::directory && is_host_root(root.get()))
    throw Error(format("cannot {}: it leads to the machine's own root", what),
                "'host' is this machine's root, copy-on-write: snug run host");
  if (root && rootfs.kind == plan::Rootfs::Kind::directory && is_image_folder(root.get()))
    throw Error(format("cannot {}: it is an image in a folder, as skopeo writes it (dir:)", what),
                format("snug pull dir:{} brings it into the store, and prints the id that snug run takes", shell_quoted(rootfs.path)));
  if (root) return root;
  if (error == ENOTDIR && sys::find_status(AT_FDCWD, path.c_str()))
    throw Error(format("cannot {}: it is a file, not a folder", what), "for an archive say tar:PATH");
  if (const auto link = error == ENOENT ? sys::find_link(AT_FDCWD, path.c_str()) : std::nullopt)
    throw system_error(what, error, format("it is a link to {}, where there is nothing", quoted(*link)));
  throw system_error(what, error, error == ENOENT ? find_meant(path, rootfs.given.empty() ? path : rootfs.given) : "");
}

std::vector<Fd> open_layers(const std::vector<std::string>& layers) {
  std::vector<Fd> roots;
  for (const std::string& layer : layers) roots.push_back(open_layer(layer));
  return roots;
}

View view_of(const plan::Rootfs& rootfs, const std::string& path) {
  std::vector<Fd> roots = open_layers(rootfs.layers);
  if (roots.empty()) roots.push_back(open_root(rootfs, path));
  return View(std::move(roots));
}

View view_of(int root) {
  std::vector<Fd> roots;
  roots.emplace_back(::fcntl(root, F_DUPFD_CLOEXEC, 3));
  return View(std::move(roots));
}

// What may not be read is not the same as what is not there: the wrong user would start, or none.
[[noreturn]] void refuse_closed(std::string_view path) {
  throw system_error(format("look at {} of the root file system", quoted(path)), EACCES,
                     "it, or a folder on the way to it, is closed to you: it belongs to a sub-id, or has no mode for its owner");
}

// The text of a file that a stranger wrote; empty where there is none.
std::string read_inside(const View& root, const char* path) {
  constexpr std::size_t limit = std::size_t{1} << 20U;
  const Fd file = root.open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
  if (!file) {
    if (errno == EACCES) refuse_closed(path);
    if (errno == EAGAIN) throw system_error(format("look at {} of the root file system", quoted(path)), errno, "somebody inside holds a lease on it");
    return {};
  }
  const auto status = sys::find_status(file.get(), "");
  if (!status || !S_ISREG(status->st_mode))
    throw Error(format("{} of the root file system is not a plain file", quoted(path)));
  if (static_cast<std::size_t>(status->st_size) > limit)
    throw Error(format("{} of the root file system is larger than 1 MiB", quoted(path)));
  return sys::read_all(file.get(), limit);
}

bool has(const View& root, const std::string& path, mode_t type) {
  if (path.empty() || path[0] != '/') return false;
  const Fd found = root.open(path, O_PATH);
  if (!found && errno == EACCES && type == S_IFREG) refuse_closed(path);
  const auto status = found ? sys::find_status(found.get(), "") : std::nullopt;
  return status && (status->st_mode & S_IFMT) == type && (type == S_IFDIR || (status->st_mode & 0111) != 0);
}

plan::RootfsFacts look_at(const View& root, const plan::Spec& spec, const plan::HostFacts& host) {
  plan::RootfsFacts facts;
  facts.passwd = read_inside(root, "etc/passwd");
  facts.accounts = parse_passwd(*facts.passwd);
  if (spec.user || !spec.groups.empty() || keeps_group(spec)) {
    facts.group = read_inside(root, "etc/group");
    facts.groups = parse_group(*facts.group);
  }
  if (!spec.own_shell && spec.command.empty() && (!spec.entrypoint || spec.entrypoint->empty())) {
    for (const std::string& shell : {host.account.shell, std::string("/bin/bash"), std::string("/bin/sh")})
      if (std::find(facts.shells.begin(), facts.shells.end(), shell) == facts.shells.end() && has(root, shell, S_IFREG))
        facts.shells.push_back(shell);
    facts.shellless = facts.shells.empty();
  }
  std::vector<std::string> folders{host.current_folder, host.account.home, plan::apt_settings};
  for (const plan::Account& account : facts.accounts)
    if (account.uid == 0 || account.uid == host.uid.value || spec.user) folders.push_back(account.home);
  if (std::none_of(facts.accounts.begin(), facts.accounts.end(), [](const plan::Account& each) { return each.uid == 0; })) folders.emplace_back("/root");
  for (const std::string& folder : folders)
    if (std::find(facts.folders.begin(), facts.folders.end(), folder) == facts.folders.end() && has(root, folder, S_IFDIR))
      facts.folders.push_back(folder);
  return facts;
}

bool needs_names(const plan::Spec& visit) {
  const auto is_name = [](const std::string& word) { return word.find_first_not_of("0123456789") != std::string::npos; };
  return (visit.user && (is_name(visit.user->user) || is_name(visit.user->group))) || std::any_of(visit.groups.begin(), visit.groups.end(), is_name);
}

// Who lives there may have closed its files, and what is broken is looked at by a shell that needs none; a number means itself
// all the same.
plan::RootfsFacts look_past_faults(const View& root, const plan::Spec& spec, const plan::HostFacts& host) {
  try {
    return look_at(root, spec, host);
  } catch (const Error&) {
    if (needs_names(spec)) throw;
    return {};
  }
}

// What a link leads to that names nothing is made; the rest is found out when it is mounted on.
void look_at_places(plan::RootfsFacts& facts, const View& root) {
  const auto top = sys::find_status(root.open("/", O_PATH).get(), "");
  for (const char* place : {"/dev", "/proc", "/run", "/sys", "/tmp"}) {
    const Fd found = root.open(place, O_PATH);
    const int error = found ? 0 : errno;
    const auto status = found ? sys::find_status(found.get(), "") : std::nullopt;
    const bool is_root = status && top && status->st_dev == top->st_dev && status->st_ino == top->st_ino;
    if (error == ENOENT) facts.absent.emplace_back(place);
    if (error == ENOTDIR || error == ELOOP || is_root || (status && !S_ISDIR(status->st_mode))) facts.blocked.emplace_back(place);
  }
}

// Of the host's root the caller's entries are a part. Who starts a container at a terminal enters it from there later.
bool lacks_terminal(const View& root, const plan::Spec& spec, const plan::HostFacts& host) {
  const bool wanted = spec.terminal == plan::Terminal::always || host.terminal.output;
  return wanted && spec.rootfs.kind != plan::Rootfs::Kind::host && !knows_terminal(root, host.terminal.type);
}

// Links of the root may have led a volume of another name there.
bool has_own_run(const View& root, const plan::Spec& spec) {
  const Fd run = root.open("/run", O_PATH | O_NOFOLLOW);
  return run && std::none_of(spec.volumes.begin(), spec.volumes.end(), [&](const plan::Volume& volume) {
    const auto* bind = std::get_if<plan::BindVolume>(&volume);
    const Fd target = bind ? root.open(bind->target, O_PATH) : Fd();
    return target && sys::mount_id(target.get()) == sys::mount_id(run.get());
  });
}

}  // namespace

sys::Fd open_layer(const std::string& path) {
  sys::Fd root = sys::try_open(AT_FDCWD, path.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW);
  if (!root) throw system_error(format("open the layer {}", quoted(path)), errno, "snug gc --check tells what the store lacks, and mends it");
  return root;
}

plan::RootfsFacts rootfs_facts(const plan::Spec& spec, const plan::HostFacts& host, const std::string& path) {
  const View root = view_of(spec.rootfs, path);
  plan::RootfsFacts facts = spec.own_shell || spec.idle ? look_past_faults(root, spec, host) : look_at(root, spec, host);
  if (lacks_terminal(root, spec, host)) facts.terminal_entry = terminal_entry(host);
  if (spec.own_shell) look_at_places(facts, root);
  return facts;
}

plan::RootfsFacts living_rootfs_facts(const plan::Spec& visit, const plan::HostFacts& host, int root) {
  const View view = view_of(root);
  plan::RootfsFacts facts = look_past_faults(view, visit, host);
  facts.living = true;
  const bool lacks = lacks_terminal(view, visit, host);
  facts.terminal_carried = lacks && has_carried_terminal(view, host.terminal.type);
  facts.terminal_unknown = lacks && !facts.terminal_carried && has_own_run(view, visit);
  return facts;
}

std::string terminal_entry(const plan::HostFacts& host) { return find_terminal_entry(host.terminal, host.account.home); }

bool is_missing(const std::vector<std::string>& layers, const std::string& path) {
  return !View(open_layers(layers)).open(path, O_PATH) && errno == ENOENT;
}

std::vector<plan::Account> living_accounts(int root) {
  try {
    return parse_passwd(read_inside(view_of(root), "etc/passwd"));
  } catch (const Error&) {
    return {};
  }
}

}  // namespace snug::probe
