#include "denial_log.hh"

#include <unistd.h>

#include <algorithm>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::net {
namespace {

constexpr std::size_t most_bytes = 65536, most_repeated = 256;
constexpr std::int64_t pause = 10;  // seconds between two lines that say the same

}  // namespace

DenialLog::DenialLog(int file) : file_(file) {
  if (file_ < 0 || ::lseek(file_, 0, SEEK_SET) < 0) return;
  for (const Denial& denial : parse_denials(sys::read_all(file_))) {
    number_ = std::max(number_, denial.number);
    lines_.push_back(render_denial(denial));
    size_ += lines_.back().size();
  }
  rewrite();
}

void DenialLog::note(Denial denial, std::int64_t now) {
  denial.time = now;
  const auto same = std::find_if(repeated_.begin(), repeated_.end(), [&](const Repeated& each) { return each.denial.is_like(denial); });
  if (same != repeated_.end()) {
    ++same->denial.count;
    same->denial.time = now;
    return flush(now);
  }
  if (repeated_.size() >= most_repeated) flush(now, true);
  write(denial);
  denial.count = 0;
  repeated_.push_back({std::move(denial), now});
}

void DenialLog::flush(std::int64_t now, bool all) {
  std::erase_if(repeated_, [&](Repeated& each) {
    if (!all && now < each.written + pause) return false;
    if (each.denial.count == 0) return true;
    write(each.denial);
    each.denial.count = 0;
    each.written = now;
    return all;
  });
}

int DenialLog::patience() const {
  constexpr int milliseconds = 1000;
  const bool counts = std::any_of(repeated_.begin(), repeated_.end(), [](const Repeated& each) { return each.denial.count > 0; });
  return counts ? milliseconds : -1;
}

void DenialLog::write(Denial denial) {
  denial.number = ++number_;
  lines_.push_back(render_denial(denial));
  const std::size_t before = size_;
  size_ += lines_.back().size();
  if (size_ > most_bytes) return rewrite();
  if (file_ >= 0) static_cast<void>(sys::write_all_at(file_, lines_.back(), static_cast<std::int64_t>(before)));
}

// The older half goes. Whoever reads meanwhile knows by the numbers what he has seen.
void DenialLog::rewrite() {
  while (size_ > most_bytes / 2) {
    size_ -= lines_.front().size();
    lines_.pop_front();
  }
  if (file_ < 0) return;
  std::string text;
  for (const std::string& line : lines_) text += line;
  static_cast<void>(sys::write_all_at(file_, text, 0));
  if (::ftruncate(file_, static_cast<off_t>(text.size())) != 0) return;
}

}  // namespace snug::net
