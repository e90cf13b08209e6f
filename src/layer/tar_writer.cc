#include "tar_writer.hh"

#include <algorithm>
#include <array>
#include <cstring>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::layer {
namespace {

constexpr std::size_t block = 512, buffer_size = std::size_t{256} << 10U;
constexpr std::size_t longest_name = 100;
constexpr std::int64_t largest_id = 07777777, largest_number = 077777777777;

// The fields of a ustar header, each with its place.
class Header {
 public:
  void text(std::size_t at, std::string_view value) { std::memcpy(bytes_.data() + at, value.data(), value.size()); }
  void octal(std::size_t at, std::size_t digits, std::int64_t value) { text(at, format("{:0{}o}", value, digits)); }

  [[nodiscard]] std::string_view finish() {
    constexpr std::size_t sum_at = 148, sum_size = 8;
    std::memset(bytes_.data() + sum_at, ' ', sum_size);
    unsigned sum = 0;
    for (const char byte : bytes_) sum += static_cast<unsigned char>(byte);
    text(sum_at, format("{:06o}", sum));
    bytes_[sum_at + 6] = '\0';
    return {bytes_.data(), bytes_.size()};
  }

 private:
  std::array<char, block> bytes_{};
};

char type_of(const Entry& entry) {
  switch (entry.kind) {
    case Kind::folder: return '5';
    case Kind::symlink: return '2';
    case Kind::hard_link: return '1';
    case Kind::fifo: return '6';
    case Kind::device: return entry.block ? '4' : '3';
    default: return '0';
  }
}

// "LENGTH KEY=VALUE\n", where the length counts its own digits.
std::string record(std::string_view key, std::string_view value) {
  const std::size_t rest = key.size() + value.size() + 3;
  std::size_t length = rest + 1;
  while (length != rest + format("{}", length).size()) length = rest + format("{}", length).size();
  std::string text = format("{} ", length);
  text.append(key).append("=").append(value).append("\n");
  return text;
}

std::string time_text(const timespec& time) {
  if (time.tv_nsec == 0) return format("{}", time.tv_sec);
  if (time.tv_sec >= 0) return format("{}.{:09}", time.tv_sec, time.tv_nsec);
  // Before 1970 the kernel counts up from the second before.
  return format("-{}.{:09}", -(time.tv_sec + 1), 1'000'000'000 - time.tv_nsec);
}

bool fits(const timespec& time) { return time.tv_nsec == 0 && time.tv_sec >= 0 && time.tv_sec <= largest_number; }

std::string records_of(const Entry& entry, std::int64_t size) {
  std::string records;
  if (entry.name.size() > longest_name) records += record("path", entry.name);
  if (entry.link.size() > longest_name) records += record("linkpath", entry.link);
  if (size > largest_number) records += record("size", format("{}", size));
  if (entry.uid > largest_id) records += record("uid", format("{}", entry.uid));
  if (entry.gid > largest_id) records += record("gid", format("{}", entry.gid));
  if (!fits(entry.time)) records += record("mtime", time_text(entry.time));
  for (const Xattr& xattr : entry.xattrs) records += record(format("SCHILY.xattr.{}", xattr.name), xattr.value);
  return records;
}

}  // namespace

TarWriter::TarWriter(int fd) : fd_(fd) { buffer_.reserve(buffer_size); }

void TarWriter::add(const Entry& entry) { add(entry, {}, entry.kind == Kind::file ? entry.size : 0); }

void TarWriter::add_sparse(const Entry& entry, const std::vector<Segment>& segments) {
  std::string map = format("{}\n", segments.size());
  std::int64_t size = 0;
  for (const Segment& segment : segments) {
    map += format("{}\n{}\n", segment.offset, segment.size);
    size += segment.size;
  }
  map.resize((map.size() + block - 1) / block * block);
  Entry stored = entry;
  stored.name = "GNUSparseFile/" + entry.name.substr(entry.name.rfind('/') + 1).substr(0, 80);
  add(stored, record("GNU.sparse.major", "1") + record("GNU.sparse.minor", "0") + record("GNU.sparse.name", entry.name) +
                  record("GNU.sparse.realsize", format("{}", entry.size)),
      size + static_cast<std::int64_t>(map.size()));
  write(map);
}

void TarWriter::add(const Entry& entry, std::string records, std::int64_t size) {
  records += records_of(entry, size);
  if (!records.empty()) {
    add_header({.name = "././@PaxHeader", .mode = 0644}, 'x', static_cast<std::int64_t>(records.size()));
    write(records);
    end_file();
  }
  add_header(entry, type_of(entry), size);
}

void TarWriter::add_header(const Entry& entry, char type, std::int64_t size) {
  Header header;
  header.text(0, std::string_view(entry.name).substr(0, longest_name));
  header.octal(100, 7, entry.mode);
  header.octal(108, 7, std::min(entry.uid, largest_id));
  header.octal(116, 7, std::min(entry.gid, largest_id));
  header.octal(124, 11, std::min(size, largest_number));
  header.octal(136, 11, std::clamp<std::int64_t>(entry.time.tv_sec, 0, largest_number));
  header.text(156, {&type, 1});
  header.text(157, std::string_view(entry.link).substr(0, longest_name));
  header.text(257, std::string_view("ustar\00000", 8));
  if (entry.kind == Kind::device) {
    header.octal(329, 7, std::min<std::int64_t>(entry.major, largest_id));
    header.octal(337, 7, std::min<std::int64_t>(entry.minor, largest_id));
  }
  write(header.finish());
}

void TarWriter::write(std::string_view data) {
  written_ += data.size();
  if (buffer_.size() + data.size() > buffer_size) flush();
  if (data.size() < buffer_size) {
    buffer_.append(data);
  } else if (const int error = sys::write_all(fd_, data)) {
    throw system_error("write the archive", error);
  }
}

void TarWriter::end_file() {
  static constexpr std::array<char, block> zeros{};
  write({zeros.data(), (block - written_ % block) % block});
}

void TarWriter::flush() {
  if (const int error = sys::write_all(fd_, buffer_)) throw system_error("write the archive", error);
  buffer_.clear();
}

void TarWriter::finish() {
  write(std::string(2 * block, '\0'));
  flush();
}

}  // namespace snug::layer
