#include "pipeline.hh"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "snug/base/error.hh"

namespace snug::transport {
namespace {

constexpr std::size_t queue_length = 8;  // 2 MiB

sys::Fd make_event() {
  sys::Fd event(::eventfd(0, EFD_CLOEXEC));
  if (!event) throw system_error("make an eventfd", errno);
  return event;
}

}  // namespace

void Gatherer::add(std::string_view bytes) {
  while (!bytes.empty()) {
    if (!buffer_) buffer_ = std::make_shared<Buffer>();
    const std::size_t count = std::min(bytes.size(), piece_size - buffer_->size);
    std::memcpy(buffer_->bytes.get() + buffer_->size, bytes.data(), count);
    buffer_->size += count;
    bytes.remove_prefix(count);
    if (buffer_->size == piece_size) flush();
  }
}

void Gatherer::flush() {
  if (buffer_) out_(std::exchange(buffer_, nullptr));
}

void Crew::fail() noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (!first_) first_ = std::current_exception();
  }
  stop_.request_stop();
}

void Crew::rethrow() const {
  const std::lock_guard lock(mutex_);
  if (first_) std::rethrow_exception(first_);
}

std::unique_ptr<Slot::Hold> Slot::take(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  if (!free_.wait(lock, stop, [&] { return !taken_; })) throw Stopped();
  auto hold = std::make_unique<Hold>(*this);
  taken_ = true;
  return hold;
}

void Slot::give_back() noexcept {
  const std::lock_guard lock(mutex_);
  taken_ = false;
  free_.notify_one();
}

std::jthread start_thread(Crew& crew, std::function<void()> work) {
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);  // a thread begins with the mask of who starts it
  std::jthread thread;
  try {
    thread = std::jthread([&crew, work = std::move(work)] {
      try {
        work();
      } catch (const Stopped&) {
      } catch (...) {
        crew.fail();
      }
    });
  } catch (...) {
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return thread;
}

Stage::Stage(Crew& crew, std::function<void(const Piece&)> work)
    : crew_(crew), work_(std::move(work)), thread_(start_thread(crew, [this] { run(); })) {}

Stage::~Stage() {
  const std::lock_guard lock(mutex_);
  queue_.clear();
  closed_ = true;
  changed_.notify_all();
}

void Stage::put(Piece piece) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait(lock, crew_.token(), [&] { return queue_.size() < queue_length; })) throw Stopped();
  crew_.check();
  queue_.push_back(std::move(piece));
  changed_.notify_all();
}

void Stage::finish() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    changed_.notify_all();
  }
  thread_.join();
  crew_.check();
}

Piece Stage::take() {
  std::unique_lock lock(mutex_);
  if (!changed_.wait(lock, crew_.token(), [&] { return closed_ || !queue_.empty(); })) throw Stopped();
  crew_.check();
  if (queue_.empty()) return nullptr;
  Piece piece = std::move(queue_.front());
  queue_.pop_front();
  changed_.notify_all();
  return piece;
}

void Stage::run() {
  while (const Piece piece = take()) work_(piece);
}

PipeWriter::PipeWriter(const Crew& crew, int pipe)
    : crew_(crew), pipe_(pipe), wake_(make_event()), on_stop_(crew.token(), [this] { ::eventfd_write(wake_.get(), 1); }) {
  ::fcntl(pipe, F_SETFL, ::fcntl(pipe, F_GETFL) | O_NONBLOCK);
}

bool PipeWriter::write(std::string_view bytes) {
  while (!bytes.empty()) {
    crew_.check();
    const ssize_t count = ::write(pipe_, bytes.data(), bytes.size());
    if (count >= 0) bytes.remove_prefix(static_cast<std::size_t>(count));
    else if (errno == EAGAIN) wait();
    else if (errno == EPIPE) return false;
    else if (errno != EINTR) throw system_error("write into a pipe", errno);
  }
  return true;
}

void PipeWriter::wait() const {
  pollfd events[]{{.fd = pipe_, .events = POLLOUT, .revents = 0}, {.fd = wake_.get(), .events = POLLIN, .revents = 0}};
  while (::poll(events, 2, -1) < 0)
    if (errno != EINTR) throw system_error("wait for a pipe", errno);
}

}  // namespace snug::transport
