#include "tar_reader.hh"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "name.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"

namespace snug::layer {
namespace {

constexpr std::size_t block = 512, buffer_size = std::size_t{256} << 10U;
constexpr std::uint64_t largest_records = std::uint64_t{2} << 20U;
constexpr std::size_t most_segments = 10001;
constexpr std::string_view xattr_prefix = "SCHILY.xattr.";

std::uint64_t padding_of(std::uint64_t size) { return (block - size % block) % block; }

std::string_view text(std::string_view header, std::size_t at, std::size_t size) {
  const std::string_view field = header.substr(at, size);
  return field.substr(0, field.find('\0'));
}

std::optional<std::int64_t> parse_octal(std::string_view digits) {
  std::int64_t value = 0;
  for (const char digit : digits) {
    if (digit < '0' || digit > '7' || value >> 59U) return {};
    value = value * 8 + (digit - '0');
  }
  return value;
}

std::optional<Kind> kind_of(char type) {
  switch (type) {
    case '0': return Kind::file;
    case '1': return Kind::hard_link;
    case '2': return Kind::symlink;
    case '3':
    case '4': return Kind::device;
    case '5': return Kind::folder;
    case '6': return Kind::fifo;
    default: return {};
  }
}

std::optional<timespec> parse_time(std::string_view words) {
  const bool before = words.starts_with('-');
  const std::string_view digits = before ? words.substr(1) : words;
  const std::size_t point = digits.find('.');
  const auto seconds = parse_number(digits.substr(0, point));
  long nanoseconds = 0;
  if (point != std::string_view::npos) {
    if (digits.size() != point + 10) return {};
    for (const char digit : digits.substr(point + 1)) {
      if (digit < '0' || digit > '9') return {};
      nanoseconds = nanoseconds * 10 + (digit - '0');
    }
  }
  if (!seconds || *seconds > INT64_MAX - 1) return {};
  const auto whole = static_cast<time_t>(*seconds);
  if (!before) return timespec{whole, nanoseconds};
  return nanoseconds ? timespec{-whole - 1, 1'000'000'000 - nanoseconds} : timespec{-whole, 0};
}

}  // namespace

TarReader::TarReader(int fd) : fd_(fd), buffer_(buffer_size, '\0') {}

bool TarReader::next(Entry& entry) {
  skip();
  records_.clear();
  segments_.clear();
  while (true) {
    const std::string header(take(block));
    if (header.find_first_not_of('\0') == std::string::npos) return false;
    const auto size = parse_octal(text(header, 124, 12)), mode = parse_octal(text(header, 100, 8));
    const auto uid = parse_octal(text(header, 108, 8)), gid = parse_octal(text(header, 116, 8)), time = parse_octal(text(header, 136, 12));
    if (!size || !mode || !uid || !gid || !time || header.substr(257, 5) != "ustar") fail_damaged();
    if (header[156] == 'x') {
      read_records(static_cast<std::uint64_t>(*size));
      continue;
    }
    const auto kind = kind_of(header[156]);
    if (!kind) fail_damaged();
    entry = {.kind = *kind, .name = std::string(text(header, 0, 100)), .link = std::string(text(header, 157, 100)), .uid = *uid, .gid = *gid,
             .mode = static_cast<unsigned>(*mode) & 07777U, .time = {*time, 0}, .size = *size};
    apply_records(entry);
    return true;
  }
}

void TarReader::apply_records(Entry& entry) {
  const auto number = [&](std::string_view key, std::int64_t& value) {
    const auto found = records_.find(key);
    if (found == records_.end()) return false;
    const auto parsed = parse_number(found->second);
    if (!parsed || *parsed > INT64_MAX) fail_damaged();
    value = static_cast<std::int64_t>(*parsed);
    return true;
  };
  if (const auto path = records_.find("path"); path != records_.end()) entry.name = path->second;
  if (const auto path = records_.find("GNU.sparse.name"); path != records_.end()) entry.name = path->second;
  if (const auto link = records_.find("linkpath"); link != records_.end()) entry.link = link->second;
  name_ = entry.name;
  static_cast<void>(number("uid", entry.uid));
  static_cast<void>(number("gid", entry.gid));
  static_cast<void>(number("size", entry.size));
  if (const auto time = records_.find("mtime"); time != records_.end()) {
    const auto parsed = parse_time(time->second);
    if (!parsed) fail_damaged();
    entry.time = *parsed;
  }
  for (const auto& [key, value] : records_)
    if (key.starts_with(xattr_prefix)) entry.xattrs.push_back({std::string_view(key).substr(xattr_prefix.size()), value});
  left_ = static_cast<std::uint64_t>(entry.size);
  padding_ = padding_of(left_);
  segment_ = 0;
  if (number("GNU.sparse.realsize", entry.size))
    read_map(entry);
  else if (entry.size > 0)
    segments_.push_back({0, entry.size});
}

// "LENGTH KEY=VALUE\n"
void TarReader::read_records(std::uint64_t size) {
  if (size > largest_records) fail_damaged();
  std::string all;
  for (std::uint64_t left = size; left > 0;) {
    const std::string_view piece = take_some(left);
    all += piece;
    left -= piece.size();
  }
  static_cast<void>(take(padding_of(size)));
  for (std::string_view rest = all; !rest.empty();) {
    const std::size_t blank = rest.find(' ');
    const auto length = parse_number(rest.substr(0, blank));
    if (!length || *length <= blank + 2 || *length > rest.size() || rest[*length - 1] != '\n') fail_damaged();
    const std::string_view pair = rest.substr(blank + 1, *length - blank - 2);
    const std::size_t equals = pair.find('=');
    if (equals == std::string_view::npos) fail_damaged();
    records_.insert_or_assign(std::string(pair.substr(0, equals)), std::string(pair.substr(equals + 1)));
    rest.remove_prefix(*length);
  }
}

// The pieces of a file with holes, in front of its contents: their count, then offset and size of each, a line a number.
void TarReader::read_map(Entry& entry) {
  std::string map;
  const auto next_number = [&] {
    std::size_t end = 0;
    while ((end = map.find('\n')) == std::string::npos) {
      if (left_ < block || map.size() > block) fail_damaged();
      map += take(block);
      left_ -= block;
    }
    const auto number = parse_number(std::string_view(map).substr(0, end));
    if (!number || *number > INT64_MAX) fail_damaged();
    map.erase(0, end + 1);
    return static_cast<std::int64_t>(*number);
  };
  const std::int64_t count = next_number();
  if (count > static_cast<std::int64_t>(most_segments)) fail_damaged();
  std::uint64_t total = 0;
  for (std::int64_t at = 0; at < count; ++at) {
    const std::int64_t offset = next_number(), size = next_number();
    if (offset > entry.size || size > entry.size - offset) fail_damaged();
    total += static_cast<std::uint64_t>(size);
    segments_.push_back({offset, size});
  }
  if (total != left_) fail_damaged();
}

bool TarReader::read(Block& into) {
  while (segment_ < segments_.size() && segments_[segment_].size == 0) ++segment_;
  if (segment_ == segments_.size()) return false;
  Segment& segment = segments_[segment_];
  const std::string_view piece = take_some(static_cast<std::uint64_t>(segment.size));
  into = {piece, segment.offset};
  const auto size = static_cast<std::int64_t>(piece.size());
  segment.offset += size;
  segment.size -= size;
  left_ -= piece.size();
  return true;
}

void TarReader::skip() {
  for (std::uint64_t rest = std::exchange(left_, 0) + std::exchange(padding_, 0); rest > 0;) rest -= take_some(rest).size();
}

std::string_view TarReader::take(std::size_t size) {
  if (end_ - at_ < size) {
    std::memmove(buffer_.data(), buffer_.data() + at_, end_ - at_);
    end_ -= std::exchange(at_, 0);
    while (end_ < size)
      if (!fill()) fail_damaged();
  }
  return {buffer_.data() + std::exchange(at_, at_ + size), size};
}

std::string_view TarReader::take_some(std::uint64_t most) {
  if (at_ == end_) {
    at_ = end_ = 0;
    if (!fill()) fail_damaged();
  }
  const std::size_t size = std::min<std::uint64_t>(most, end_ - at_);
  return {buffer_.data() + std::exchange(at_, at_ + size), size};
}

bool TarReader::fill() {
  ssize_t count = 0;
  do count = ::read(fd_, buffer_.data() + end_, buffer_.size() - end_);
  while (count < 0 && errno == EINTR);
  if (count < 0) throw system_error("read what is copied", errno);
  end_ += static_cast<std::size_t>(count);
  return count > 0;
}

void TarReader::fail_damaged() const {
  throw Error(name_.empty() ? std::string("what is copied ends before its beginning") : format("what is copied ends in or after {}", shown(name_)));
}

}  // namespace snug::layer
