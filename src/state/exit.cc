#include "snug/state/exit.hh"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::state {
namespace {

constexpr std::string_view blank = "   \n";  // as long as any code: what is there already needs no more room

std::string path_of(const std::string& folder) { return folder + "/exit"; }
std::string new_path_of(const std::string& folder) { return folder + "/exit.new"; }

sys::Fd open_to_write(const std::string& folder) noexcept { return sys::try_open(AT_FDCWD, path_of(folder).c_str(), O_WRONLY | O_NOFOLLOW); }

}  // namespace

void prepare_exit(const std::string& path) {
  const std::string name = new_path_of(path);
  ::unlink(name.c_str());
  const sys::Fd file = sys::open(AT_FDCWD, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
  if (const int error = sys::write_all(file.get(), blank)) {
    ::unlink(name.c_str());
    throw system_error(format("write {}", quoted(name)), error);
  }
}

void place_exit(const std::string& path) {
  if (::rename(new_path_of(path).c_str(), path_of(path).c_str()) != 0) throw system_error(format("put in place {}", quoted(path_of(path))), errno);
}

void drop_prepared_exit(const std::string& path) noexcept { ::unlink(new_path_of(path).c_str()); }

void clear_exit(const std::string& path) noexcept {
  if (const sys::Fd file = open_to_write(path)) static_cast<void>(sys::write_all_at(file.get(), blank, 0));
}

void write_exit(const std::string& path, int code) noexcept {
  const sys::Fd file = open_to_write(path);
  // Some file systems write nothing in place. To make it shorter needs no room.
  if (file && sys::write_all_at(file.get(), format("{:<3}\n", code), 0) != 0) static_cast<void>(::ftruncate(file.get(), 0) == 0);
}

sys::Fd open_exit(const std::string& path) noexcept { return sys::try_open(AT_FDCWD, path_of(path).c_str(), O_RDONLY | O_NOFOLLOW); }

std::optional<Exit> read_exit(const sys::Fd& file) {
  const auto status = file ? sys::find_status(file.get(), "") : std::nullopt;
  if (!status) return {};
  const auto code = parse_number(trimmed(sys::read_all(file.get())));
  if (!code && status->st_size != 0) return {};
  return Exit{.known = code.has_value(), .code = static_cast<int>(code.value_or(125)), .finished = status->st_mtim.tv_sec};
}

}  // namespace snug::state
