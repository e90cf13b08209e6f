#include "completing.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <initializer_list>
#include <map>

#include "containers.hh"
#include "copying.hh"
#include "looking.hh"
#include "networking.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/table.hh"
#include "snug/config/spec.hh"
#include "snug/image/store.hh"
#include "snug/runtime/errand.hh"
#include "snug/state/networks.hh"
#include "snug/sys/file.hh"
#include "visited_files.hh"

namespace snug::commands {
namespace {

using cli::Candidates;
using cli::Complete;

void offer_containers(Candidates& to, const std::string& store, Complete which, std::string_view end = "") {
  for (const state::Record& record : state::list_records(store)) {
    const bool known = which == Complete::running || which == Complete::stopped;
    if (!record.name.empty() && (!known || is_up(store, record) == (which == Complete::running)))
      to.offer(format("{}{}", record.name, end), record.image);
  }
}

// Other tools write into the layout as well, and may call an image what snug would not.
std::string name_to_type(const std::string& name) {
  try {
    return image::familiar_name(image::parse_reference(name));
  } catch (const Error&) {
    return {};
  }
}

void offer_images(Candidates& to, const std::string& store) {
  for (const image::Stored& stored : image::Store(store).list())
    if (const std::string name = name_to_type(stored.name); !name.empty()) to.offer(name);
}

// Words for where a root or an image lies, until there is one: then the files behind it, and true.
bool offer_places(Candidates& to) {
  struct Place {
    std::string_view word, about;
    Candidates::Files files;
  };
  static constexpr std::array places{
      Place{"dir:", "a folder", Candidates::Files::folders},
      Place{"tar:", "a tar archive of a root file system", Candidates::Files::all},
      Place{"oci:", "a folder in OCI's image layout", Candidates::Files::folders},
      Place{"oci-archive:", "such a folder in an archive", Candidates::Files::all},
      Place{"docker-archive:", "what 'docker save' wrote", Candidates::Files::all},
  };
  const std::string_view value = std::string_view(to.typed).substr(to.from);
  for (const Place& place : places) {
    if (value.starts_with(place.word)) {
      to.files = place.files;
      to.from += place.word.size();
      return true;
    }
    to.offer(place.word, place.about);
  }
  return false;
}

void offer_rootfs(Candidates& to, const std::string& store) {
  const std::string_view value = std::string_view(to.typed).substr(to.from);
  if (value.starts_with('/') || value.starts_with('.') || value.starts_with('~')) {
    to.files = Candidates::Files::folders;
    return;
  }
  if (offer_places(to)) return;
  to.offer("host", "this machine's own root, copy-on-write");
  offer_images(to, store);
}

void offer_networks(Candidates& to, const std::string& store) {
  const std::string_view action = to.operands.empty() ? "" : std::string_view(to.operands[0]);
  const auto is_one_of = [&](std::initializer_list<std::string_view> names) { return std::find(names.begin(), names.end(), action) != names.end(); };
  const bool connects = is_one_of({"connect", "disconnect"}), first = to.operands.size() == 1;
  if ((connects && to.operands.size() == 2) || (first && is_one_of({"allow", "denied", "deny"}))) return offer_containers(to, store, Complete::containers);
  if (!to.operands.empty() && !(connects && first) && !is_one_of({"inspect", "remove", "rm"})) return;
  for (const state::NetworkRecord& each : state::list_networks(store)) to.offer(each.name, render_subnet(each.subnet4));
}

void offer_ports(Candidates& to, const std::string& store) {
  const bool changes = to.operands[0] == "add" || to.operands[0] == "rm";
  if (changes && to.operands.size() == 1) return offer_containers(to, store, Complete::containers);
  const std::size_t container = changes ? 1 : 0;
  if (to.operands[0] == "add" || to.operands.size() != container + 1) return;
  const auto record = state::try_find_record(store, to.operands[container]);
  if (!record) return;
  for (const plan::PublishedPort& port : config::parse_spec(*record->spec).network.ports) to.offer(render_inner_port(port), render_host_port(port));
}

bool leads_to_folder(int folder, const std::string& name) {
  struct stat status {};
  return ::fstatat(folder, name.c_str(), &status, 0) == 0 && S_ISDIR(status.st_mode);
}

// The names in a folder that begin so, a line each, with a slash behind those of folders. One that has a line break in it could
// not be offered anyway.
std::string list_names(const std::string& path, const std::string& begin) {
  constexpr std::size_t most = 500'000;  // bytes: what nobody reads to the end
  const sys::Fd folder = sys::try_open(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY);
  std::string names;
  if (!folder) return names;
  for (const sys::Entry& entry : sys::list_folder(folder.get())) {
    if (!entry.name.starts_with(begin) || (begin.empty() && entry.name.starts_with('.'))) continue;
    if (printable(entry.name) != entry.name) continue;
    names += format("{}{}\n", entry.name, leads_to_folder(folder.get(), entry.name) ? "/" : "");
    if (names.size() > most) break;
  }
  return names;
}

// In a process of its own, because what a visit has to say would be written into the line that is typed.
std::string list_inside(const std::string& store, const state::Record& record, const Environment& environment, const std::string& path) {
  const std::size_t name = path.rfind('/') + 1;
  constexpr unsigned patience = 3;  // seconds: a file system inside may never answer
  runtime::Errand quiet([&] {
    ::alarm(patience);
    const sys::Fd null = sys::open(AT_FDCWD, "/dev/null", O_RDWR);
    for (const int fd : {STDOUT_FILENO, STDERR_FILENO}) ::dup2(null.get(), fd);
    std::string names;
    visit_files(store, record, environment, {}, [&](const Visited& visited) {
      const plan::Plan looking = plan_inside(visited, plan::ErrandWork::read);
      names = runtime::Errand(looking, errand_ends(visited), [&](const runtime::Errand::Confine&) { return list_names(path.substr(0, name), path.substr(name)); }).finish();
    });
    return names;
  });
  return quiet.finish();
}

// `path` is what is typed, or the end of it with a slash in front.
void offer_inside(Candidates& to, const std::string& store, const Environment& environment, const std::string& container, const std::string& path) {
  const auto record = state::try_find_record(store, container);
  if (!record) return;
  const std::string names = list_inside(store, *record, environment, path);
  to.from = to.typed.size() - (path.size() - path.rfind('/') - 1);
  for (const std::string_view name : lines(names)) to.offer(name);
}

// A word that may still become a container's name or a path here is offered as both.
void offer_container_path(Candidates& to, const std::string& store, const Environment& environment) {
  const std::string value = to.typed.substr(to.from);
  const CopyEnd end = parse_copy_end(value);
  if (!end.container) {
    to.files = Candidates::Files::all;
    if (value.find('/') == std::string::npos) offer_containers(to, store, Complete::containers, ":");
    return;
  }
  offer_inside(to, store, environment, *end.container, end.path);
}

// What one alone in the picture is called.
void offer_groups(Candidates& to, const Environment& environment) {
  to.offer("host", "this machine");
  const explain::Picture picture = take_look(environment).picture;
  std::map<std::string, std::size_t> counts;
  for (const explain::Group& group : picture.groups) ++counts[group.name];
  for (const explain::Group& group : picture.groups)
    if (counts[group.name] == 1) to.offer(group.name, group.maker);
}

// What stands there already is not meant once more.
void drop_named(Candidates& to) {
  static constexpr std::array kinds{Complete::named, Complete::containers, Complete::running, Complete::stopped, Complete::images};
  const bool removes = to.wanted == Complete::networks && !to.operands.empty() && (to.operands[0] == "rm" || to.operands[0] == "remove" || to.operands[0] == "inspect");
  if (!removes && std::find(kinds.begin(), kinds.end(), to.wanted) == kinds.end()) return;
  std::erase_if(to.words, [&](const cli::Candidate& each) { return std::find(to.operands.begin(), to.operands.end(), each.word) != to.operands.end(); });
}

// container:NAME, of those whose namespaces can be had.
bool offer_joined(Candidates& to, const std::string& store) {
  constexpr std::string_view word = "container:";
  const bool can_be = to.wanted == Complete::words || to.wanted == Complete::networks;
  if (!can_be || !std::string_view(to.typed).substr(to.from).starts_with(word)) return false;
  to.words.clear();
  to.from += word.size();
  offer_containers(to, store, Complete::running);
  return true;
}

void offer_names(Candidates& to, const std::string& command, const Environment& environment) {
  const std::string store = store_of(environment);
  if (offer_joined(to, store)) return;
  if (command == "walls" && to.wanted == Complete::containers) return offer_groups(to, environment);
  if (command == "debug" && to.wanted == Complete::named) {
    offer_rootfs(to, store);
    return offer_containers(to, store, Complete::containers);
  }
  const bool carries = command == "pull" || (command == "push" && to.operands.size() == 1);
  if (carries && to.wanted == Complete::images && offer_places(to)) return;
  switch (to.wanted) {
    case Complete::named: offer_images(to, store); [[fallthrough]];
    case Complete::containers:
    case Complete::running:
    case Complete::stopped: return offer_containers(to, store, to.wanted);
    case Complete::images: return offer_images(to, store);
    case Complete::rootfs: return offer_rootfs(to, store);
    case Complete::container_path: return offer_container_path(to, store, environment);
    case Complete::networks: return offer_networks(to, store);
    case Complete::ports: return offer_ports(to, store);
    case Complete::inside:
      if (to.typed.starts_with('/')) offer_inside(to, store, environment, to.operands.at(0), to.typed);
      return;
    default: return;
  }
}

}  // namespace

cli::Candidates complete(std::span<const std::string> words, const Environment& environment) {
  Candidates found = cli::find_candidates(words, all_commands());
  try {
    offer_names(found, words[0], environment);
    drop_named(found);
  } catch (const Error&) {
    // Whoever types a command does not want to be told; the command will.
  }
  return found;
}

}  // namespace snug::commands
