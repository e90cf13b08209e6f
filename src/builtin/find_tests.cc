// What find's tests of names and of files themselves ask.

#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <ctime>

#include "pattern.hh"
#include "query.hh"
#include "snug/base/text.hh"

namespace snug::builtin {
namespace {

std::string lowered(std::string_view text) {
  std::string out(text);
  for (char& each : out)
    if (each >= 'A' && each <= 'Z') each = static_cast<char>(each - 'A' + 'a');
  return out;
}

// +N more, -N fewer, N just so many.
std::function<bool(long long)> number(std::string text) {
  const char sign = text.empty() ? ' ' : text[0];
  if (sign == '+' || sign == '-') text.erase(0, 1);
  return [sign, wanted = number_of(text)](long long found) { return sign == '+' ? found > wanted : sign == '-' ? found < wanted : found == wanted; };
}

// f,d,l
Test of_type(const std::string& list) {
  std::string types;
  for (const std::string& type : split(list, ',')) {
    if (type.size() != 1 || std::string_view("fdlcbps").find(type) == std::string_view::npos) throw Failure(format("{} is no type: f d l c b p s", quoted(type)), 2);
    types += type;
  }
  return [types](const Found& found) { return types.find(S_ISREG(found.status.st_mode) ? 'f' : mode_text(found.status.st_mode)[0]) != std::string::npos; };
}

bool is_empty(const Found& found) {
  if (!S_ISDIR(found.status.st_mode)) return S_ISREG(found.status.st_mode) && found.status.st_size == 0;
  try {
    return list_folder(found.path).empty();
  } catch (const Failure&) {  // it is told when it is gone into
    return false;
  }
}

Test of_size(std::string text) {
  static constexpr std::string_view units = "cwbkMG";
  static constexpr std::array<long long, 6> sizes{1, 2, 512, 1024, 1 << 20, 1 << 30};
  const std::size_t unit = text.empty() ? std::string_view::npos : units.find(text.back());
  if (unit != std::string_view::npos) text.pop_back();
  const long long size = unit == std::string_view::npos ? 512 : sizes[unit];
  return [test = number(text), size](const Found& found) { return test((found.status.st_size + size - 1) / size); };
}

Test of_mode(std::string text) {
  const char sign = text.empty() ? ' ' : text[0];
  if (sign == '-' || sign == '/') text.erase(0, 1);
  const mode_t wanted = parse_mode(text, 0, false);
  return [sign, wanted](const Found& found) {
    const mode_t mode = found.status.st_mode & 07777U;
    return sign == '-' ? (mode & wanted) == wanted : sign == '/' ? wanted == 0 || (mode & wanted) : mode == wanted;
  };
}

bool is_later(const timespec& one, const timespec& other) { return one.tv_sec != other.tv_sec ? one.tv_sec > other.tv_sec : one.tv_nsec > other.tv_nsec; }

struct stat status_of(const std::string& path) {
  const auto status = find_stat(path, true);
  if (!status) throw failure(path, errno);
  return *status;
}

}  // namespace

Test Query::of_name(const std::string& word) {
  if (word == "-name") return [pattern = value(word)](const Found& found) { return matches(pattern, base_name(found.path)); };
  if (word == "-iname") return [pattern = lowered(value(word))](const Found& found) { return matches(pattern, lowered(base_name(found.path))); };
  if (word == "-path" || word == "-wholename") return [pattern = value(word)](const Found& found) { return matches(pattern, found.path); };
  if (word == "-ipath" || word == "-iwholename") return [pattern = lowered(value(word))](const Found& found) { return matches(pattern, lowered(found.path)); };
  if (word == "-lname") return [pattern = value(word)](const Found& found) { return S_ISLNK(found.status.st_mode) && matches(pattern, link_of(found.path)); };
  return {};
}

Test Query::of_status(const std::string& word) {
  if (word == "-type") return of_type(value(word));
  if (word == "-links") return [test = number(value(word))](const Found& found) { return test(static_cast<long long>(found.status.st_nlink)); };
  if (word == "-inum") return [test = number(value(word))](const Found& found) { return test(static_cast<long long>(found.status.st_ino)); };
  if (word == "-size") return of_size(value(word));
  if (word == "-perm") return of_mode(value(word));
  if (word == "-empty") return [](const Found& found) { return is_empty(found); };
  if (word != "-samefile") return {};
  const std::string path = value(word);
  const auto like = find_stat(path, follows_);
  if (!like) throw failure(path, errno);
  return [device = like->st_dev, inode = like->st_ino](const Found& found) { return found.status.st_dev == device && found.status.st_ino == inode; };
}

Test Query::of_owner(const std::string& word) {
  if (word == "-user") return [uid = accounts_.find_user(value(word))](const Found& found) { return found.status.st_uid == uid; };
  if (word == "-group") return [gid = accounts_.find_group(value(word))](const Found& found) { return found.status.st_gid == gid; };
  if (word == "-uid") return [test = number(value(word))](const Found& found) { return test(found.status.st_uid); };
  if (word == "-gid") return [test = number(value(word))](const Found& found) { return test(found.status.st_gid); };
  if (word == "-nouser") return [this](const Found& found) { return accounts_.user(found.status.st_uid) == format("{}", found.status.st_uid); };
  if (word == "-nogroup") return [this](const Found& found) { return accounts_.group(found.status.st_gid) == format("{}", found.status.st_gid); };
  return {};
}

Test Query::of_time(const std::string& word) {
  if (word == "-newer" || word == "-newermt") {
    const std::string like = value(word);
    return [time = word == "-newer" ? status_of(like).st_mtim : parse_time(like)](const Found& found) { return is_later(found.status.st_mtim, time); };
  }
  static constexpr std::array<std::pair<std::string_view, timespec stat::*>, 3> times{{{"-m", &stat::st_mtim}, {"-a", &stat::st_atim}, {"-c", &stat::st_ctim}}};
  for (const auto& [front, time] : times) {
    if (!word.starts_with(front) || (word.substr(2) != "time" && word.substr(2) != "min")) continue;
    return [test = number(value(word)), which = time, unit = word.ends_with("min") ? 60 : 86400, now = ::time(nullptr)](const Found& found) {
      return test((now - (found.status.*which).tv_sec) / unit);
    };
  }
  return {};
}

Test Query::of_access(const std::string& word) {
  const int way = word == "-executable" ? X_OK : word == "-readable" ? R_OK : word == "-writable" ? W_OK : 0;
  if (!way) return {};
  return [way](const Found& found) { return ::access(found.path.c_str(), way) == 0; };
}

}  // namespace snug::builtin
