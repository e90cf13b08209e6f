#include "archive.hh"

#include <archive.h>
#include <archive_entry.h>
#include <iconv.h>
#include <sys/stat.h>

#include <array>
#include <cerrno>
#include <new>

#include "name.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"

// Names are bytes. The C library would open what it converts them with, tables and libraries, in the tree that a
// stranger fills. Where no conversion can be had libarchive gives the bytes as they are, with a warning.
extern "C" {
iconv_t iconv_open(const char* /*to*/, const char* /*from*/) {
  errno = EINVAL;
  return reinterpret_cast<iconv_t>(-1);
}

size_t iconv(iconv_t /*conversion*/, char** /*in*/, size_t* /*in_left*/, char** /*out*/, size_t* /*out_left*/) {
  errno = EBADF;
  return static_cast<size_t>(-1);
}

int iconv_close(iconv_t /*conversion*/) {
  errno = EBADF;
  return -1;
}
}

namespace snug::layer {
namespace {

constexpr std::size_t read_size = std::size_t{256} << 10U;

constexpr std::array filters{archive_read_support_filter_gzip, archive_read_support_filter_bzip2,
                             archive_read_support_filter_xz,   archive_read_support_filter_lzma,
                             archive_read_support_filter_lzip, archive_read_support_filter_zstd,
                             archive_read_support_filter_lz4,  archive_read_support_filter_compress};

void enable(archive* archive, Form form) {
  bool good = archive_read_support_format_tar(archive) == ARCHIVE_OK;
  if (form == Form::layer) {
    // Some programs write a layer without anything in it as no bytes at all.
    if (!good || archive_read_support_format_empty(archive) != ARCHIVE_OK) throw std::bad_alloc();
    return;
  }
  // A libarchive without the library for a filter warns, and then starts a program by its name.
  for (const auto filter : filters) good = filter(archive) == ARCHIVE_OK && good;
  if (!good) throw Error("this build lacks a decompression library");
}

bool is_folder(int fd) {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && S_ISDIR(status.st_mode);
}

// The one warning that is none: the name was left as it is, as it should be.
bool is_unconverted_name(archive* archive) {
  const char* text = archive_error_string(archive);
  return text && std::string_view(text).ends_with("can't be converted from UTF-8 to current locale.");
}

std::string text_of(const char* text) { return text ? text : ""; }

Kind kind_of(archive_entry* entry, std::string_view name) {
  if (archive_entry_hardlink(entry)) return Kind::hard_link;
  switch (archive_entry_filetype(entry)) {
    case AE_IFREG: return name.ends_with('/') ? Kind::folder : Kind::file;  // as tars without folders write them
    case AE_IFDIR: return Kind::folder;
    case AE_IFLNK: return Kind::symlink;
    case AE_IFIFO: return Kind::fifo;
    case AE_IFCHR:
    case AE_IFBLK: return Kind::device;
    case AE_IFSOCK: return Kind::socket;
    default: throw Error(format("{} is of an unknown kind", shown(name)));
  }
}

void take_xattrs(archive_entry* from, std::vector<Xattr>& to) {
  to.clear();
  archive_entry_xattr_reset(from);
  const char* name = nullptr;
  const void* value = nullptr;
  std::size_t size = 0;
  while (archive_entry_xattr_next(from, &name, &value, &size) == ARCHIVE_OK)
    to.push_back({name, {static_cast<const char*>(value), size}});
}

void take_segments(archive_entry* from, std::vector<Segment>& to) {
  to.clear();
  // Of a file that is one segment from end to end the library drops the list, and its own place in it leads nowhere.
  if (archive_entry_sparse_reset(from) == 0) return;
  la_int64_t offset = 0, size = 0;
  while (archive_entry_sparse_next(from, &offset, &size) == ARCHIVE_OK) to.push_back({offset, size});
}

// Of a time before 1970 the library gives the digits as they stand; the kernel counts up from the second before.
timespec time_of(archive_entry* entry) {
  constexpr long second = 1'000'000'000;
  const timespec time{archive_entry_mtime(entry), archive_entry_mtime_nsec(entry)};
  return time.tv_sec < 0 && time.tv_nsec > 0 ? timespec{time.tv_sec - 1, second - time.tv_nsec} : time;
}

void take(archive_entry* from, Entry& to) {
  to.name = text_of(archive_entry_pathname(from));
  to.kind = kind_of(from, to.name);
  to.link = text_of(to.kind == Kind::hard_link ? archive_entry_hardlink(from) : archive_entry_symlink(from));
  to.uid = archive_entry_uid(from);
  to.gid = archive_entry_gid(from);
  to.mode = archive_entry_perm(from) & 07777U;
  to.block = archive_entry_filetype(from) == AE_IFBLK;
  to.major = static_cast<std::uint32_t>(archive_entry_rdevmajor(from));
  to.minor = static_cast<std::uint32_t>(archive_entry_rdevminor(from));
  to.time = time_of(from);
  to.size = archive_entry_size(from);
  take_xattrs(from, to.xattrs);
  take_segments(from, to.segments);
}

}  // namespace

Archive::Archive(int fd, Form form)
    : archive_(archive_read_new(), archive_read_free), entry_(archive_entry_new(), archive_entry_free) {
  if (!archive_ || !entry_) throw std::bad_alloc();
  enable(archive_.get(), form);
  if (is_folder(fd)) throw Error("it is a folder, no archive");
  if (archive_read_open_fd(archive_.get(), fd, read_size) != ARCHIVE_OK) fail("");
}

bool Archive::next(Entry& entry) {
  const int result = archive_read_next_header2(archive_.get(), entry_.get());
  if (result == ARCHIVE_EOF) return false;
  if (result != ARCHIVE_OK && !(result == ARCHIVE_WARN && is_unconverted_name(archive_.get()))) fail("after");
  take(entry_.get(), entry);
  name_ = entry.name;
  return true;
}

bool Archive::read(Block& block) {
  const void* data = nullptr;
  std::size_t size = 0;
  la_int64_t offset = 0;
  const int result = archive_read_data_block(archive_.get(), &data, &size, &offset);
  if (result == ARCHIVE_EOF) return false;
  if (result != ARCHIVE_OK) fail("in");
  block = {{static_cast<const char*>(data), size}, offset};
  return true;
}

void Archive::fail(std::string_view where) const {
  const int error = archive_errno(archive_.get());
  // A file that ends where the library has not thought of it is an error without a text.
  const char* given = archive_error_string(archive_.get());
  const std::string text = given ? given : "it ends too early";
  if (text == "Unrecognized archive format")
    throw Error("it is no tar archive, plain or compressed with gzip, bzip2, xz, lzma, lzip, zstd, lz4 or compress");
  if (text.starts_with("Error reading")) throw Error(format("it cannot be read: {}", errno_text(error)));
  if (error == ENOMEM) throw Error(format("it asks for more memory than there is: {}", printable(text)));
  if (name_.empty()) throw Error(format("it is damaged: {}", printable(text)));
  throw Error(format("it is damaged {} {}: {}", where, shown(name_), printable(text)));
}

}  // namespace snug::layer
