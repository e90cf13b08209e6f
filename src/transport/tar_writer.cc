#include "tar_writer.hh"

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"
#include "tar_header.hh"

namespace snug::transport {

void TarWriter::add(const std::string& name, std::uint64_t size, const std::function<void(const Sink&)>& read) {
  const std::lock_guard lock(mutex_);
  if (!names_.insert(name).second) return;
  write(render_tar_header(name, size));
  std::uint64_t written = 0;
  read([&](std::string_view bytes) {
    written += bytes.size();
    if (written > size) throw Error(format("{} grew while it was read", quoted(name)));
    write(bytes);
  });
  if (written != size) throw Error(format("{} has {} bytes instead of {}", quoted(name), written, size));
  write(std::string(tar_padding(size), '\0'));
}

void TarWriter::add(const std::string& name, std::string_view content) {
  add(name, content.size(), [&](const Sink& sink) { sink(content); });
}

bool TarWriter::has(const std::string& name) {
  const std::lock_guard lock(mutex_);
  return names_.contains(name);
}

void TarWriter::end() { write(std::string(2 * tar_block, '\0')); }

void TarWriter::write(std::string_view bytes) const {
  if (const int error = sys::write_all(fd_, bytes)) throw system_error("write the archive", error);
}

}  // namespace snug::transport
