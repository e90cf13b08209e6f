#include <algorithm>
#include <optional>

#include "bringing.hh"
#include "change.hh"
#include "check.hh"
#include "connection.hh"
#include "functions.hh"
#include "own_source.hh"
#include "progress.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/environment.hh"
#include "snug/commands/output.hh"
#include "snug/plan/spec.hh"
#include "snug/transport/archive.hh"
#include "store_of.hh"
#include "unpacking.hh"

namespace snug::image_commands {
namespace {

enum class Policy { always, missing, newer, never };

Policy policy_of(const cli::Arguments& arguments) {
  const std::string* text = arguments.find("policy");
  if (!text || *text == "always") return Policy::always;
  if (*text == "missing") return Policy::missing;
  if (*text == "newer") return Policy::newer;
  if (*text == "never") return Policy::never;
  throw UsageError(format("--policy {}: there is no such policy", quoted(*text)), "always, missing, newer and never are there");
}

image::Platform platform_of(const cli::Arguments& arguments) {
  const std::string *platform = arguments.find("platform"), *architecture = arguments.find("arch");
  if (platform && architecture) throw UsageError("--platform and --arch cannot be used together");
  if (architecture) return image::parse_platform("linux/" + *architecture);
  return platform ? image::parse_platform(*platform) : image::own_platform();
}

/// One call of the command.
class Pull {
 public:
  explicit Pull(const cli::Invocation& invocation)
      : invocation_(invocation), store_(store_of(invocation)), policy_(policy_of(invocation.arguments)), platform_(platform_of(invocation.arguments)) {
    const cli::Arguments& arguments = invocation.arguments;
    if (!arguments.flag("no-unpack")) unpacker_.emplace(invocation);
  }

  image::Image bring(const std::string& operand) {
    progress_.emplace(error_screen(invocation_.arguments.flag("quiet")));  // below what was printed of the one before
    image::Image image = bring_layers(operand);
    if (unpacker_) unpacker_->settle(image);
    return image;
  }

 private:
  image::Image bring_layers(const std::string& operand) {
    if (constexpr std::string_view tar = "tar:"; operand.starts_with(tar)) return store_.open(bring_root(operand.substr(tar.size())));
    const auto location = transport::parse_location(operand);
    if (location) return store_.open(bring_contained(*location, operand));
    constexpr std::string_view docker = "docker://";  // of skopeo and podman
    return bring_named(operand.starts_with(docker) ? operand.substr(docker.size()) : operand);
  }

  image::Image bring_named(const std::string& name) {
    const auto present = policy_ == Policy::always ? std::nullopt : find_present(name);
    if (present && policy_ != Policy::newer) return unpacked(*present);
    if (policy_ == Policy::never) throw Error(format("the image {} is not here, and the policy 'never' forbids to bring it", quoted(name)));
    try {
      return store_.open(bring_from_registry(image::parse_reference(name)));
    } catch (const Error& error) {
      if (!present) throw;
      commands::say(format("snug: notice: {}; {} stays as it is\n", error.message(), quoted(short_name(present->name))));
      return unpacked(*present);
    }
  }

  // An image for another platform than was asked for is not there.
  std::optional<image::Image> find_present(const std::string& name) const {
    const bool chosen = invocation_.arguments.find("platform") || invocation_.arguments.find("arch");
    return store_.find(name_here(invocation_, store_, name), [&](const image::Image& image) { return !chosen || image::serves(image.config.platform, platform_); });
  }

  // What is there may be unpacked for other id maps than this call's.
  image::Image unpacked(const image::Image& image) {
    const auto& diff_ids = image.config.diff_ids;
    const bool whole = !unpacker_ || std::all_of(diff_ids.begin(), diff_ids.end(), [&](const auto& one) { return store_.has_layer(unpacker_->map(), one); });
    if (!whole) unpack_present(invocation_, store_, image);
    return image;
  }

  image::Stored bring_from_registry(const image::Reference& typed) {
    if (const std::string* verify = invocation_.arguments.find("tls-verify"); verify && *verify == "false" && typed.short_name)
      throw UsageError(format("--tls-verify=false is for one registry, and {} names none", quoted(image::familiar_name(typed))));
    const transport::Connection connection = connection_of(invocation_, typed.registry, &*progress_);
    const std::vector<image::Reference> candidates = transport::find_candidates(typed, connection);
    if (candidates.size() > 1 && !connection.credentials.empty())
      throw UsageError(format("--creds are for one registry, and {} may be of several", quoted(image::familiar_name(typed))));
    std::vector<std::string> notices;
    try {
      for (std::size_t at = 0; at + 1 < candidates.size(); ++at) {
        const auto source = transport::open_registry_source(candidates[at], connection);
        if (answers(*source, notices)) return bring_from(*source, image::render_reference(candidates[at]), true);
      }
      return bring_from(*transport::open_registry_source(candidates.back(), connection), image::render_reference(candidates.back()), true);
    } catch (const Error&) {  // the last is not the only one that was asked
      for (const std::string& notice : notices) commands::say(notice);
      throw;
    }
  }

  // Why not is told at once, or goes to `notices` where nothing may be told of what goes well in the end.
  bool answers(transport::Source& source, std::vector<std::string>& notices) const {
    try {
      return !source.manifest({}).content.empty();
    } catch (const Error& error) {
      const std::string notice = format("snug: notice: {}\n", error.message());
      if (invocation_.arguments.flag("quiet")) notices.push_back(notice);
      else commands::say(notice);
      return false;
    }
  }

  image::Stored bring_from(transport::Source& source, const std::string& name, bool from_registry) {
    transport::Fetch how{.name = name, .platform = platform_, .from_registry = from_registry, .progress = &*progress_};
    if (unpacker_) how.unpack = [this](const image::Digest& diff_id) { return unpacker_->start(diff_id); };
    return transport::fetch(source, store_, how);
  }

  // The files alone, which say nothing of a platform: as `snug import` has it.
  image::Stored bring_root(const std::string& path) {
    if (path.empty()) throw UsageError("'tar:' names no path", "tar:PATH");
    image::Config config = new_config({}, format("Imported from {}", path));
    config.platform = platform_;
    const std::string name = path == "-" ? "" : plan::usual_name({.kind = plan::Rootfs::Kind::archive, .path = path});
    return bring_from(*transport::open_tarball_source(path, std::move(config), store_), local_name(name), false);
  }

  image::Stored bring_contained(const transport::Location& location, const std::string& operand) {
    const transport::Contained contained = transport::open_contained(operand, store_);
    const bool by_tag = std::find(contained.tags.begin(), contained.tags.end(), location.name) != contained.tags.end();
    const std::string written = location.name.empty() || by_tag ? written_name(location, contained.names) : std::string();
    return bring_from(*contained.source, written.empty() ? name_for(location) : written, false);
  }

  // As `snug load` has it; but in a folder a word alone is a tag, as where it is typed.
  static std::string written_name(const transport::Location& location, const std::vector<std::string>& names) {
    if (names.empty() || (location.form == transport::Form::oci && names.front().find('/') == std::string::npos)) return {};
    try {
      return contained_name(names.front());
    } catch (const UsageError&) {
      return {};
    }
  }

  static std::string without_ending(std::string name) {
    for (const std::string_view ending : {".tar", ".tar.gz", ".tar.zst", ".tar.bz2", ".tar.xz", ".tgz"})
      if (name.size() > ending.size() && name.ends_with(ending)) return name.substr(0, name.size() - ending.size());
    return name;
  }

  // As podman: what has no whole name is called after the archive.
  static std::string name_for(const transport::Location& location) {
    const std::string base = without_ending(location.path.substr(location.path.rfind('/') + 1));
    const bool bare = location.name.find('/') == std::string::npos && location.form != transport::Form::docker_archive;
    if (location.name.empty()) return local_name(base);
    return bare ? local_name(format("{}:{}", base, location.name)) : whole_name(location.name);
  }

  static std::string local_name(const std::string& name) { return whole_name("localhost/" + name); }

  // Empty where that is no name.
  static std::string whole_name(const std::string& text) {
    try {
      return image::render_reference(image::parse_reference(text));
    } catch (const UsageError&) {
      return {};
    }
  }

  const cli::Invocation& invocation_;
  image::Store store_;
  Policy policy_;
  image::Platform platform_;
  std::optional<ProgressDisplay> progress_;
  std::optional<Unpacker> unpacker_;
};

// What a setting says does not fail a pull: while somebody adds to the store the blobs stay, until the next one or gc --blobs.
void drop_unwanted_blobs(const cli::Invocation& invocation) {
  if (commands::keeps_blobs(invocation.environment)) return;
  image::Store store = store_of(invocation);
  const sys::Fd lock = try_lock_exclusive(store);
  Swept swept;
  if (lock) drop_blobs(store, false, swept);
}

}  // namespace

int pull(const cli::Invocation& invocation) {
  need_operands(invocation, 1, "an image");
  Pull pull(invocation);
  if (invocation.arguments.operands.size() == 1) {
    commands::print(pull.bring(invocation.arguments.operands[0]).id().hex + "\n");
    drop_unwanted_blobs(invocation);
    return 0;
  }
  int code = 0;
  for (const std::string& operand : invocation.arguments.operands) {
    try {
      commands::print(pull.bring(operand).id().hex + "\n");
    } catch (const Error& error) {  // the others come all the same
      commands::say(render_error(error));
      code = error.exit_code();
    }
  }
  drop_unwanted_blobs(invocation);
  return code;
}

}  // namespace snug::image_commands
