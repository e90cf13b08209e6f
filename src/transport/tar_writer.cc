#include "tar_writer.hh"

#include <unistd.h>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::transport {

void TarWriter::add(const std::string& name, std::uint64_t size, const std::function<void(const Sink&)>& read) {
  const std::lock_guard lock(mutex_);
  if (!names_.insert(name).second) return;
  add_folders(name);
  write_header({.type = '0', .size = size, .name = name});
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

// skopeo unpacks such archives as they are, which an ordinary user can only where all is his.
void TarWriter::write_header(TarHeader header) const {
  header.uid = ::geteuid();
  header.gid = ::getegid();
  write(render_tar_header(header));
}

void TarWriter::add_folders(const std::string& name) {
  for (std::size_t slash = name.find('/'); slash != std::string::npos; slash = name.find('/', slash + 1))
    if (std::string folder = name.substr(0, slash + 1); names_.insert(folder).second) write_header({.type = '5', .name = std::move(folder)});
}

void TarWriter::write(std::string_view bytes) const {
  if (const int error = sys::write_all(fd_, bytes)) throw system_error("write the archive", error);
}

}  // namespace snug::transport
