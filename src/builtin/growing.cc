#include "growing.hh"

#include <array>

#include "files.hh"
#include "snug/base/text.hh"

namespace snug::builtin {
namespace {

constexpr std::size_t most_bytes = std::size_t{256} << 20U;

}  // namespace

GrowingText::GrowingText(const std::string& path, bool numbered) : file_(open_input(path)), numbered_(numbered) {}

void GrowingText::add(std::string line) {
  size_ += sizeof line;
  lines_.push_back(numbered_ ? format("{:>7} {}", lines_.size() + 1, line) : std::move(line));
}

void GrowingText::read() {
  std::array<char, 32768> buffer;
  std::size_t count = 0;
  try {
    count = read_some(file_.get(), buffer.data(), buffer.size());
  } catch (const Failure&) {
    file_.reset();
    throw;
  }
  waiting_.append(buffer.data(), count);
  size_ += count;
  std::size_t start = 0;
  for (std::size_t end = 0; (end = waiting_.find('\n', start)) != std::string::npos; start = end + 1) add(waiting_.substr(start, end - start));
  waiting_.erase(0, start);
  if (count && size_ < most_bytes) return;
  if (!waiting_.empty()) add(std::move(waiting_));
  file_.reset();
  if (count) throw Failure("the text is too large to be kept in memory");
}

}  // namespace snug::builtin
