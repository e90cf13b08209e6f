#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <exception>
#include <optional>

#include "functions.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/environment.hh"
#include "snug/commands/held_signals.hh"
#include "snug/commands/layers.hh"
#include "snug/commands/output.hh"
#include "snug/image/store.hh"
#include "snug/sys/file.hh"
#include "snug/transport/hash.hh"
#include "snug/commands/trees.hh"
#include "unpacking.hh"

namespace snug::image_commands {
namespace {

constexpr std::array options{
    cli::Option{.name = "diff-id", .argument = "DIGEST", .help = "the digest of the archive, which names the layer"},
    cli::Option{.name = "verdict", .help = "be told on descriptor 3 whether the archive was whole", .hidden = true},
};

image::Digest wanted_digest(const cli::Arguments& arguments) {
  const std::string* text = arguments.find("diff-id");
  if (!text) throw UsageError("--diff-id is missing: the digest of the archive names the layer");
  auto digest = image::parse_digest(*text);
  if (!digest) throw UsageError(format("--diff-id {}: it is no digest", quoted(*text)));
  return *std::move(digest);
}

/// A layer in the making, below STORE/staging. It goes away with this unless it has got its name.
class Making {
 public:
  Making(const cli::Invocation& invocation, const image::Store& store, std::string map)
      : invocation_(invocation), map_(std::move(map)), staged_(image::Staged::make_folder(store)) {}
  ~Making() {
    if (!named_ && !remove()) commands::say(format("snug: notice: {} could not be removed; 'snug gc' tries again\n", quoted(staged_.path())));
  }
  Making(const Making&) = delete;
  Making& operator=(const Making&) = delete;

  [[nodiscard]] const std::string& path() const noexcept { return staged_.path(); }

  // A name that survives the loss of power names something that does, too.
  void name(const std::string& path) {
    if (::syncfs(staged_.fd()) != 0) throw system_error("write the layer to the disk", errno);
    named_ = staged_.move_to(path);
  }

 private:
  [[nodiscard]] bool remove() const noexcept {
    try {
      return commands::Trees(invocation_.environment).remove(staged_.path(), map_);
    } catch (const std::exception&) {
      return false;  // another error is on its way
    }
  }

  const cli::Invocation& invocation_;
  std::string map_;
  image::Staged staged_;
  bool named_ = false;
};

void read_rest() {
  std::array<char, std::size_t{64} << 10U> rest;
  while (::read(STDIN_FILENO, rest.data(), rest.size()) > 0) continue;
}

// Only who wrote the archive knows whether it was all, and what it should be.
void wait_for_verdict() {
  char byte = 0;
  ssize_t count = 0;
  do count = ::read(verdict_descriptor, &byte, 1);
  while (count < 0 && errno == EINTR);
  if (count != 1) throw Error("the layer is thrown away: it did not come whole");
}

int unpack_for_writer(const cli::Invocation& invocation, const image::Digest& diff_id) {
  if (::fcntl(verdict_descriptor, F_SETFD, FD_CLOEXEC) != 0) throw UsageError("--verdict: descriptor 3 is not open");
  const plan::Spec spec = commands::read_id_map(invocation);
  const plan::HostFacts facts = probe::host_facts(spec, commands::caller_environment(invocation.environment));
  const std::string map = commands::layer_map(commands::id_maps_of(spec, facts));
  const image::Store store(facts.store);
  const sys::Fd adding = image::lock_shared(store);
  const image::Lock own(store, format("layer-{}-{}", diff_id.algorithm, diff_id.hex));
  const commands::HeldSignals held;
  if (store.has_layer(map, diff_id)) {  // since it was asked for
    read_rest();
    return 0;
  }
  Making layer(invocation, store, map);
  const std::string counts = commands::unpack_layer(spec, facts, diff_id.text(), STDIN_FILENO, layer.path());
  wait_for_verdict();
  layer.name(store.layer_path(map, diff_id));
  commands::print(counts);
  return 0;
}

// Does to standard input what a download does.
int unpack_and_verify(const cli::Invocation& invocation, const image::Digest& diff_id) {
  const auto layer = Unpacker(invocation).start(diff_id);
  if (!layer) return 0;
  transport::Hasher hasher(diff_id.algorithm);
  std::string buffer(std::size_t{1} << 20U, '\0');
  ssize_t count = 0;
  int error = 0;
  while (!error && (count = ::read(STDIN_FILENO, buffer.data(), buffer.size())) > 0) {
    const std::string_view piece(buffer.data(), static_cast<std::size_t>(count));
    hasher.add(piece);
    error = sys::write_all(layer->input(), piece);
  }
  if (count < 0) throw system_error("read standard input", errno);
  if (const image::Digest found = hasher.finish(); !error && found != diff_id)
    throw Error(format("the archive is not {}, but {}", diff_id.text(), found.text()));
  layer->finish();
  commands::print(layer->output());
  return 0;
}

int unpack_layer(const cli::Invocation& invocation) {
  const image::Digest diff_id = wanted_digest(invocation.arguments);
  return invocation.arguments.flag("verdict") ? unpack_for_writer(invocation, diff_id) : unpack_and_verify(invocation, diff_id);
}

}  // namespace

// Not in snug's own table: it is what snug-image starts for each layer.
constinit const cli::Command unpack_layer_command{
    .name = "unpack-layer",
    .summary = "unpack a layer of an image into the store",
    .description = "Reads a plain tar archive from standard input, unpacks it in walls of its own, and names it by DIGEST where\n"
                   "that is what it hashes to.",
    .options = options,
    .shared = &commands::id_map_option_set,
    .function = unpack_layer};

}  // namespace snug::image_commands
