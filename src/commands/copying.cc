// Two errands and two pipes: one is inside the container, the other outside, and what the first sends this process passes on to the second
// without a look at it. So each is shut in for what it does: who sends can read and no more, and who receives can make something below
// the one folder that it goes to. What goes through the pipes is an archive, so that a stream on standard output needs no second form.
// One on standard input comes from strangers: snug-layer reads it, in walls of its own, and puts it into the form that the
// errand reads.

#include "copying.hh"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "planning.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/output.hh"
#include "snug/sys/file.hh"
#include "unpacking.hh"

namespace snug::commands {
namespace {

using layer::CopyLosses;
using plan::ErrandWork;
using runtime::Errand;

constexpr int pipe_size = 1 << 20;

sys::FdPair make_stream() {
  sys::FdPair stream = sys::make_pipe();
  ::fcntl(stream.first.get(), F_SETPIPE_SZ, pipe_size);  // as far as that is allowed
  return stream;
}

// Told when it has ended, like all that it has to say: which of the two it is stands above its first step.
runtime::ErrandEnds ends_of(const Visited& visited, const plan::Plan& plan, const sys::Fd& stream, const Copying& what, std::string_view who) {
  runtime::ErrandEnds ends = errand_ends(visited, stream.get());
  if (what.verbose)
    ends.step_done = [who, print = step_printer(plan, true)](std::size_t step, std::uint64_t nanoseconds) {
      if (step == 0) say(format("{}{}:\n", ::isatty(STDERR_FILENO) ? "\r\x1b[K" : "", who));  // how far it is stands there still
      print(step, nanoseconds);
    };
  return ends;
}

constexpr std::string_view reads_inside = "who reads, in the container", writes_inside = "who writes, in the container", reads_outside = "who reads, outside",
                           writes_outside = "who writes, outside";

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

// Of an archive on standard output.
void write_out(int from, const CopyWatch& watch) {
  std::string buffer(std::size_t{256} << 10U, '\0');
  while (true) {
    const ssize_t count = ::read(from, buffer.data(), buffer.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw system_error("read what is copied", errno);
    if (count == 0) return;
    if (const int error = sys::write_all(STDOUT_FILENO, {buffer.data(), static_cast<std::size_t>(count)})) throw system_error("write to standard output", error);
    watch(static_cast<std::uint64_t>(count));
  }
}

constexpr int look_around_ms = 100;

// False where nobody reads any more.
bool await_room(int from, int to) {
  std::array<pollfd, 2> ends{{{from, POLLIN, 0}, {to, 0, 0}}};
  if (::poll(ends.data(), ends.size(), look_around_ms) > 0 && ends[1].revents == 0) {
    pollfd room{to, POLLOUT, 0};
    static_cast<void>(::poll(&room, 1, look_around_ms));
  }
  return (ends[1].revents & POLLERR) == 0;
}

// From pipe to pipe, to the end: false where nobody reads any more.
bool pass_on(int from, int to, const CopyWatch& watch) {
  while (true) {
    const ssize_t count = ::splice(from, nullptr, to, nullptr, pipe_size, SPLICE_F_NONBLOCK);
    if (count == 0) return true;
    if (count < 0 && errno == EPIPE) return false;
    if (count < 0 && errno != EAGAIN && errno != EINTR) throw system_error("pass on what is copied", errno);
    if (count < 0 && !await_room(from, to)) return false;
    watch(static_cast<std::uint64_t>(std::max<ssize_t>(count, 0)));
  }
}

// Whoever writes comes to their own end.
void drain(int stream, const CopyWatch& watch) {
  std::array<char, std::size_t{64} << 10U> rest;
  pollfd more{stream, POLLIN, 0};
  for (ssize_t count = 1; count > 0 || (count < 0 && errno == EINTR);) {
    watch(0);
    count = ::poll(&more, 1, look_around_ms) == 0 ? 1 : ::read(stream, rest.data(), rest.size());
  }
}

// Where one of them fails because the other has gone, that one knows why.
CopyLosses carry(Errand& sender, sys::Fd from, sys::Fd to, Errand& receiver, const CopyWatch& watch) {
  const bool whole = pass_on(from.get(), to.get(), watch);
  to.reset();
  if (whole) {
    const CopyLosses losses = add_losses({}, sender.finish());
    return add_losses(losses, receiver.finish());
  }
  const CopyLosses losses = add_losses({}, receiver.finish());
  drain(from.get(), watch);  // it had all that it wanted before the end
  return add_losses(losses, sender.finish());
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

CopyLosses send_archive(Errand& sender, sys::Fd stream, const CopyWatch& watch) {
  write_out(stream.get(), watch);
  stream.reset();
  return add_losses({}, sender.finish());
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

CopyLosses copy_out(const Visited& visited, const Copying& what) {
  const plan::Plan reading = plan_inside(visited, ErrandWork::read), writing = plan_outside(visited, ErrandWork::write);
  sys::FdPair sent = make_stream();
  Errand sender(reading, ends_of(visited, reading, sent.second, what, reads_inside), [&](const Errand::Confine&) {
    return render_losses(layer::send_copy({.from = inside(what.source), .name = what.name, .named = what.target == "-", .follow = what.follow}, sent.second.get()));
  });
  sent.second.reset();
  sys::Fd from = std::move(sent.first);  // closed before the sender is waited for, whatever fails
  if (what.target == "-") return send_archive(sender, std::move(from), what.watch);
  sys::FdPair passed = make_stream();
  Errand receiver(writing, ends_of(visited, writing, passed.first, what, writes_outside), [&](const Errand::Confine& confine) {
    return render_losses(layer::receive_copy(passed.first.get(), {.to = {what.target}, .name = what.name, .archive = what.archive, .confine = confine}));
  });
  passed.first.reset();
  return carry(sender, std::move(from), std::move(passed.second), receiver, what.watch);
}

CopyLosses copy_in(const Visited& visited, const Copying& what, const Environment& environment) {
  const plan::Plan writing = plan_inside(visited, ErrandWork::write), reading = plan_outside(visited, ErrandWork::read);
  sys::FdPair passed = make_stream();
  Errand receiver(writing, ends_of(visited, writing, passed.first, what, writes_inside), [&](const Errand::Confine& confine) {
    const bool entries = what.source == "-";
    return render_losses(layer::receive_copy(
        passed.first.get(), {.to = inside(what.target), .name = what.name, .archive = what.archive, .remembered = what.remembered, .entries = entries, .confine = confine}));
  });
  passed.first.reset();
  sys::Fd to = std::move(passed.second);  // closed before the receiver is waited for, whatever fails
  if (what.source == "-") return receive_archive(receiver, to, environment);
  sys::FdPair sent = make_stream();
  Errand sender(reading, ends_of(visited, reading, sent.second, what, reads_outside), [&](const Errand::Confine&) {
    return render_losses(layer::send_copy({.from = {what.source}, .name = what.name, .follow = what.follow}, sent.second.get()));
  });
  sent.second.reset();
  return carry(sender, std::move(sent.first), std::move(to), receiver, what.watch);
}

}  // namespace snug::commands
