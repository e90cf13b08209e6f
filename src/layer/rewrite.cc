#include <algorithm>
#include <array>
#include <cstdint>

#include "archive.hh"
#include "snug/layer/copy.hh"
#include "tar_writer.hh"

namespace snug::layer {
namespace {

/// The contents of an entry, in their order; between the pieces that the archive has there are zeros.
class Contents {
 public:
  explicit Contents(Archive& archive) : archive_(archive), there_(archive.read(block_)) {}

  void write(Segment segment, TarWriter& to) {
    while (segment.size > 0) {
      const std::string_view piece = piece_at(segment);
      to.write(piece);
      segment.offset += static_cast<std::int64_t>(piece.size());
      segment.size -= static_cast<std::int64_t>(piece.size());
    }
  }

 private:
  [[nodiscard]] std::int64_t end() const { return block_.offset + static_cast<std::int64_t>(block_.data.size()); }

  std::string_view piece_at(Segment wanted) {
    static constexpr std::array<char, 65536> zeros{};
    while (there_ && end() <= wanted.offset) there_ = archive_.read(block_);
    if (there_ && block_.offset <= wanted.offset)
      return block_.data.substr(static_cast<std::size_t>(wanted.offset - block_.offset), static_cast<std::size_t>(wanted.size));
    const std::int64_t gap = there_ ? std::min(wanted.size, block_.offset - wanted.offset) : wanted.size;
    return {zeros.data(), std::min(zeros.size(), static_cast<std::size_t>(gap))};
  }

  Archive& archive_;
  Block block_;
  bool there_;
};

// What no header has room for is no id of anybody's.
void limit(Entry& entry) {
  constexpr std::size_t most_segments = 10000;
  for (std::int64_t* id : {&entry.uid, &entry.gid})
    if (*id < 0 || *id > UINT32_MAX) *id = UINT32_MAX;
  if (entry.segments.size() > most_segments) entry.segments.clear();
}

void write_file(Archive& archive, const Entry& entry, TarWriter& to) {
  entry.segments.empty() ? to.add(entry) : to.add_sparse(entry, entry.segments);
  Contents contents(archive);
  if (entry.segments.empty()) contents.write({0, entry.size}, to);
  for (const Segment& segment : entry.segments) contents.write(segment, to);
  to.end_file();
}

}  // namespace

void rewrite_archive(int archive, int stream) {
  Archive from(archive, Form::tree);
  TarWriter to(stream);
  for (Entry entry; from.next(entry);) {
    limit(entry);
    if (entry.kind == Kind::device) entry.kind = Kind::fifo;  // neither is received
    if (entry.kind == Kind::file)
      write_file(from, entry, to);
    else
      to.add(entry);
  }
  to.finish();
}

}  // namespace snug::layer
