// Two processes and a pipe: one of them is an errand inside the container, the other is this one, outside. What goes through
// the pipe is an archive, so that a stream on standard output needs no second form. One on standard input comes from
// strangers: snug-layer reads it, in walls of its own, and puts it into the form that the errand reads.

#include "copying.hh"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <exception>

#include "planning.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "unpacking.hh"

namespace snug::commands {
namespace {

using layer::CopyLosses;
using runtime::Errand;

constexpr int pipe_size = 1 << 20;

sys::FdPair make_stream() {
  sys::FdPair stream = sys::make_pipe();
  ::fcntl(stream.first.get(), F_SETPIPE_SZ, pipe_size);  // as far as that is allowed
  return stream;
}

layer::CopyPath inside(const std::string& path) { return {.path = path, .inside = true}; }

std::string render_losses(const CopyLosses& losses) { return format("{} {} {} {}", losses.special, losses.kernel, losses.owners, losses.xattrs); }

CopyLosses add_losses(CopyLosses losses, std::string_view told) {
  const std::vector<std::string> words = split(told, ' ');
  const std::array counts{&losses.special, &losses.kernel, &losses.owners, &losses.xattrs};
  for (std::size_t at = 0; at < std::min(words.size(), counts.size()); ++at) *counts.at(at) += parse_number(words[at]).value_or(0);
  return losses;
}

bool is_left(const sys::Fd& end) {
  pollfd other{end.get(), 0, 0};
  return ::poll(&other, 1, 0) > 0 && (other.revents & (POLLHUP | POLLERR)) != 0;
}

// Does the work of this end. Where it fails because the other end has gone, that one knows why.
CopyLosses work_together(Errand& errand, sys::Fd& end, const std::function<CopyLosses()>& work) {
  std::exception_ptr thrown;
  CopyLosses losses;
  try {
    losses = work();
  } catch (const Error&) {
    thrown = std::current_exception();
    if (!is_left(end)) end.reset(), std::rethrow_exception(thrown);
  }
  end.reset();
  const std::string told = errand.finish();
  if (thrown) std::rethrow_exception(thrown);
  return add_losses(losses, told);
}

CopyLosses pass_on(int from, int to, const layer::CopyWatch& watch) {
  std::string buffer(std::size_t{256} << 10U, '\0');
  while (true) {
    const ssize_t count = ::read(from, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw system_error("read what is copied", errno);
    if (count == 0) return {};
    if (const int error = sys::write_all(to, {buffer.data(), static_cast<std::size_t>(count)})) throw system_error("write to standard output", error);
    watch(static_cast<std::uint64_t>(count));
  }
}

// Reads an archive from standard input and writes its entries to `stream`. Where nobody reads them any more, the reader knows why.
std::string rewrite(const plan::Plan& plan, const plan::HostFacts& facts, const sys::Fd& stream) {
  try {
    run_layer_program(plan, facts, {"read", "standard input", STDIN_FILENO, stream.get(), {}});
  } catch (const Error&) {
    if (!is_left(stream)) throw;
  }
  return {};
}

CopyLosses receive_archive(Errand& receiver, sys::Fd& stream, const Environment& environment) {
  const plan::Spec spec{.rootfs = {.kind = plan::Rootfs::Kind::archive}, .id_map = {.mode = plan::IdMapChoice::Mode::single}};
  const plan::HostFacts facts = probe::host_facts(spec, caller_environment(environment));
  const plan::Plan plan = accepted(plan::make_rewrite_plan(spec, facts));
  Errand reader([&] { return rewrite(plan, facts, stream); });
  stream.reset();
  static_cast<void>(reader.finish());
  return add_losses({}, receiver.finish());
}

}  // namespace

CopyEnd parse_copy_end(const std::string& typed) {
  const std::size_t colon = typed.find(':');
  if (colon == std::string::npos || colon == 0 || typed.starts_with('/') || typed.starts_with('.')) return {{}, typed};
  std::string path = typed.substr(colon + 1);
  if (!path.starts_with('/')) path.insert(0, "/");
  return {typed.substr(0, colon), std::move(path)};
}

CopyLosses copy_out(const runtime::ErrandPlace& place, const Copying& what) {
  sys::FdPair stream = make_stream();
  Errand errand(place, stream.second.get(), [&] {
    return render_losses(layer::send_copy({.from = inside(what.source), .name = what.name, .named = what.target == "-", .follow = what.follow}, stream.second.get()));
  });
  stream.second.reset();
  return work_together(errand, stream.first, [&] {
    if (what.target == "-") return pass_on(stream.first.get(), STDOUT_FILENO, what.watch);
    return layer::receive_copy(stream.first.get(), {.to = {what.target}, .name = what.name, .archive = what.archive}, what.watch);
  });
}

CopyLosses copy_in(const runtime::ErrandPlace& place, const Copying& what, const Environment& environment) {
  sys::FdPair stream = make_stream();
  Errand errand(place, stream.first.get(), [&] {
    const bool entries = what.source == "-";
    return render_losses(layer::receive_copy(stream.first.get(), {.to = inside(what.target), .name = what.name, .archive = what.archive, .remembered = what.remembered, .entries = entries}));
  });
  stream.first.reset();
  if (what.source == "-") return receive_archive(errand, stream.second, environment);
  return work_together(errand, stream.second, [&] {
    return layer::send_copy({.from = {what.source}, .name = what.name, .follow = what.follow}, stream.second.get(), what.watch);
  });
}

}  // namespace snug::commands
