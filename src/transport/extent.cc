#include "extent.hh"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

#include "pipeline.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"

namespace snug::transport {

void read_extent(const Extent& extent, std::uint64_t from, const Sink& sink) {
  const auto buffer = std::make_unique_for_overwrite<char[]>(piece_size);
  while (from < extent.size) {
    const std::size_t wanted = std::min<std::uint64_t>(piece_size, extent.size - from);
    const ssize_t count = ::pread(extent.file, buffer.get(), wanted, static_cast<off_t>(extent.offset + from));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw system_error("read a file", errno);
    if (count == 0) return;
    sink({buffer.get(), static_cast<std::size_t>(count)});
    from += static_cast<std::uint64_t>(count);
  }
}

std::string read_text(const Extent& extent, std::uint64_t limit) {
  if (extent.size > limit) throw Error(format("it is larger than {} bytes", limit));
  std::string text;
  read_extent(extent, 0, [&](std::string_view bytes) { text += bytes; });
  return text;
}

}  // namespace snug::transport
