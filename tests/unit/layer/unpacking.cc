#include "unpacking.hh"

#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>

#include "snug/base/error.hh"
#include "snug/layer/pack.hh"
#include "snug/sys/file.hh"

namespace snug::test {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> list(const std::string& folder) {
  std::vector<std::string> lines;
  for (const auto& entry : fs::recursive_directory_iterator(folder, fs::directory_options::skip_permission_denied))
    lines.push_back(entry.path().string().substr(folder.size() + 1));
  std::sort(lines.begin(), lines.end());
  return lines;
}

void open_up(const std::string& folder) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (!fs::is_directory(entry.symlink_status())) continue;
    ::chmod(entry.path().c_str(), 0700);
    open_up(entry.path());
  }
}

}  // namespace

Target::Target() {
  std::string pattern = std::string(std::getenv("HOME")) + "/unpack.XXXXXX";
  if (!::mkdtemp(pattern.data())) throw std::runtime_error("mkdtemp " + pattern);
  base_ = pattern;
  path_ = base_ + "/target";
  fs::create_directories(path_);
  fs::create_directories(outside() + "/folder");
  const sys::Fd file = sys::open(AT_FDCWD, outside() + "/canary", O_WRONLY | O_CREAT, 0644);
  static_cast<void>(sys::write_all(file.get(), "sings"));
  before_ = canary();
}

Target::~Target() {
  ::chmod(path_.c_str(), 0700);
  std::error_code ignored;
  open_up(path_);
  fs::remove_all(base_, ignored);
}

layer::Unpacked Target::unpack(const std::string& bytes, const layer::Limits& limits) const {
  return unpack(bytes, layer::Form::tree, limits);
}

layer::Unpacked Target::unpack_layer(const std::string& bytes, const layer::Limits& limits) const {
  return unpack(bytes, layer::Form::layer, limits);
}

layer::Unpacked Target::unpack(const std::string& bytes, layer::Form form, const layer::Limits& limits) const {
  const sys::Fd file(::memfd_create("archive", MFD_CLOEXEC));
  if (sys::write_all(file.get(), bytes) != 0 || ::lseek(file.get(), 0, SEEK_SET) != 0) throw std::runtime_error("memfd");
  const sys::Fd target = sys::open(AT_FDCWD, path_, O_RDONLY | O_DIRECTORY);
  return layer::unpack(file.get(), target.get(), form, limits);
}

layer::Unpacked Target::unpack_pipe(const std::string& bytes, layer::Form form) const {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
  sys::Fd out(ends[0]), in(ends[1]);
  const pid_t pid = ::fork();
  if (pid == 0) {
    constexpr std::size_t odd = 701;
    for (std::size_t at = 0; at < bytes.size(); at += odd)
      if (sys::write_all(in.get(), std::string_view(bytes).substr(at, odd)) != 0) break;
    ::_exit(0);
  }
  in.reset();
  const sys::Fd target = sys::open(AT_FDCWD, path_, O_RDONLY | O_DIRECTORY);
  const layer::Unpacked done = layer::unpack(out.get(), target.get(), form);
  out.reset();
  ::waitpid(pid, nullptr, 0);
  return done;
}

std::string Target::pack(layer::Form form, const std::vector<std::string>& left_out) const {
  const sys::Fd file(::memfd_create("archive", MFD_CLOEXEC));
  const sys::Fd target = sys::open(AT_FDCWD, path_, O_RDONLY | O_DIRECTORY);
  static_cast<void>(layer::pack(target.get(), file.get(), form, left_out));
  if (::lseek(file.get(), 0, SEEK_SET) != 0) throw std::runtime_error("memfd");
  return sys::read_all(file.get(), std::size_t{1} << 30U);
}

std::vector<std::string> Target::listing() const {
  std::vector<std::string> lines;
  std::vector<std::string> all = names();
  all.emplace_back();
  for (const std::string& name : all) {
    const auto found = *status(name);
    const timespec time = S_ISCHR(found.st_mode) ? timespec{} : found.st_mtim;  // whiteouts have none
    std::string line = format("{} {:o} {}:{} {}.{} {} {}", name, found.st_mode, found.st_uid, found.st_gid, time.tv_sec, time.tv_nsec, S_ISDIR(found.st_mode) ? 0 : found.st_size, S_ISDIR(found.st_mode) ? 0 : found.st_nlink);
    if (S_ISLNK(found.st_mode)) line += " -> " + link(name);
    if (S_ISREG(found.st_mode) && found.st_size < 100000) line += " " + text(name);
    for (const char* key : {"user.note", "user.overlay.opaque", "user.snug.owner", "security.capability"})
      if (const auto value = xattr(name, key)) line += format(" {}={}", key, *value);
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string Target::refusal(const std::string& bytes, const layer::Limits& limits) const {
  return refusal(bytes, layer::Form::tree, limits);
}

std::string Target::layer_refusal(const std::string& bytes) const { return refusal(bytes, layer::Form::layer, {}); }

std::string Target::refusal(const std::string& bytes, layer::Form form, const layer::Limits& limits) const {
  std::string message;
  try {
    static_cast<void>(unpack(bytes, form, limits));
  } catch (const Error& error) {
    message = error.message();
  }
  if (!canary_lives()) throw std::logic_error("the canary is dead");
  return message;
}

std::optional<struct stat> Target::status(const std::string& name) const {
  return sys::find_status(AT_FDCWD, (path_ + "/" + name).c_str());
}

unsigned Target::mode(const std::string& name) const {
  const auto found = status(name);
  return found ? found->st_mode : 0;
}

std::string Target::text(const std::string& name) const {
  return sys::find_file_text((path_ + "/" + name).c_str()).value_or("(none)");
}

std::string Target::link(const std::string& name) const {
  return sys::find_link(AT_FDCWD, (path_ + "/" + name).c_str()).value_or("(none)");
}

std::optional<std::string> Target::xattr(const std::string& name, const std::string& key) const {
  char value[256];
  const ssize_t size = ::lgetxattr((path_ + "/" + name).c_str(), key.c_str(), value, sizeof value);
  if (size < 0) return {};
  return std::string(value, static_cast<std::size_t>(size));
}

std::vector<std::string> Target::names() const { return list(path_); }

std::vector<std::string> Target::canary() const {
  std::vector<std::string> lines;
  for (const std::string& name : list(outside())) {
    const auto found = sys::find_status(AT_FDCWD, (outside() + "/" + name).c_str());
    lines.push_back(format("{} {:o} {} {} {}.{}", name, found->st_mode, found->st_nlink, found->st_size,
                           found->st_mtim.tv_sec, found->st_mtim.tv_nsec));
  }
  for (const auto& entry : fs::directory_iterator(base_)) lines.push_back(entry.path());
  std::sort(lines.begin(), lines.end());
  lines.push_back(sys::find_file_text((outside() + "/canary").c_str()).value_or(""));
  return lines;
}

bool Target::canary_lives() const { return canary() == before_; }

std::string compressed(const std::string& bytes, const std::string& filter) {
  if (filter == "none") return bytes;
  std::string out(bytes.size() + (std::size_t{1} << 20U), '\0');
  std::size_t used = 0;
  archive* writer = archive_write_new();
  const bool good = archive_write_set_format_raw(writer) == ARCHIVE_OK &&
                    archive_write_add_filter_by_name(writer, filter.c_str()) == ARCHIVE_OK &&
                    archive_write_set_bytes_per_block(writer, 0) == ARCHIVE_OK &&
                    archive_write_open_memory(writer, out.data(), out.size(), &used) == ARCHIVE_OK;
  archive_entry* entry = archive_entry_new();
  archive_entry_set_filetype(entry, AE_IFREG);
  const bool written = good && archive_write_header(writer, entry) == ARCHIVE_OK &&
                       archive_write_data(writer, bytes.data(), bytes.size()) >= 0 &&
                       archive_write_close(writer) == ARCHIVE_OK;
  archive_entry_free(entry);
  archive_write_free(writer);
  if (!written) throw std::runtime_error("cannot compress with " + filter);
  out.resize(used);
  return out;
}

}  // namespace snug::test
