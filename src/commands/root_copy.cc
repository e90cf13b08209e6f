// Three processes in a row for a folder, and for each layer of an image: one packs it, one counts what goes by, and one unpacks it onto what is
// there already. So owners, attributes and links are kept as they are wherever else a tree is packed.

#include "root_copy.hh"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <optional>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/base/time.hh"
#include "snug/commands/layers.hh"
#include "snug/commands/output.hh"
#include "snug/runtime/errand.hh"
#include "snug/sys/file.hh"
#include "unpacking.hh"

namespace snug::commands {
namespace {

/// Bytes, counted by one process and read by another.
class Count {
 public:
  Count() : memory_(::mmap(nullptr, sizeof(std::atomic<std::uint64_t>), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
    if (memory_ == MAP_FAILED) throw system_error("count what is copied", errno);
  }
  ~Count() { ::munmap(memory_, sizeof(std::atomic<std::uint64_t>)); }
  Count(const Count&) = delete;
  Count& operator=(const Count&) = delete;

  std::atomic<std::uint64_t>& value() const { return *static_cast<std::atomic<std::uint64_t>*>(memory_); }

 private:
  void* memory_;
};

/// A line on the caller's terminal.
class Line {
 public:
  Line(const Count& count, std::string name) : count_(count), name_(std::move(name)), wanted_(::isatty(STDERR_FILENO) != 0) {}
  ~Line() {
    if (shown_) say("\r\x1b[K");
  }
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;

  void show() {
    const std::uint64_t mebibytes = count_.value() >> 20U;
    if (!wanted_ || shown_ == mebibytes) return;
    shown_ = mebibytes;
    say(format("\rsnug: copying {}: {} MiB\x1b[K", quoted(name_), mebibytes));
  }

 private:
  const Count& count_;
  std::string name_;
  bool wanted_;
  std::optional<std::uint64_t> shown_;
};

// In a process of its own, which ends with the stream.
std::string pass_on(int from, int to, const Count& count) {
  constexpr std::size_t most = std::size_t{1} << 20U;
  for (;;) {
    const ssize_t passed = ::splice(from, nullptr, to, nullptr, most, 0);
    if (passed < 0 && errno == EINTR) continue;
    if (passed < 0 && errno != EPIPE) throw system_error("pass on what is copied", errno);
    if (passed <= 0) return {};
    count.value() += static_cast<std::uint64_t>(passed);
  }
}

// Whoever writes comes to their own end, whatever became of the reader.
void drain(int stream) {
  std::array<char, std::size_t{64} << 10U> rest;
  ssize_t count = 0;
  do count = ::read(stream, rest.data(), rest.size());
  while (count > 0 || (count < 0 && errno == EINTR));
}

class RootCopy {
 public:
  RootCopy(Planned& planned, bool verbose) : planned_(planned), verbose_(verbose), line_(count_, planned.spec.rootfs.given) {}

  std::uint64_t run() {
    const plan::Rootfs& rootfs = planned_.spec.rootfs;
    if (rootfs.kind == plan::Rootfs::Kind::directory) {
      copy(rootfs.path, plan::Pack::tree, plan::Unpack::tree);
    } else {
      for (auto layer = rootfs.layers.rbegin(); layer != rootfs.layers.rend(); ++layer) copy(*layer, plan::Pack::onto, plan::Unpack::onto);
    }
    return count_.value();
  }

 private:
  void copy(const std::string& path, plan::Pack pack, plan::Unpack unpack) {
    const std::string& name = planned_.spec.rootfs.given;
    planned_.unpack = accepted(plan::make_unpack_plan(planned_.spec, planned_.facts, unpack));
    if (!planned_.storage) planned_.storage = std::make_unique<Storage>(planned_.facts.store, *planned_.unpack->find<plan::WriteIdMaps>());
    sys::FdPair packed = sys::make_pipe(), counted = sys::make_pipe();
    runtime::Errand packing([&] {
      for (sys::Fd* other : {&packed.first, &counted.first, &counted.second}) other->reset();
      pack_layers(planned_.spec, planned_.facts, {.name = name, .what = pack, .layers = {{path, {}}}}, packed.second.get());
      return std::string();
    });
    packed.second.reset();
    runtime::Errand counting([&] {
      counted.first.reset();
      return pass_on(packed.first.get(), counted.second.get(), count_);
    });
    packed.first.reset();
    counted.second.reset();
    std::optional<Error> failed;
    try {
      static_cast<void>(run_unpacker(*planned_.unpack, planned_.facts,
                                     {"copy", name, counted.first.get(), -1, planned_.storage->path(), step_printer(*planned_.unpack, verbose_), [this] { line_.show(); }}));
    } catch (const Error& error) {
      failed = error;
    }
    drain(counted.first.get());
    if (failed && failed->exit_code() > 128) throw *failed;  // a signal, which has ended the others as well
    static_cast<void>(packing.finish());                     // where it failed it knows why the other could not go on
    if (failed) throw *failed;
    static_cast<void>(counting.finish());
  }

  Planned& planned_;
  bool verbose_;
  Count count_;
  Line line_;
};

}  // namespace

void plan_copy(Planned& planned) {
  const bool folder = planned.spec.rootfs.kind == plan::Rootfs::Kind::directory;
  planned.unpack = accepted(plan::make_unpack_plan(planned.spec, planned.facts, folder ? plan::Unpack::tree : plan::Unpack::onto));
}

void copy_root(Planned& planned, bool verbose) {
  const std::uint64_t bytes = RootCopy(planned, verbose).run();
  say(format("snug: notice: the copy of {} takes {} in {}, and goes away with the container\n", quoted(planned.spec.rootfs.given), render_size(bytes),
             quoted(planned.facts.store)));
}

}  // namespace snug::commands
