#include "unpacking.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "snug/commands/counts.hh"
#include "snug/commands/output.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::commands {
namespace {

sys::Fd open_archive(const plan::Rootfs& rootfs) {
  sys::Fd archive = sys::try_open(AT_FDCWD, rootfs.path.c_str(), O_RDONLY | O_NOCTTY | O_NONBLOCK);  // a pipe that nobody writes into makes nobody wait
  if (!archive) throw system_error(format("open the archive {}", quoted(rootfs.given)), errno);
  const auto status = sys::find_status(archive.get(), "");
  if (status && S_ISDIR(status->st_mode))
    throw Error(format("{} is a folder, not an archive", quoted(rootfs.given)), "for a folder say dir:PATH");
  ::fcntl(archive.get(), F_SETFL, 0);
  if (::isatty(archive.get())) throw Error(format("{} is a terminal, not an archive", quoted(rootfs.given)));
  return archive;
}

/// A line on the caller's terminal that says how much of a file was read. The reader shares the file's position.
class Progress {
 public:
  Progress(const sys::Fd& archive, const std::string& given) : archive_(archive), given_(given) {
    const auto status = sys::find_status(archive.get(), "");
    if (status && S_ISREG(status->st_mode) && status->st_size > 0 && ::isatty(STDERR_FILENO)) size_ = status->st_size;
  }
  ~Progress() {
    if (shown_ >= 0) say("\r\x1b[K");
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show() {
    if (size_ == 0) return;
    const auto percent = std::min<std::int64_t>(100, ::lseek(archive_.get(), 0, SEEK_CUR) * 100 / size_);
    if (percent == std::exchange(shown_, percent)) return;
    say(format("\rsnug: unpacking {}: {} %\x1b[K", quoted(given_), percent));
  }

 private:
  const sys::Fd& archive_;
  const std::string& given_;
  std::int64_t size_ = 0, shown_ = -1;
};

// What snug-layer says is short enough for a pipe that nobody reads meanwhile.
std::string read_answer(sys::FdPair& pipe) {
  pipe.second.reset();
  return sys::read_all(pipe.first.get());
}

Error end_error(const LayerWork& work, const runtime::Exited& exited, std::string_view words) {
  if (exited.code > 128 && words.empty())
    return Error(format("{}ing {} was interrupted by signal {}", work.verb, quoted(work.name), exited.code - 128)).with_exit_code(exited.code);
  return Error(format("cannot {} {}: {}", work.verb, quoted(work.name), words.empty() ? "snug-layer ended without a word" : printable(words)));
}

void tell_owners(const Planned& planned, std::uint64_t owners) {
  const auto* maps = planned.unpack->find<plan::WriteIdMaps>();
  // With one id all others are lost, which the plan's own notice tells.
  if (owners == 0 || (maps && maps->uids.size() == 1 && maps->uids[0].count == 1)) return;
  const plan::Notice notice{"idmap", owners == 1 ? std::string("1 entry of the archive has an owner that is not mapped, and loses it") : format("{} entries of the archive have owners that are not mapped, and lose them", owners), {}};
  const auto& required = planned.spec.require;
  if (std::find(required.begin(), required.end(), notice.wall) != required.end())
    throw Error(format("--require {}: {}", notice.wall, notice.text));
  tell(notice);
}

}  // namespace

std::uint64_t count_of(std::string_view counts, std::string_view name) {
  const std::vector<std::string> words = split(trimmed(counts), ' ');
  for (std::size_t at = 0; at + 1 < words.size(); at += 2)
    if (words[at] == name) return parse_number(words[at + 1]).value_or(0);
  return 0;
}

void run_layer_program(const plan::Plan& plan, const plan::HostFacts& facts, const LayerWork& work) {
  sys::FdPair words = sys::make_pipe();
  const auto result = runtime::launch(plan, {.folder = work.folder,
                                             .streams = {work.input, work.output, words.second.get()},
                                             .step_done = work.step_done,
                                             .tick = work.tick});
  if (const auto* failure = std::get_if<runtime::StepFailure>(&result))
    throw failure_error(plan, facts, *failure).during(format("{}ing {}", work.verb, quoted(work.name)));
  const auto& exited = std::get<runtime::Exited>(result);
  if (exited.code != 0) throw end_error(work, exited, trimmed(read_answer(words)));
}

std::string run_unpacker(const plan::Plan& plan, const plan::HostFacts& facts, LayerWork work) {
  sys::FdPair counts = sys::make_pipe();
  work.output = counts.second.get();
  run_layer_program(plan, facts, work);
  return read_answer(counts);
}

void unpack_archive(Planned& planned, bool verbose) {
  const plan::Rootfs& rootfs = planned.spec.rootfs;
  const sys::Fd archive = open_archive(rootfs);
  planned.unpack = accepted(plan::make_unpack_plan(planned.spec, planned.facts));
  if (!planned.storage) planned.storage = std::make_unique<Storage>(planned.facts.store, *planned.unpack->find<plan::WriteIdMaps>());
  std::string counts;
  {
    Progress progress(archive, rootfs.given);
    counts = run_unpacker(*planned.unpack, planned.facts,
                          {"unpack", rootfs.given, archive.get(), -1, planned.storage->path(), step_printer(*planned.unpack, verbose), [&] { progress.show(); }});
  }
  tell_owners(planned, count_of(counts, "owners"));
  probe::read_unpacked(planned.facts, planned.spec, format("{}/{}", planned.storage->path(), plan::unpacked_root));
}

}  // namespace snug::commands
