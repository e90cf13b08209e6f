#include "visitor.hh"

#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "snug/sys/process.hh"

namespace snug::runtime {
namespace {

constexpr std::size_t longest_queue = 262144;
constexpr std::int64_t longest_wait = 2'000'000'000;

bool is_output(const std::string& packet) {
  return packet[0] == static_cast<char>(Word::output) || packet[0] == static_cast<char>(Word::error);
}

}  // namespace

void Visitor::tell(SharedPacket packet) {
  if (!socket_) return;
  if (queue_.empty()) progress_ = sys::monotonic_time();
  queued_ += packet->size();
  queue_.push_back(std::move(packet));
  if (!lost_) static_cast<void>(drain());
}

void Visitor::show(const SharedPacket& packet) {
  if (lost_)
    lost_ += packet->size() - 1;
  else
    tell(packet);
}

bool Visitor::drain() {
  while (!queue_.empty()) {
    const std::string& packet = *queue_.front();
    if (::send(socket_.get(), packet.data(), packet.size(), MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
      if (errno != EAGAIN && errno != EINTR) leave();
      return false;
    }
    progress_ = sys::monotonic_time();
    queued_ -= packet.size();
    queue_.pop_front();
  }
  if (!lost_) return false;
  const std::string packet = make_packet(Word::lost, std::exchange(lost_, 0));
  tell(packet);
  return true;
}

bool Visitor::delays() const { return socket_ && !lost_ && queued_ >= longest_queue; }

int Visitor::patience() const {
  if (wish_.patient) return -1;
  const std::int64_t left = longest_wait - static_cast<std::int64_t>(sys::monotonic_time() - progress_);
  return static_cast<int>(std::max<std::int64_t>(0, (left + 999'999) / 1'000'000));
}

void Visitor::lose_patience() {
  for (auto each = queue_.begin(); each != queue_.end();) {
    if (!is_output(**each)) {
      ++each;
      continue;
    }
    lost_ += (*each)->size() - 1;
    queued_ -= (*each)->size();
    each = queue_.erase(each);
  }
}

// What the kernel keeps for it is read after we have gone, and by now it may be full: it takes twice as much of who asks for all there is.
void Visitor::part(SharedPacket packet) {
  const int most = 1 << 30;
  ::setsockopt(socket_.get(), SOL_SOCKET, SO_SNDBUF, &most, sizeof most);
  lose_patience();
  static_cast<void>(drain());
  tell(std::move(packet));
  leave();
}

}  // namespace snug::runtime
