#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <iterator>
#include <string_view>
#include <tuple>
#include <vector>

#include "commands.hh"
#include "containers.hh"
#include "snug/base/error.hh"
#include "snug/base/json.hh"
#include "snug/base/text.hh"
#include "snug/base/utf8.hh"
#include "snug/commands/layers.hh"
#include "snug/commands/output.hh"
#include "snug/commands/trees.hh"
#include "snug/config/spec.hh"
#include "snug/layer/changes.hh"
#include "snug/sys/file.hh"

namespace snug::commands {
namespace {

constexpr std::array options{
    cli::Option{.name = "format", .argument = "json", .help = "the same as --json"},
    cli::Option{.name = "json", .help = "print a JSON object: changed, added, deleted"},
};

struct Changed {
  std::string path;
  layer::Change change;
};

std::string unescaped(std::string_view name) {
  std::string path;
  for (; !name.empty(); name.remove_prefix(1)) {
    const bool slash = name.starts_with("%2f");
    path += slash ? '/' : name.starts_with("%25") ? '%' : name[0];
    if (name[0] == '%') name.remove_prefix(std::min<std::size_t>(2, name.size() - 1));
  }
  return path;
}

// The uppers of a container on the host's own root are named after the folders that they belong to.
std::vector<layer::Overlay> overlays_of_host(const std::string& folder) {
  constexpr std::string_view mark = "upper%2f";
  std::vector<layer::Overlay> overlays;
  for (const sys::Entry& entry : sys::list_folder(sys::open(AT_FDCWD, folder, O_RDONLY | O_DIRECTORY).get())) {
    if (!entry.name.starts_with(mark)) continue;
    const std::string path = unescaped(std::string_view(entry.name).substr(std::string_view("upper").size()));
    overlays.push_back({format("{}/{}", folder, entry.name), {path}, path.substr(1) + "/"});
  }
  return overlays;
}

// Layers of an image are what they were; a folder that was copied may have changed since.
layer::Overlay overlay_of_copy(const std::string& folder, const state::Record& record, const plan::Spec& spec, std::vector<sys::Fd>& held) {
  if (spec.rootfs.kind != plan::Rootfs::Kind::image)
    throw Error(format("{} has its root to itself, a copy of {}, and what that was then is not known", quoted(record.name), quoted(spec.rootfs.given)), "'snug export' writes all of it");
  const image::Store store(folder);
  auto layers = find_layers(store, record.map, base_of(store, record));
  if (!layers) throw Error(format("the layers of the image {}, of which {} has a copy, are not here", quoted(record.image), quoted(record.name)), "pulling the image again brings them back");
  std::move(layers->locks.begin(), layers->locks.end(), std::back_inserter(held));
  return {.upper = record.upper, .lowers = std::move(layers->roots), .copy = true};
}

std::vector<layer::Overlay> overlays_of(const std::string& store, const state::Record& record, const plan::Spec& spec, std::vector<sys::Fd>& held) {
  using Kind = plan::Rootfs::Kind;
  if (spec.rootfs.kind == Kind::archive)
    throw Error(format("{} has its root to itself: it was unpacked for it alone, and there is nothing to compare it with", quoted(record.name)));
  if (spec.root_writes == plan::RootWrites::kept) throw Error(format("{} writes into {} itself, and what that was before is not known", quoted(record.name), quoted(spec.rootfs.given)));
  if (!record.upper.empty() && !sys::find_status(AT_FDCWD, record.upper.c_str())) return {};  // nobody has written anything yet
  if (spec.storage == plan::StorageDriver::copy) return {overlay_of_copy(store, record, spec, held)};
  if (!record.upper.empty()) return {{.upper = record.upper, .lowers = record.lowers, .fuse = spec.storage == plan::StorageDriver::fuse_overlayfs}};
  std::vector<layer::Overlay> overlays;
  if (spec.rootfs.kind == Kind::host) overlays = overlays_of_host(state::folder_of(store, record.id));
  if (overlays.empty() && state::read_state(store, record.id).phase == state::State::Phase::created) return {};
  if (overlays.empty()) throw Error(format("what the container {} writes is not kept on the disk", quoted(record.name)), "'snug cp' copies files out of it while it runs");
  return overlays;
}

std::vector<std::string> mounts_of(const plan::Spec& spec) {
  std::vector<std::string> mounts(made_where_missing.begin(), made_where_missing.end());
  for (const plan::Volume& volume : spec.volumes) mounts.push_back(std::visit([](const auto& any) { return any.target; }, volume).substr(1));
  for (const std::string& folder : spec.own_folders) mounts.push_back(folder.substr(1));
  return mounts;
}

// "C/etc\0": whoever may read it all may be another process.
bool write_changes(int file, const std::vector<layer::Overlay>& overlays, const std::vector<std::string>& mounts) {
  std::string text;
  for (const layer::Overlay& overlay : overlays) {
    const auto take = [&](layer::Change change, const std::string& path) { text += format("{}/{}", static_cast<char>(change), path) + '\0'; };
    if (!layer::find_changes(overlay, mounts, take)) return false;
  }
  return sys::write_all(file, text) == 0;
}

std::vector<Changed> find_changes(const std::vector<layer::Overlay>& overlays, const plan::Spec& spec, const state::Record& record, const Environment& environment) {
  constexpr std::size_t most = std::size_t{1} << 30U;
  const sys::Fd file(::memfd_create("snug-diff", MFD_CLOEXEC));
  if (!file) throw system_error("keep the changes", errno);
  if (!Trees(environment).run(record.map, [&] { return write_changes(file.get(), overlays, mounts_of(spec)); }))
    throw Error(format("the files of the container {} are not for you to read", quoted(record.name)));
  ::lseek(file.get(), 0, SEEK_SET);
  std::vector<Changed> changes;
  for (const std::string& line : split(sys::read_all(file.get(), most), '\0'))
    if (!line.empty()) changes.push_back({line.substr(1), static_cast<layer::Change>(line[0])});
  std::sort(changes.begin(), changes.end(), [](const Changed& a, const Changed& b) { return a.path < b.path; });
  return changes;
}

// JSON has no bytes that are no UTF-8.
std::string json_text(const std::string& path) {
  for (std::string_view rest = path; !rest.empty();) {
    const std::size_t length = utf8_length(rest);
    if (length == 0) return printable(path);
    rest.remove_prefix(length);
  }
  return path;
}

std::string render_object(const std::vector<Changed>& changes) {
  Json json{{"changed", Json::array()}, {"added", Json::array()}, {"deleted", Json::array()}};
  for (const Changed& each : changes) {
    const char* key = each.change == layer::Change::added ? "added" : each.change == layer::Change::changed ? "changed" : "deleted";
    json[key].push_back(json_text(each.path));
  }
  return render_json(json);
}

std::string render_lines(const std::vector<Changed>& changes) {
  std::string text;
  for (const Changed& each : changes) text += format("{} {}\n", static_cast<char>(each.change), printable(each.path));
  return text;
}

int diff(const cli::Invocation& invocation) {
  const cli::Arguments& arguments = invocation.arguments;
  if (arguments.operands.size() != 1) throw UsageError("'snug diff' needs a container", "'snug ps --all' lists them");
  const std::string* pattern = arguments.find("format");
  if (pattern && *pattern != "json") throw UsageError(format("--format {}: it can only be json", printable(*pattern)));
  const std::string store = store_of(invocation.environment);
  const state::Record record = state::find_record(store, arguments.operands.front());
  const plan::Spec spec = config::parse_spec(*record.spec);
  std::vector<sys::Fd> held;
  held.push_back(state::hold_files(store, record));
  const std::vector<layer::Overlay> overlays = overlays_of(store, record, spec, held);
  const std::vector<Changed> changes = find_changes(overlays, spec, record, invocation.environment);
  print(pattern || arguments.flag("json") ? render_object(changes) : render_lines(changes));
  return 0;
}

}  // namespace

constinit const cli::Command diff_command{
    .name = "diff",
    .summary = "list what a container has changed in its root",
    .operands = "CONTAINER",
    .description = "Lists the paths that a container has added (A), changed (C) or deleted (D), whether it runs or not. Volumes\n"
                   "do not count.",
    .options = options,
    .max_operands = 1,
    .completer = {cli::Complete::containers},
    .function = diff};

}  // namespace snug::commands
