#include "unpacking.hh"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/environment.hh"
#include "snug/commands/counts.hh"
#include "snug/commands/layers.hh"
#include "snug/commands/output.hh"
#include "snug/sys/file.hh"
#include "snug/sys/own_program.hh"
#include "snug/sys/process.hh"

namespace snug::image_commands {
namespace {

constexpr int pipe_size = 1 << 20;

// Takes render_error's text apart again; notices go before it.
Error error_in(std::string_view text) {
  constexpr std::string_view start = "snug: ", notice = "snug: notice: ", hint = "  hint:  ";
  std::string message, help;
  for (const std::string_view line : lines(text)) {
    if (line.starts_with(start) && !line.starts_with(notice)) message = line.substr(start.size());
    if (line.starts_with(hint)) help = line.substr(hint.size());
  }
  return Error(message.empty() ? "the unpacking of a layer ended without a word" : message, help);
}

}  // namespace

LayerProcess::LayerProcess(std::vector<std::string> words, const Environment& environment, std::shared_ptr<std::atomic<std::uint64_t>> foreign) : foreign_(std::move(foreign)) {
  sys::FdPair input = sys::make_pipe(), verdict = sys::make_pipe(), answer = sys::make_pipe(), talk = sys::make_pipe();
  static_cast<void>(::fcntl(input.second.get(), F_SETPIPE_SZ, pipe_size));  // slower, where the user's pipes are full
  words.insert(words.begin(), sys::find_own_program());
  const std::array streams{input.first.get(), answer.second.get(), talk.second.get(), verdict.first.get()};
  static_assert(verdict_descriptor == 3);
  const sys::Cloned child = sys::start_program("/proc/self/exe", std::move(words), environment.entries(), streams);
  if (child.pid < 0) throw system_error("start the unpacking of a layer", errno);
  pid_ = child.pid;
  input_ = std::move(input.second);
  verdict_ = std::move(verdict.second);
  answer_ = std::move(answer.first);
  talk_ = std::move(talk.first);
}

LayerProcess::~LayerProcess() {
  input_.reset();
  verdict_.reset();
  static_cast<void>(wait());
}

int LayerProcess::wait() noexcept {
  int status = 0;
  while (pid_ > 0 && ::waitpid(pid_, &status, 0) < 0 && errno == EINTR) continue;
  pid_ = -1;
  return status;
}

void LayerProcess::finish() {
  input_.reset();
  static_cast<void>(sys::write_all(verdict_.get(), "!"));  // where nobody reads it, it has failed and says why
  verdict_.reset();
  // What it says fits into the pipes.
  const int status = wait();
  output_ = sys::read_all(answer_.get());
  foreign_->fetch_add(commands::count_of(output_, "owners"));
  if (status == 0) return;
  if (WIFSIGNALED(status)) throw Error(format("the unpacking of a layer was ended by signal {}", WTERMSIG(status)));
  throw error_in(sys::read_all(talk_.get()));
}

Unpacker::Unpacker(const cli::Invocation& invocation)
    : invocation_(invocation), store_(probe::find_store(commands::caller_environment(invocation.environment))) {
  const plan::Spec spec = commands::read_id_map(invocation);
  const plan::WriteIdMaps maps = commands::id_maps_of(spec, probe::host_facts(spec, commands::caller_environment(invocation.environment)));
  map_ = commands::layer_map(maps);
  one_id_ = maps.uids.size() == 1 && maps.uids[0].count == 1;
  std::signal(SIGPIPE, SIG_IGN);
}

void Unpacker::settle(const image::Image& image) const {
  commands::settle_seam(invocation_.environment, store_, map_, image);
  const std::uint64_t foreign = foreign_->exchange(0);
  if (foreign == 0 || one_id_) return;  // with one id all others' are root's, and are given back
  commands::say(format("snug: notice: {} of the image {} not mapped, and root's here\n  hint:  more sub-ids map them; see snug doctor, \"range of ids\"\n",
                       foreign == 1 ? std::string("1 entry") : format("{} entries", foreign), foreign == 1 ? "has an owner that is" : "have owners that are"));
}

std::unique_ptr<LayerProcess> Unpacker::start(const image::Digest& diff_id) const {
  if (store_.has_layer(map_, diff_id)) return nullptr;
  std::vector<std::string> words{"unpack-layer", "--verdict", "--diff-id", diff_id.text()};
  const auto& chosen = commands::id_map_option_set.options;
  for (const cli::Given& given : invocation_.arguments.options)
    if (std::any_of(chosen.begin(), chosen.end(), [&](const cli::Option& one) { return one.name == given.option->name; }))
      words.push_back(format("--{}={}", given.option->name, given.value));
  return std::make_unique<LayerProcess>(std::move(words), invocation_.environment, foreign_);
}

}  // namespace snug::image_commands
