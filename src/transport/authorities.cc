#include "authorities.hh"

#include <fcntl.h>

#include <algorithm>

#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::transport {
namespace {

constexpr std::size_t largest_file = std::size_t{4} << 20U;

std::string read_folder(const std::string& path, int folder) {
  std::vector<std::string> names;
  for (sys::Entry& entry : sys::list_folder(folder))
    if (entry.name.ends_with(".crt")) names.push_back(std::move(entry.name));
  std::sort(names.begin(), names.end());
  std::string text;
  for (const std::string& name : names)
    text += sys::read_all(sys::open(AT_FDCWD, path + "/" + name, O_RDONLY | O_NONBLOCK | O_NOCTTY).get(), largest_file) + "\n";
  return text;
}

}  // namespace

std::vector<std::string> authority_folders(const std::string& host) {
  return {"/etc/containers/certs.d/" + host, "/etc/docker/certs.d/" + host};
}

std::string read_authorities(const std::vector<std::string>& folders) {
  std::string text;
  for (const std::string& path : folders)
    if (const sys::Fd folder = sys::try_open(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY)) text += read_folder(path, folder.get());
  return text;
}

}  // namespace snug::transport
