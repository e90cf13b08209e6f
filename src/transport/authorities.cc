#include "authorities.hh"

#include <fcntl.h>

#include <algorithm>

#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::transport {
namespace {

constexpr std::size_t largest_file = std::size_t{4} << 20U;

std::string read(const std::string& path) { return sys::read_all(sys::open(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY).get(), largest_file); }

std::string stem_of(const std::string& name) { return name.substr(0, name.rfind('.')); }

void need(const std::vector<std::string>& names, const std::string& wanted, const std::string& path, const std::string& for_what) {
  if (!std::binary_search(names.begin(), names.end(), wanted)) throw Error(format("{} has {}, and no {}", quoted(path), quoted(for_what), quoted(wanted)));
}

void read_folder(const std::string& path, int folder, Certificates& into) {
  std::vector<std::string> names;
  for (sys::Entry& entry : sys::list_folder(folder)) names.push_back(std::move(entry.name));
  std::sort(names.begin(), names.end());
  for (const std::string& name : names) {
    const std::string whole = path + "/" + name, stem = stem_of(name);
    if (name.ends_with(".crt")) into.authorities += read(whole) + "\n";
    if (name.ends_with(".key")) need(names, stem + ".cert", path, name);
    if (!name.ends_with(".cert")) continue;
    need(names, stem + ".key", path, name);
    into.client = read(whole);
    into.key = read(format("{}/{}.key", path, stem));
  }
}

}  // namespace

std::vector<std::string> certificate_folders(const std::string& host, const std::string& config_folder) {
  std::vector<std::string> folders{"/etc/docker/certs.d/" + host, "/etc/containers/certs.d/" + host};
  if (!config_folder.empty()) folders.push_back(format("{}/containers/certs.d/{}", config_folder, host));
  return folders;
}

Certificates read_certificates(const std::vector<std::string>& folders) {
  Certificates all;
  for (const std::string& path : folders)
    if (const sys::Fd folder = sys::try_open(AT_FDCWD, path.c_str(), O_RDONLY | O_DIRECTORY)) read_folder(path, folder.get(), all);
  return all;
}

}  // namespace snug::transport
