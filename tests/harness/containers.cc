#include "containers.hh"

#include <cstdlib>
#include <filesystem>

#include "snug/base/text.hh"
#include "snug/sys/file.hh"

namespace snug::test {
namespace {

namespace fs = std::filesystem;

bool is_empty_folder(const std::string& path) { return !fs::exists(path) || fs::is_empty(path); }

// What follows the program's name in /proc/PID/stat: the state is the first letter.
std::string state_of(pid_t pid, const std::string& name) {
  const std::string text = read_file(format("/proc/{}/stat", pid));
  const std::string mark = format("({}) ", name);
  const std::size_t at = text.find(mark);
  return at == std::string::npos ? std::string() : text.substr(at + mark.size(), 1);
}

}  // namespace

Containers::~Containers() {
  const Result listed = snug({"ps", "--all", "--quiet"});
  for (const std::string_view id : lines(listed.out)) static_cast<void>(snug({"rm", "--force", std::string(id)}));
}

Result Containers::run_detached(const std::string& name, const std::string& script) const {
  return snug({"run", "-d", "--userns", "single", "--name", name, small_root(), "sh", "-c", script});
}

std::string Containers::inspected(const std::string& name, const std::string& key) const {
  const std::string text = snug({"inspect", name}).out, mark = format("\"{}\": ", key);
  const std::size_t at = text.find(mark);
  if (at == std::string::npos) return {};
  const std::string value = text.substr(at + mark.size(), text.find('\n', at) - at - mark.size());
  return value.ends_with(',') ? value.substr(0, value.size() - 1) : value;
}

std::string Containers::upper(const std::string& name) const {
  const std::string value = inspected(name, "UpperDir");
  return value.size() > 2 ? value.substr(1, value.size() - 2) : std::string();
}

pid_t Containers::monitor(const std::string& name) const { return std::atoi(inspected(name, "MonitorPid").c_str()); }
pid_t Containers::init(const std::string& name) const { return std::atoi(inspected(name, "Pid").c_str()); }

bool Containers::is_empty() const { return is_empty_folder(store() + "/containers") && is_empty_folder(store() + "/names"); }

bool is_alive(pid_t pid) {
  const std::string text = read_file(format("/proc/{}/stat", pid));
  const std::size_t at = text.rfind(") ");
  return at != std::string::npos && text[at + 2] != 'Z' && text[at + 2] != 'X';
}

bool is_asleep(pid_t pid, const std::string& name) { return state_of(pid, name) == "S"; }

std::string read_file(const std::string& path) { return sys::find_file_text(path.c_str()).value_or(""); }

}  // namespace snug::test
