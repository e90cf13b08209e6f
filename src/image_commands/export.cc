#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

#include "container.hh"
#include "functions.hh"
#include "snug/base/error.hh"
#include "snug/base/text.hh"
#include "snug/commands/layers.hh"
#include "snug/sys/file.hh"
#include "store_of.hh"

namespace snug::image_commands {
namespace {

std::vector<plan::Layer> layers_of(const state::Record& record) {
  std::vector<plan::Layer> layers{{record.upper, {}}};
  for (const std::string& lower : record.lowers) layers.push_back({lower, {}});
  return layers;
}

/// The file to write: under another name until it is whole.
class Output {
 public:
  explicit Output(const std::string& path) : path_(path), meanwhile_(format("{}.{}", path, sys::random_name())) {
    file_ = sys::open(AT_FDCWD, meanwhile_, O_WRONLY | O_CREAT | O_EXCL, 0666);
  }
  ~Output() {
    if (!meanwhile_.empty()) ::unlink(meanwhile_.c_str());
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  [[nodiscard]] int fd() const noexcept { return file_.get(); }
  void finish() {
    if (::rename(meanwhile_.c_str(), path_.c_str()) != 0) throw system_error(format("write {}", quoted(path_)), errno);
    meanwhile_.clear();
  }

 private:
  std::string path_, meanwhile_;
  sys::Fd file_;
};

}  // namespace

int export_container(const cli::Invocation& invocation) {
  need_operands(invocation, 1, "a container");
  const std::string& typed = invocation.arguments.operands[0];
  const std::string* path = invocation.arguments.find("output");
  if (!path && ::isatty(STDOUT_FILENO)) throw UsageError("an archive does not go to a terminal", "snug export -o FILE, or into a pipe");
  const Container container = find_container(invocation, typed);
  const commands::Packing packing{.name = typed, .what = plan::Pack::tree, .layers = layers_of(container.record)};
  if (!path) {
    commands::pack_layers(container.spec, container.facts, packing, STDOUT_FILENO);
    return 0;
  }
  Output output(*path);
  commands::pack_layers(container.spec, container.facts, packing, output.fd());
  output.finish();
  return 0;
}

}  // namespace snug::image_commands
